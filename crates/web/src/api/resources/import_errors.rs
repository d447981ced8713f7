//! `import_errors.json`: the lines of an import that were left out, as CSV with the reasons, to be mended and handed in
//! again.

use axum::body::Body;
use futures_util::stream;
use node::limits;
use operations::ImportErrors;

use super::imports::named_import;
use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID};
use crate::api::error::ApiError;

pub(crate) static RESOURCE: Resource = Resource {
    name: "import_errors",
    alias: None,
    about: "The lines of an import that were left out.",
    limit: &limits::API,
    endpoints: &[Endpoint::fetch(
        Roles::EDITORS,
        "A CSV file: number of the line, reason, and its cells while the file is kept",
        &[UUID],
        &["uuid"],
        |call| Box::pin(fetch(call)),
    )],
};

async fn fetch(call: &Call) -> Result<Reply, ApiError> {
    let job = named_import(call).await?;
    let name = format!("import-errors-{}.csv", job.uuid);
    let errors = ImportErrors::of(call.ctx(), job).await?.ok_or_else(ApiError::not_found)?;
    let pieces = stream::try_unfold((call.node.clone(), errors), |(node, mut errors)| async move {
        let piece = errors.next(node.context()).await?;
        Ok::<_, store::StoreError>(piece.map(|piece| (piece, (node, errors))))
    });
    Ok(Reply::File { name, media_type: "text/csv; charset=utf-8", body: Body::from_stream(pieces) })
}
