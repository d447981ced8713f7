//! `optins.json`: what people can agree to. Who agrees or wants it no more sets off triggers.

use domain::OptinUuid;
use node::limits;
use operations::{MAX_OPTIN_NAME, save_optin};
use serde_json::{Value, json};
use store::OptinRow;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};
use crate::api::words::moment;

pub(crate) static RESOURCE: Resource = Resource {
    name: "optins",
    alias: None,
    about: "What people can agree to, the latest first.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(Roles::READERS, "What people can agree to", &[UUID], PROPS, |call| {
            Box::pin(list(call))
        }),
        Endpoint::save(
            Roles::EDITORS,
            "Adds one, or gives the one of the address another name",
            &[UUID],
            &[prop("name", Shape::Text, "Name: at most 64 characters; unique whatever its case")],
            PROPS,
            |call| Box::pin(save(call)),
        ),
    ],
};

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop("created_on", Shape::Moment, "When it was added"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let wanted = call.wanted("uuid").unwrap_or(Some(uuid::Uuid::nil()));
    let rows = call.definitions().optins.iter();
    let found: Vec<&OptinRow> = rows.filter(|row| wanted.is_none_or(|uuid| row.uuid.0 == uuid)).collect();
    Ok(Walk::of(call, false)?.among(found, |row| (0, row.id.0), |row| shown(row)))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let uuid = call.wanted("uuid")?.map(OptinUuid);
    let mut given = Given::of(&call.body);
    let name = given.needed_text("name", MAX_OPTIN_NAME).unwrap_or_default();
    given.done()?;
    let saved = save_optin(call.ctx(), call.workspace(), uuid, &name).await?;
    Ok(Reply::saved(saved.made, shown(&saved.row)))
}

fn shown(row: &OptinRow) -> Value {
    json!({"uuid": row.uuid, "name": row.name, "created_on": moment(row.created_on)})
}
