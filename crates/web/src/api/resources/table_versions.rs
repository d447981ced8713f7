//! `table_versions.json`: the versions of a lookup table that are kept.

use node::limits;
use serde_json::{Value, json};
use store::TableVersion;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};
use crate::api::words::moment;

pub(crate) static RESOURCE: Resource = Resource {
    name: "table_versions",
    alias: None,
    about: "The versions of a lookup table that are kept, the latest first: that one is used.",
    limit: &limits::API,
    endpoints: &[Endpoint::list(
        Roles::READERS,
        "Versions of a lookup table",
        &[param("name", Shape::Text, "Name of the table")],
        PROPS,
        |call| Box::pin(list(call)),
    )],
};

const PROPS: &[Prop] = &[
    prop("version", Shape::Int, "Number of the content"),
    prop("rows", Shape::Int, "How many rows it has").or_null(),
    prop("current", Shape::Bool, "Whether flows read this one"),
    prop("created_on", Shape::Moment, "When it came"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let name = call.query.text("name").unwrap_or_default().trim().to_lowercase();
    let found = call.definitions().tables.iter().find(|table| table.name == name);
    let table = found.ok_or_else(ApiError::not_found)?;
    let versions = call.ctx().store.table_versions(call.workspace(), table.id).await?;
    let show = |one: &TableVersion| -> Value {
        json!({
            "version": one.version,
            "rows": one.row_count,
            "current": one.version == table.version,
            "created_on": moment(one.created_on),
        })
    };
    Ok(Walk::of(call, false)?.among(versions, |one| (0, one.version), show))
}
