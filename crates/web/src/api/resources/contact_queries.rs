//! `contact_queries.json`: what a contact query means, and how many people it finds.

use domain::{Query, QueryError};
use node::limits;
use operations::MAX_QUERY;
use serde_json::json;

use axum::http::StatusCode;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::shape::{Prop, Shape, TEXTS, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "contact_queries",
    alias: None,
    about: "How many contacts a query finds, before somebody makes a group of it or writes to them.",
    limit: &limits::API_CONTACTS,
    endpoints: &[Endpoint::one(
        Roles::ALL,
        "What a query means, and how many people it finds",
        PROPS,
        |call| Box::pin(show(call)),
    )
    .with_query(&[param("query", Shape::Text, "A contact query, at most 1,000 characters")])],
};

const PROPS: &[Prop] = &[
    prop("query", Shape::Text, "The query as it is understood"),
    prop("count", Shape::Int, "How many people it finds"),
    prop("fields", TEXTS, "Keys of the fields that it asks for"),
    prop("allow_as_group", Shape::Bool, "Whether a group may be defined by it"),
];

async fn show(call: &Call) -> Result<Reply, ApiError> {
    let query = read(call)?.ok_or_else(|| ApiError::query("Give a query in the address."))?;
    let inspection = query.inspection().clone();
    let text = query.root().to_string();
    let count = call.ctx().store.for_reports().count_contacts(call.ws.search(Some(query))).await?;
    Ok(Reply::One(json!({
        "query": text,
        "count": count,
        "fields": inspection.fields.iter().map(|field| &field.key).collect::<Vec<_>>(),
        "allow_as_group": inspection.allow_as_group,
    })))
}

/// The query of the address, if there is one.
pub(crate) fn read(call: &Call) -> Result<Option<Query>, ApiError> {
    let Some(text) = call.query.text("query") else { return Ok(None) };
    if text.chars().count() > MAX_QUERY {
        let said = format!("A query has at most {MAX_QUERY} characters.");
        return Err(ApiError::Detail(StatusCode::PAYLOAD_TOO_LARGE, said));
    }
    let refused = |error: QueryError| ApiError::query(format!("{error} ({})", error.code()));
    call.ws.query(text, call.ctx().now()).map(Some).map_err(refused)
}
