//! Whether the node is alive, whether it takes requests, and what it counts.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use node::Node;
use operations::Shed;
use serde_json::json;

pub(crate) fn routes() -> Router<Node> {
    Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
}

async fn live() -> Response {
    axum::Json(json!({"status": "live"})).into_response()
}

async fn ready(State(node): State<Node>) -> Response {
    let readiness = node.readiness().await;
    let mut body = json!({"status": readiness.word()});
    if let Some(reason) = &readiness.refuses {
        body["reason"] = json!(reason);
    }
    if let Some(said) = &readiness.store {
        body["store"] = json!(said);
    }
    if let Some(spool) = &readiness.spool {
        let now = node.context().now();
        let age = spool.oldest.map_or(0, |oldest| now.duration_since(oldest).as_secs().max(0));
        body["spool"] = json!({
            "items": spool.items, "bytes": spool.bytes, "oldest_seconds": age,
            "usable": spool.usable, "has_room": spool.has_room,
        });
    }
    let (level, by_hand) = readiness.shedding;
    let off: Vec<&str> = Shed::ALL.into_iter().filter(|what| what.level() <= level).map(Shed::word).collect();
    body["shedding"] = json!({"level": level, "by_hand": by_hand, "off": off});
    let membership = node.membership();
    let others = membership.nodes();
    let nodes = others
        .iter()
        .map(|other| json!({"name": other.name, "version": other.version, "state": other.state.as_str()}));
    body["node"] = json!({"name": membership.name(), "run": membership.run_number()});
    body["nodes"] = nodes.collect();
    let status = if readiness.refuses.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, axum::Json(body)).into_response()
}

async fn metrics(State(node): State<Node>) -> Response {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], node.metrics_text()).into_response()
}
