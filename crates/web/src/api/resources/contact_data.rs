//! `contact_data.json`: everything that is held about one person.

use axum::body::Body;
use domain::ContactUuid;
use futures_util::stream;
use node::limits;
use operations::PersonData;
use store::ContactNamed;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::named;
use crate::api::shape::Shape;

pub(crate) static RESOURCE: Resource = Resource {
    name: "contact_data",
    alias: None,
    about: "Everything that is held about a person.",
    limit: &limits::API_CONTACTS,
    endpoints: &[Endpoint::fetch(
        Roles::EDITORS,
        "A JSON file: who they are, messages, runs, history, tickets, subscriptions, consents, notes and all else",
        &[UUID, param("urn", Shape::Text, "Whoever has this address")],
        &["uuid", "urn"],
        |call| Box::pin(fetch(call)),
    )],
};

async fn fetch(call: &Call) -> Result<Reply, ApiError> {
    let who = match (call.wanted("uuid")?, call.query.text("urn")) {
        (Some(uuid), _) => ContactNamed::Uuid(ContactUuid(uuid)),
        (None, Some(text)) => ContactNamed::Urn(named::urn(call, text).ok_or_else(ApiError::not_found)?),
        (None, None) => return Err(ApiError::not_found()),
    };
    let data = PersonData::of(call.ctx(), call.workspace(), who).await?.ok_or_else(ApiError::not_found)?;
    let pieces = stream::try_unfold((call.node.clone(), data), |(node, mut data)| async move {
        let piece = data.next(node.context()).await?;
        Ok::<_, store::StoreError>(piece.map(|piece| (piece, (node, data))))
    });
    Ok(Reply::File {
        name: "person.json".to_owned(),
        media_type: "application/json",
        body: Body::from_stream(pieces),
    })
}
