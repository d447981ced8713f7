//! `optins.json`: what people can agree to. None can be set up yet, so there are none.

use node::limits;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "optins",
    alias: None,
    about: "What people can agree to.",
    limit: &limits::API,
    endpoints: &[Endpoint::list(Roles::READERS, "What people can agree to.", &[], PROPS, |call| {
        Box::pin(list(call))
    })],
};

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop("created_on", Shape::Moment, "When it was added"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    Ok(Walk::of(call, false)?.page(Vec::new()))
}
