//! `templates.json`: texts that carriers approve. They are not fetched yet, so there are none.

use node::limits;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "templates",
    alias: None,
    about: "Texts that carriers approve.",
    limit: &limits::API,
    endpoints: &[Endpoint::list(Roles::READERS, "Texts that carriers approve.", &[], PROPS, |call| {
        Box::pin(list(call))
    })],
};

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop("translations", Shape::List(&Shape::Any), "Texts by language and line"),
    prop("created_on", Shape::Moment, "When it was first seen"),
    prop("modified_on", Shape::Moment, "When it last changed"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    Ok(Walk::of(call, false)?.page(Vec::new()))
}
