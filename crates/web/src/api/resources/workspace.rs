//! `workspace.json`, also `org.json`: the caller's workspace.

use node::limits;
use serde_json::{Value, json};

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::shape::{Prop, Shape, TEXTS, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "workspace",
    alias: Some("org"),
    about: "The workspace that the token belongs to.",
    limit: &limits::API,
    endpoints: &[Endpoint::one(Roles::ALL, "The workspace", PROPS, |call| Box::pin(show(call)))],
};

const CREDITS: Shape = Shape::Object(&[
    prop("used", Shape::Int, "Always -1: there are no credits"),
    prop("remaining", Shape::Int, "Always -1"),
]);

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop(
        "country",
        Shape::Text,
        "ISO 3166 code of the country whose phone numbers may be written without prefix",
    )
    .or_null(),
    prop("languages", TEXTS, "ISO 639-3 codes, the default first"),
    prop("primary_language", Shape::Text, "The first of them").or_null(),
    prop("timezone", Shape::Text, "IANA name"),
    prop(
        "date_style",
        Shape::Word(&["day_first", "month_first", "year_first"]),
        "The order in which dates are written",
    ),
    prop("credits", CREDITS, "Kept for older clients"),
    prop("anon", Shape::Bool, "Whether addresses of contacts are hidden"),
];

async fn show(call: &Call) -> Result<Reply, ApiError> {
    let row = &call.ws.row;
    let style = match row.date_format.as_str() {
        "MM-DD-YYYY" => "month_first",
        "YYYY-MM-DD" => "year_first",
        _ => "day_first",
    };
    let first = row.languages.first().map_or(Value::Null, |language| json!(language));
    Ok(Reply::One(json!({
        "uuid": row.uuid,
        "name": row.name,
        "country": row.country,
        "languages": row.languages,
        "primary_language": first,
        "timezone": row.timezone,
        "date_style": style,
        "credits": {"used": -1, "remaining": -1},
        "anon": row.anonymous,
    })))
}
