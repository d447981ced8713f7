//! `resthooks.json`: events that flows name and programs subscribe to.

use node::limits;
use serde_json::json;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};
use crate::api::words::{made_on, moment};

pub(crate) static RESOURCE: Resource = Resource {
    name: "resthooks",
    alias: None,
    about: "Events that flows name and programs subscribe to, the latest first.",
    limit: &limits::API,
    endpoints: &[Endpoint::list(Roles::READERS, "Events", &[], PROPS, |call| Box::pin(list(call)))],
};

const PROPS: &[Prop] = &[
    prop("resthook", Shape::Text, "Name of the event"),
    prop("modified_on", Shape::Moment, "When it was made"),
    prop("created_on", Shape::Moment, "When it was made"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let shown = |row: &store::ResthookRow| {
        let made = moment(made_on(row.id.0));
        json!({"resthook": row.slug, "modified_on": made, "created_on": made})
    };
    Ok(walk.among(call.definitions().resthooks.clone(), |row| (row.id.0, 0), shown))
}
