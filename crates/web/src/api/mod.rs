//! `/api/v2/<resource>.json`: what other programs call, as RapidPro's API version 2 answers it.
//!
//! One table says everything that can be called (`table.rs`): each [`Resource`] with its [`Endpoint`]s, and each of these
//! with its method, roles, parameters, body and answer, and the function that does it. The requests are served from that
//! table, `/api/v2/openapi.json` is written from it, and tests walk along it. So an endpoint is added in one place, and
//! cannot be forgotten in another.
//!
//! An endpoint that reads asks functions of the store; one that writes calls one operation. Neither knows of HTTP beyond
//! [`Call`] and [`Reply`].
//!
//! [`Resource`]: endpoint::Resource
//! [`Endpoint`]: endpoint::Endpoint
//! [`Call`]: call::Call
//! [`Reply`]: call::Reply

mod auth;
pub(crate) mod call;
mod dispatch;
mod endpoint;
pub(crate) mod error;
pub(crate) mod given;
mod multipart;
mod named;
mod once;
mod openapi;
mod page;
mod resources;
mod said;
mod shape;
mod table;
mod upload;
pub(crate) mod words;

use axum::Router;
use axum::routing::any;
use node::Node;

/// The address of each resource.
const PREFIX: &str = "/api/v2/";

pub(crate) fn routes() -> Router<Node> {
    Router::new().route("/api/v2/{resource}", any(dispatch::serve))
}
