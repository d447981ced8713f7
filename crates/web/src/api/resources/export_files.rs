//! `export_files.json`: the files that exports made. Only people of the workspace reach them.

use axum::body::Body;
use futures_util::stream;
use node::limits;
use operations::{MadeFile, MadeFileError};

use super::exports::named_export;
use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID};
use crate::api::error::ApiError;

pub(crate) static RESOURCE: Resource = Resource {
    name: "export_files",
    alias: None,
    about: "The files that exports made.",
    limit: &limits::API,
    endpoints: &[Endpoint::fetch(
        Roles::EDITORS,
        "The file of an export that is completed, for a week",
        &[UUID],
        &["uuid"],
        |call| Box::pin(fetch(call)),
    )],
};

async fn fetch(call: &Call) -> Result<Reply, ApiError> {
    let job = named_export(call).await?;
    let file = MadeFile::of(call.ctx(), &job).await.map_err(|error| match error {
        MadeFileError::Store(error) => error.into(),
        MadeFileError::Workbook(error) => {
            tracing::error!(job = %job.uuid, error, "a workbook cannot be made");
            ApiError::Busy
        }
    })?;
    let file = file.ok_or_else(ApiError::not_found)?;
    let (name, media_type) = (file.name.clone(), file.media_type);
    let pieces = stream::try_unfold((call.node.clone(), file), |(node, mut file)| async move {
        let piece = file.next(node.context()).await?;
        Ok::<_, MadeFileError>(piece.map(|piece| (piece, (node, file))))
    });
    Ok(Reply::File { name, media_type, body: Body::from_stream(pieces) })
}
