//! `ticket_events.json`: what became of a ticket: opened, assigned, noted, closed, and by whom.

use domain::TicketUuid;
use node::limits;
use serde_json::{Value, json};

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, Shape, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "ticket_events",
    alias: None,
    about: "What became of a ticket, the latest first.",
    limit: &limits::API,
    endpoints: &[Endpoint::list(
        Roles::ALL,
        "Events of a ticket; nothing for an agent who does not see it",
        &[param("ticket", Shape::Uuid, "The ticket")],
        PROPS,
        |call| Box::pin(list(call)),
    )
    .with_needs(&["ticket"])],
};

const TYPES: &[&str] = &["opened", "closed", "reopened", "note_added", "topic_changed", "assignee_changed"];

const PROPS: &[Prop] = &[
    prop("type", Shape::Word(TYPES), "What happened"),
    prop("user", REF, "Who did it; null for a flow").or_null(),
    prop("note", Shape::Text, "What was noted").or_null(),
    prop("topic", REF, "The topic since then").or_null(),
    prop("assignee", REF, "Who deals with it since then").or_null(),
    prop("created_on", Shape::Moment, "When"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let Some(uuid) = call.wanted("ticket").ok().flatten() else { return Ok(walk.page(Vec::new())) };
    let store = &call.ctx().store;
    let ticket = store.ticket(call.workspace(), TicketUuid(uuid)).await?;
    let Some(ticket) = ticket.filter(|ticket| call.ws.sees_ticket(&call.user, ticket)) else {
        return Ok(walk.page(Vec::new()));
    };
    let found = store.ticket_events(call.workspace(), ticket.contact).await?;
    let uuid = uuid.to_string();
    let mut events: Vec<(i64, Value)> = Vec::new();
    for (id, kind, body) in found {
        let Ok(body) = serde_json::from_str::<Value>(&body) else { continue };
        if body["ticket_uuid"] == uuid.as_str() || body["ticket"]["uuid"] == uuid.as_str() {
            events.extend(shown(&kind, &body).map(|shown| (id.0, shown)));
        }
    }
    Ok(walk.among(events, |(id, _)| (*id, 0), |(_, shown)| shown.clone()))
}

/// An event as the API shows it; nothing if it is of no kind that people know.
fn shown(kind: &str, body: &Value) -> Option<Value> {
    let kind = kind.strip_prefix("ticket_").filter(|kind| TYPES.contains(kind))?;
    let named = |value: &Value| match value["uuid"].is_string() {
        true => json!({"uuid": value["uuid"], "name": value["name"].as_str().unwrap_or_default()}),
        false => Value::Null,
    };
    let at = body["created_on"].as_str().and_then(|at| at.parse().ok())?;
    let of = if kind == "opened" { &body["ticket"] } else { body };
    Some(json!({
        "type": kind,
        "user": named(&body["_user"]),
        "note": body["note"].as_str(),
        "topic": named(&of["topic"]),
        "assignee": named(&of["assignee"]),
        "created_on": crate::api::words::moment(at),
    }))
}
