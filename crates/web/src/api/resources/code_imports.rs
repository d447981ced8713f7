//! `code_imports.json`: codes of a kind from a file, whole or not at all.

use node::limits;
use operations::import_codes;
use serde_json::json;

use super::codes::refused;
use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::shape::{Prop, Shape, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "code_imports",
    alias: None,
    about: "Files of codes.",
    limit: &limits::API,
    endpoints: &[Endpoint::save(
        Roles::EDITORS,
        "Brings in codes of a kind from a file: columns code, name, place and active",
        &[
            param("kind", Shape::Text, "What they are codes of, such as clinic"),
            param("replace", Shape::Bool, "Whether codes that are not in the file are no longer in use"),
        ],
        &[prop("file", Shape::Any, "Comma-separated values in UTF-8, in multipart/form-data")],
        PROPS,
        |call| Box::pin(bring_in(call)),
    )
    .with_file()],
};

const PROPS: &[Prop] = &[
    prop("kind", Shape::Text, "What they are codes of"),
    prop("rows", Shape::Int, "Codes that were brought in"),
    prop("active", Shape::Int, "Codes of the kind that may be used now"),
];

async fn bring_in(call: &Call) -> Result<Reply, ApiError> {
    let kind = call.query.text("kind").ok_or_else(|| ApiError::query("Say the kind of the codes."))?;
    let Some(file) = &call.file else { return Err(ApiError::field("file", "This field is required.")) };
    let Ok(csv) = std::str::from_utf8(&file.bytes) else {
        return Err(ApiError::field("file", "The file is not UTF-8."));
    };
    let replace = call.query.flag("replace") == Some(true);
    let done = import_codes(call.ctx(), call.workspace(), kind, csv, replace).await.map_err(refused)?;
    Ok(Reply::Made(json!({"kind": kind.trim().to_lowercase(), "rows": done.rows, "active": done.active})))
}
