//! `/archives/UUID`: files of old messages and runs, under addresses that the API signs for an hour.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::ArchiveUuid;
use files::{FileError, Files};
use node::Node;
use operations::{archive_date, is_archive_link};
use store::{ArchiveRow, StoreError};

use crate::carriers;

/// Bytes that are read at once and sent on.
const PART: usize = 1 << 20;

pub(crate) fn routes() -> Router<Node> {
    Router::new().route("/archives/{uuid}", get(read))
}

async fn read(State(node): State<Node>, Path(uuid): Path<String>, RawQuery(query): RawQuery) -> Response {
    let (Ok(uuid), Some(files)) = (uuid.parse::<ArchiveUuid>(), node.archives()) else {
        return carriers::not_found().await;
    };
    match allowed(&node, uuid, &query.unwrap_or_default()).await {
        Ok(Some(row)) => match files.size(&row.file).await {
            Ok(Some(_)) => sent(files.clone(), &row),
            Ok(None) => {
                tracing::error!(archive = %row.uuid, "the file of an archive is gone");
                carriers::not_found().await
            }
            Err(error) => {
                tracing::error!(%error, archive = %row.uuid, "the file of an archive cannot be read");
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
        },
        Ok(None) => carriers::not_found().await,
        Err(error) => {
            tracing::error!(%error, "an archive could not be looked up");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// The archive, if the address was signed for it and is good still.
async fn allowed(node: &Node, uuid: ArchiveUuid, query: &str) -> Result<Option<ArchiveRow>, StoreError> {
    let (mut until, mut signature) = (None, String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "until" => until = value.parse::<i64>().ok(),
            "signature" => signature = value.into_owned(),
            _ => {}
        }
    }
    let ctx = node.context();
    let row = ctx.store.archive(uuid).await?.filter(|row| !row.file.is_empty());
    let (Some(row), Some(until)) = (row, until) else { return Ok(None) };
    let Some(ws) = ctx.registry.workspace(ctx, row.workspace).await? else { return Ok(None) };
    Ok(is_archive_link(&ws.row, uuid, (until, &signature), ctx.now()).then_some(row))
}

fn sent(files: Files, row: &ArchiveRow) -> Response {
    let (kind, period, date) = (row.kind.as_str(), row.period.as_str(), archive_date(row.start_day));
    let named = format!("attachment; filename=\"{kind}_{period}_{date}.jsonl.gz\"");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/gzip")),
        (header::CONTENT_LENGTH, HeaderValue::from(row.bytes)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&named).unwrap_or(HeaderValue::from_static("attachment")),
        ),
    ];
    let name = row.file.clone();
    let parts = futures_util::stream::try_unfold((files, name, 0_u64), |(files, name, from)| async move {
        let part = files.read(&name, from, PART).await?;
        let next = from + part.len() as u64;
        Ok::<_, FileError>((!part.is_empty()).then(|| (Bytes::from(part), (files, name, next))))
    });
    (headers, Body::from_stream(parts)).into_response()
}
