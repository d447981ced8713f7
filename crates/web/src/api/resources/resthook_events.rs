//! `resthook_events.json`: calls of those who subscribed to an event. They are in the history of contacts, and not listed by themselves yet.

use node::limits;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};

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
    Ok(Walk::of(call, false)?.page(Vec::new()))
}
