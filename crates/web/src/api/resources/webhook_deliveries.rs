//! `webhook_deliveries.json`: what a webhook was told or is to be told, with its last answers.

use domain::WebhookUuid;
use node::limits;
use operations::{find_webhook, id_of_event};
use serde_json::{Value, json};
use store::{DeliveryOut, DeliveryStatus};

use super::webhooks::refused;
use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};
use crate::api::words::{moment, moment_or_null};

pub(crate) static RESOURCE: Resource = Resource {
    name: "webhook_deliveries",
    alias: None,
    about: "What a webhook was told or is to be told, the latest first.",
    limit: &limits::API,
    endpoints: &[Endpoint {
        needs: &["webhook"],
        ..Endpoint::list(
            Roles::EDITORS,
            "What a webhook was told or is to be told",
            &[
                param("webhook", Shape::Uuid, "Which"),
                param("status", Shape::Word(&STATUSES), "Only those that stand so"),
            ],
            PROPS,
            |call| Box::pin(list(call)),
        )
    }],
};

const STATUSES: [&str; 3] = ["waiting", "delivered", "dead"];

const PROPS: &[Prop] = &[
    prop("id", Shape::Int, "Number"),
    prop("event", Shape::Text, "The event, as in `webhook-id`"),
    prop("status", Shape::Word(&STATUSES), "How it stands; `dead` was refused too often"),
    prop("attempts", Shape::Int, "How often it was refused while others were taken"),
    prop("next_attempt", Shape::Moment, "When it is tried next").or_null(),
    prop("answer_status", Shape::Int, "Status of the last answer").or_null(),
    prop("answer", Shape::Text, "Beginning of the last answer, or why there was none").or_null(),
    prop("took_ms", Shape::Int, "Milliseconds that it took").or_null(),
    prop("payload", Shape::Any, "What is sent"),
    prop("created_on", Shape::Moment, "When it was written down"),
    prop("modified_on", Shape::Moment, "When it was last tried"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let uuid = call.wanted("webhook")?.ok_or_else(ApiError::not_found)?;
    let row = find_webhook(call.ctx(), call.workspace(), WebhookUuid(uuid)).await.map_err(refused)?;
    let walk = Walk::of(call, false)?;
    let status = match call.query.text("status") {
        None => None,
        Some(word) => match DeliveryStatus::parse(word) {
            Some(status) => Some(status),
            None => return Ok(walk.page(Vec::new())),
        },
    };
    let rows = call.ctx().store.list_deliveries(call.workspace(), row.id, status, walk.span()).await?;
    Ok(walk.page(rows.iter().map(|row| ((row.id.0, row.id.0), shown(row))).collect()))
}

fn shown(row: &DeliveryOut) -> Value {
    let waits = row.status == DeliveryStatus::Waiting;
    json!({
        "id": row.id,
        "event": id_of_event(row.cursor),
        "status": row.status.as_str(),
        "attempts": row.attempts,
        "next_attempt": moment_or_null(waits.then_some(row.next_attempt)),
        "answer_status": row.answer_status,
        "answer": row.answer,
        "took_ms": row.took_ms,
        "payload": serde_json::from_str::<Value>(&row.body).unwrap_or_default(),
        "created_on": moment(row.created_on),
        "modified_on": moment(row.modified_on),
    })
}
