//! `resthook_events.json`: what flows called by the name of an event, of the last two days.

use node::limits;
use serde_json::{Value, json};
use smol_str::SmolStr;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};
use crate::api::words::moment;

pub(crate) static RESOURCE: Resource = Resource {
    name: "resthook_events",
    alias: None,
    about: "Calls of subscribers, the latest first.",
    limit: &limits::API,
    endpoints: &[Endpoint::list(
        Roles::READERS,
        "Calls of subscribers, the latest first.",
        &[param("resthook", Shape::Text, "Only those of this event")],
        PROPS,
        |call| Box::pin(list(call)),
    )],
};

const PROPS: &[Prop] = &[
    prop("resthook", Shape::Text, "Name of the event"),
    prop("data", Shape::Any, "What was sent"),
    prop("created_on", Shape::Moment, "When"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let slug = call.query.text("resthook").map(SmolStr::from);
    let rows = call.ctx().store.list_resthook_events(call.workspace(), slug, walk.span()).await?;
    let shown = rows.iter().map(|row| {
        let event = json!({
            "resthook": row.slug,
            "data": serde_json::from_str::<Value>(&row.data).unwrap_or_default(),
            "created_on": moment(row.created_on),
        });
        ((row.id, row.id), event)
    });
    Ok(walk.page(shown.collect()))
}
