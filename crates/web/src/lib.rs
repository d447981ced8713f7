//! HTTP: carriers, web chat, the API, health, metrics. Reads requests, holds them to their limits, and answers; what they
//! mean is decided below.

mod api;
mod body;
mod carriers;
mod chat;
mod client;
mod health;
mod landing;
mod limited;
mod media;
mod serve;
mod whatsapp;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use node::Node;

pub use serve::serve;

/// Everything the node answers over HTTP.
pub fn router(node: Node) -> Router {
    Router::new()
        .merge(carriers::routes())
        .merge(whatsapp::routes())
        .merge(chat::routes(&node))
        .merge(health::routes())
        .merge(landing::routes())
        .merge(media::routes())
        .merge(api::routes())
        .fallback(carriers::not_found)
        .with_state(node.clone())
        .layer(axum::middleware::from_fn_with_state(node, limited::gate))
        .layer(axum::middleware::map_response(guard))
}

/// Headers that every answer carries.
async fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .entry(HeaderName::from_static("content-security-policy"))
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
