//! Everything the node answers over HTTP. What carriers call is nearly all of it, so that goes past the router, which
//! would cost as much as half of what the answer takes.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use axum::response::Response;
use hyper::body::Incoming;
use node::Node;
use tower::ServiceExt;

use crate::{api, archives, auth, carriers, chat, health, landing, limited, media};

/// What answers requests.
pub(crate) struct Site {
    node: Node,
    router: Router,
}

impl Site {
    pub(crate) fn new(node: Node) -> Self {
        let router = Router::new()
            .merge(chat::routes(&node))
            .merge(health::routes())
            .merge(landing::routes())
            .merge(archives::routes())
            .merge(media::routes())
            .merge(api::routes())
            .merge(auth::routes())
            .fallback(carriers::not_found)
            .with_state(node.clone())
            .layer(axum::middleware::from_fn_with_state(node.clone(), limited::gate));
        Self { node, router }
    }

    /// Answers a request of `peer`.
    pub(crate) async fn answer(&self, peer: SocketAddr, mut request: Request<Incoming>) -> Response {
        let mut response = if request.uri().path().starts_with(carriers::PREFIX) {
            carriers::answer(&self.node, peer.ip(), request).await
        } else {
            request.extensions_mut().insert(ConnectInfo(peer));
            let answered = self.router.clone().oneshot(request.map(Body::new)).await;
            answered.unwrap_or_else(|never| match never {})
        };
        guard(response.headers_mut());
        response
    }
}

/// Headers that every answer carries.
fn guard(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .entry(HeaderName::from_static("content-security-policy"))
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
