//! `classifiers.json`: services that find out what is meant. None can be set up here, so there are none.

use node::limits;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, TEXTS, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "classifiers",
    alias: None,
    about: "Services that find out what is meant.",
    limit: &limits::API,
    endpoints: &[Endpoint::list(
        Roles::READERS,
        "Services that find out what is meant.",
        &[UUID],
        PROPS,
        |call| Box::pin(list(call)),
    )],
};

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop("intents", TEXTS, "What it can find"),
    prop("type", Shape::Text, "Which service"),
    prop("created_on", Shape::Moment, "When it was added"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    Ok(Walk::of(call, false)?.page(Vec::new()))
}
