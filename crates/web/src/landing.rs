//! `/`: says what this is to somebody who came by. It tells nothing about what the node holds.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use node::Node;

use crate::chat::fingerprint;

const STYLE: &str = ":root{color-scheme:light dark}body{max-width:34rem;margin:12vh auto;padding:0 1.25rem;font:1.06rem/1.6 system-ui,sans-serif}h1{font-size:1.5rem;margin:0 0 .5rem}p{margin:.6rem 0}code{font-size:.95em}";

static PAGE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Seedling</title>\
         <link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head><body><main><h1>Seedling</h1>\
         <p>This is a Seedling node. It holds guided conversations with people over SMS, WhatsApp and web chat.</p>\
         <p>If somebody gave you the address of a chat, open that address: it ends with <code>/chat/</code> and a \
         long code.</p></main></body></html>"
    )
});

static POLICY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; img-src data:; frame-ancestors 'none'",
        fingerprint(STYLE)
    )
});

pub(crate) fn routes() -> Router<Node> {
    Router::new().route("/", get(landing))
}

async fn landing() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY.as_str()),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, PAGE.as_str()).into_response()
}
