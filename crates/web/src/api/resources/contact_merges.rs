//! `contact_merges.json`: two contacts turn out to be one person.

use domain::Reference;
use node::limits;
use operations::{MergeError, merge_contacts};
use serde_json::json;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::named;
use crate::api::shape::{Prop, REF, Shape, prop};
use crate::api::words::reference;

pub(crate) static RESOURCE: Resource = Resource {
    name: "contact_merges",
    alias: None,
    about: "Contacts that turn out to be one person.",
    limit: &limits::API_CONTACTS,
    endpoints: &[Endpoint::save(
        Roles::EDITORS,
        "Merges a contact into another one, who has the history of both from then on and is found under both identifiers",
        &[],
        BODY,
        PROPS,
        |call| Box::pin(merge(call)),
    )],
};

const BODY: &[Prop] = &[
    prop("contact", Shape::Text, "Who stays, by identifier or address"),
    prop("merged", Shape::Text, "Who goes over to them, by identifier or address"),
];

const PROPS: &[Prop] =
    &[prop("contact", REF, "Who stays"), prop("merged", Shape::Uuid, "Identifier of who went over to them")];

async fn merge(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    for name in ["contact", "merged"] {
        if given.value(name).is_none() {
            given.wrong(name, "This field is required.");
        }
    }
    let stays = named::contact(call, &mut given, "contact").await?;
    let goes = named::contact(call, &mut given, "merged").await?;
    given.done()?;
    let (Some(stays), Some(goes)) = (stays, goes) else { return Err(ApiError::not_found()) };
    let user = Reference { uuid: call.user.uuid, name: call.user.name.clone() };
    let merged = merge_contacts(call.ctx(), call.workspace(), stays.id, goes.id, Some(user)).await;
    let uuid = call.node.hand_over(merged.map_err(|error| match error {
        MergeError::NoContact => ApiError::not_found(),
        MergeError::Same | MergeError::TooMany => ApiError::field("merged", error.to_string()),
        MergeError::Busy => ApiError::Busy,
        MergeError::Store(error) => error.into(),
    })?);
    let name = if stays.name.is_empty() { &goes.name } else { &stays.name };
    Ok(Reply::Made(json!({"contact": reference(uuid, name), "merged": goes.uuid})))
}
