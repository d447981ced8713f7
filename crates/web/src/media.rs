//! `/media/UUID`: files that people sent. Who knows the identifier, which cannot be guessed, may read the file.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::MediaUuid;
use node::Node;

use crate::carriers;

/// What browsers may show. All else, such as a page, is only to be saved: it could do anything in our name.
const SHOWN: [&str; 12] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "audio/aac",
    "audio/amr",
    "audio/mpeg",
    "audio/mp4",
    "audio/ogg",
    "video/mp4",
    "video/3gpp",
    "text/plain",
];

pub(crate) fn routes() -> Router<Node> {
    Router::new().route("/media/{uuid}", get(read))
}

async fn read(State(node): State<Node>, Path(uuid): Path<String>) -> Response {
    let Ok(uuid) = uuid.parse::<MediaUuid>() else { return carriers::not_found().await };
    match node.media(uuid).await {
        Ok(Some((row, bytes))) => {
            let shown = SHOWN.into_iter().find(|known| *known == row.mime.to_ascii_lowercase());
            let disposition = if shown.is_some() { "inline" } else { "attachment" };
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static(shown.unwrap_or("application/octet-stream"))),
                (header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition)),
                (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox")),
                // What is in it never changes; whose browser it is only they know.
                (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable")),
            ];
            (headers, bytes).into_response()
        }
        Ok(None) => carriers::not_found().await,
        Err(error) => {
            tracing::error!(%error, "a file could not be looked up");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
