//! `media.json`: files that clients send, to be said with messages.

use domain::MediaUuid;
use node::limits;
use serde_json::json;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::shape::{Prop, Shape, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "media",
    alias: None,
    about: "Files that are sent with messages.",
    limit: &limits::API,
    endpoints: &[Endpoint::save(
        Roles::WORKERS,
        "Keeps a file; its identifier can be given as an attachment",
        &[],
        &[prop("file", Shape::Any, "The file, in multipart/form-data; at most 25 MB")],
        PROPS,
        |call| Box::pin(keep(call)),
    )
    .with_file()],
};

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("content_type", Shape::Text, "Media type"),
    prop("url", Shape::Text, "Where it is"),
    prop("filename", Shape::Text, "Name"),
    prop("size", Shape::Int, "Bytes"),
];

/// Whether files of a media type are taken.
fn is_taken(content_type: &str) -> bool {
    ["image/", "audio/", "video/"].iter().any(|kind| content_type.starts_with(kind))
        || content_type == "application/pdf"
}

async fn keep(call: &Call) -> Result<Reply, ApiError> {
    let Some(file) = &call.file else { return Err(ApiError::field("file", "This field is required.")) };
    let content_type = file.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !is_taken(&content_type) {
        return Err(ApiError::field(
            "file",
            "Files of this type are not taken: send an image, audio, video or PDF.",
        ));
    }
    if file.bytes.is_empty() {
        return Err(ApiError::field("file", "The submitted file is empty."));
    }
    let kept = call.node.keep_file(call.ctx(), call.workspace(), &content_type, &file.bytes).await?;
    let Some(uuid) = kept else {
        return Err(ApiError::query("This node keeps no files; start it with a folder for media."));
    };
    Ok(Reply::Made(json!({
        "uuid": uuid,
        "content_type": content_type,
        "url": address(call, uuid),
        "filename": file.name,
        "size": file.bytes.len(),
    })))
}

/// Where a file is.
pub(crate) fn address(call: &Call, uuid: MediaUuid) -> String {
    format!("{}/media/{uuid}", call.base)
}
