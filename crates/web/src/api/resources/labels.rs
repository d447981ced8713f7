//! `labels.json`: marks on messages.

use std::collections::BTreeMap;

use domain::LabelUuid;
use node::limits;
use operations::{MAX_LABEL_NAME, remove_label, save_label};
use serde_json::{Value, json};
use store::LabelRow;

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "labels",
    alias: None,
    about: "Marks on messages, the latest first.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(
            Roles::ALL,
            "Labels",
            &[UUID, param("name", Shape::Text, "Only the one with this name, whatever its case")],
            PROPS,
            |call| Box::pin(list(call)),
        )
        .with_one_of(&["uuid", "name"]),
        Endpoint::save(
            Roles::EDITORS,
            "Adds a label, or gives the one of the address another name",
            &[UUID],
            &[prop("name", Shape::Text, "Name: at most 64 characters; unique whatever its case")],
            PROPS,
            |call| Box::pin(save(call)),
        ),
        Endpoint::delete(Roles::EDITORS, "Removes a label, also from messages", &[UUID], &["uuid"], |call| {
            Box::pin(remove(call))
        }),
    ],
};

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop("count", Shape::Int, "Messages that have it"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let uuid = call.query.uuid("uuid");
    let name = call.query.text("name").map(|name| name.trim().to_lowercase());
    let fits = |label: &&LabelRow| {
        let this = match uuid {
            Asked::Nothing => true,
            Asked::This(uuid) => label.uuid.0 == uuid,
            Asked::Unreadable => false,
        };
        this && name.as_ref().is_none_or(|name| label.name.trim().to_lowercase() == *name)
    };
    let labels: Vec<LabelRow> = call.definitions().labels.iter().filter(fits).cloned().collect();
    let counts = call.ctx().store.label_counts(call.workspace()).await?;
    let counts: BTreeMap<_, _> = counts.into_iter().collect();
    let count = |label: &LabelRow| counts.get(&label.id).copied().unwrap_or_default();
    let walk = Walk::of(call, false)?;
    Ok(walk.among(labels, |label| (label.id.0, 0), |label| shown(label, count(label))))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let label = call.wanted("uuid")?.map(LabelUuid);
    let mut given = Given::of(&call.body);
    let name = given.needed_text("name", MAX_LABEL_NAME);
    given.done()?;
    let saved = save_label(call.ctx(), call.workspace(), label, &name.unwrap_or_default()).await?;
    let counts = call.ctx().store.label_counts(call.workspace()).await?;
    let count = counts.iter().find(|(id, _)| *id == saved.row.id).map_or(0, |(_, count)| *count);
    Ok(Reply::saved(saved.made, shown(&saved.row, count)))
}

async fn remove(call: &Call) -> Result<Reply, ApiError> {
    let label = call.wanted("uuid")?.map(LabelUuid).ok_or_else(ApiError::not_found)?;
    remove_label(call.ctx(), call.workspace(), label).await?;
    Ok(Reply::Done)
}

/// A label as the API shows it.
fn shown(label: &LabelRow, count: i64) -> Value {
    json!({"uuid": label.uuid, "name": label.name, "count": count})
}
