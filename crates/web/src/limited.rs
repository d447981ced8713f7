//! How often each address of the router may be called, in one table, and the gate that holds callers to it. What is not
//! in the table is not answered: a route that is added gets its line here first. What carriers call has its limits in
//! `carriers.rs`.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use channels::answer;
use node::rates::{Caller, Limit};
use node::{Node, limits};
use serde_json::json;

use crate::carriers;
use crate::client::client;

/// One address, and how often a client may call it. The chat holds visitors to limits of their own beside these.
struct RouteLimit {
    path: &'static str,
    limit: &'static Limit,
}

const fn route(path: &'static str, limit: &'static Limit) -> RouteLimit {
    RouteLimit { path, limit }
}

/// All addresses.
static ROUTES: &[RouteLimit] = &[
    route("/", &limits::PAGE_CLIENT),
    route("/api/v2/{resource}", &limits::API_CLIENT),
    route("/auth/accept", &limits::AUTH_CLIENT),
    route("/auth/forgot", &limits::AUTH_CLIENT),
    route("/auth/me", &limits::AUTH_CLIENT),
    route("/auth/oidc", &limits::AUTH_CLIENT),
    route("/auth/oidc/callback", &limits::AUTH_CLIENT),
    route("/auth/password", &limits::AUTH_CLIENT),
    route("/auth/reset", &limits::AUTH_CLIENT),
    route("/auth/sign-in", &limits::AUTH_CLIENT),
    route("/auth/sign-out", &limits::AUTH_CLIENT),
    route("/auth/two-factor", &limits::AUTH_CLIENT),
    route("/auth/two-factor/confirm", &limits::AUTH_CLIENT),
    route("/auth/two-factor/end", &limits::AUTH_CLIENT),
    route("/auth/two-factor/prove", &limits::AUTH_CLIENT),
    route("/auth/workspace", &limits::AUTH_CLIENT),
    route("/archives/{uuid}", &limits::PAGE_CLIENT),
    route("/chat/{uuid}", &limits::CHAT_CLIENT),
    route("/chat/{uuid}/", &limits::CHAT_CLIENT),
    route("/chat/{uuid}/messages", &limits::CHAT_CLIENT),
    route("/chat/{uuid}/open", &limits::CHAT_CLIENT),
    route("/chat/{uuid}/events", &limits::CHAT_CLIENT),
    route("/health/live", &limits::PAGE_CLIENT),
    route("/health/ready", &limits::PAGE_CLIENT),
    route("/media/{uuid}", &limits::PAGE_CLIENT),
    route("/metrics", &limits::PAGE_CLIENT),
];

/// Lets a request through, or says when to come again. Nothing here waits for the store.
pub(crate) async fn gate(
    State(node): State<Node>,
    path: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let address = client(request.headers(), request.extensions(), node.config().trust_forwarded_for);
    let limit = match &path {
        None => &limits::STRAY_CLIENT,
        Some(path) => match ROUTES.iter().find(|route| route.path == path.as_str()) {
            Some(route) => route.limit,
            None => {
                tracing::error!(path = path.as_str(), "this address has no limit in web/src/limited.rs");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        },
    };
    match node.rates().take(limit, Caller::Client(address)) {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            node.metrics().count_limit(limit.name);
            too_often(request.uri().path(), wait)
        }
    }
}

/// The answer to who asks too often.
pub(crate) fn too_often(path: &str, wait: std::time::Duration) -> Response {
    const REASON: &str = "too many requests; wait a little";
    let mut response = if path.starts_with("/c/") {
        carriers::respond(answer::error(StatusCode::TOO_MANY_REQUESTS.as_u16(), REASON))
    } else {
        (StatusCode::TOO_MANY_REQUESTS, axum::Json(json!({"error": REASON}))).into_response()
    };
    // Whole seconds, and never before it may succeed.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::ROUTES;

    /// The addresses that the sources of this crate route, wherever they do.
    fn routed(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                routed(&entry, found);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let source = std::fs::read_to_string(&entry).unwrap();
                let call = [".rou", "te("].concat();
                for after in source.split(&call).skip(1) {
                    let path = after.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"'));
                    let (path, _) = path.unwrap_or_else(|| panic!("{}: {after:.60}", entry.display()));
                    found.insert(path.to_owned());
                }
            }
        }
    }

    #[test]
    fn every_address_has_a_limit() {
        let mut found = BTreeSet::new();
        routed(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        let listed: BTreeSet<String> = ROUTES.iter().map(|route| route.path.to_owned()).collect();
        assert_eq!(found, listed, "routes in the sources, and the table of limits");
        assert_eq!(listed.len(), ROUTES.len(), "each once");
    }
}
