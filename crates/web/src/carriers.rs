//! `/c/<type>/<channel uuid>/<action>`: what carriers tell us. They are answered after the commit.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use channels::answer::{self, Answer};
use channels::{CarrierType, Inbound, Reading};
use node::{IntakeError, Node, Taken, limits};

use crate::body::{self, BodyError};

/// One neutral text for everything that is not there, so that nobody learns which channels exist.
const NOT_FOUND: &str = "not found";

pub(crate) fn routes() -> Router<Node> {
    let both = || -> MethodRouter<Node> { get(receive).post(receive) };
    Router::new().route("/c/{type}/{uuid}/{action}", both()).route("/c/{type}/{uuid}/{action}/", both())
}

/// The answer for everything that is not there.
pub(crate) async fn not_found() -> Response {
    respond(answer::error(404, NOT_FOUND))
}

async fn receive(
    State(node): State<Node>,
    Path((carrier, uuid, action)): Path<(String, String, String)>,
    request: Request,
) -> Response {
    let kind = CarrierType::from_code(&carrier);
    let (parts, body) = request.into_parts();
    let body = match body::read(body, limits::CARRIER_BODY_BYTES).await {
        Ok(body) => body,
        Err(error) => {
            node.metrics().count_inbound(kind.map_or("none", CarrierType::slug), "refused");
            return respond(unread(error, limits::CARRIER_BODY_BYTES));
        }
    };
    let (Some(kind), Ok(uuid)) = (kind, uuid.parse()) else { return not_found().await };
    let channel = match node.lines().find(node.context(), uuid).await {
        Ok(Some(channel)) => channel,
        Ok(None) => return not_found().await,
        Err(error) => {
            tracing::error!(%error, "a channel could not be looked up");
            return come_again();
        }
    };
    let line = match &channel.line {
        Ok(line) if line.kind() == kind => line,
        Ok(_) | Err(_) => return not_found().await,
    };
    let reading = line.receive(&channels::Request {
        action: &action,
        query: parts.uri.query().unwrap_or_default(),
        content_type: parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()),
        body: &body,
        signature: None,
    });
    let reading = match reading {
        Ok(reading) => reading,
        Err(refusal) => {
            node.metrics().count_inbound(kind.slug(), "refused");
            return respond(answer::refused(&refusal));
        }
    };
    match node.receive(&channel, reading.items.clone()).await {
        Ok(taken) => respond(accepted(line, &reading, &taken)),
        Err(IntakeError::UnknownChannel) => not_found().await,
        Err(IntakeError::SpoolFull) => come_again_later(),
        Err(IntakeError::Full | IntakeError::Stopping | IntakeError::Failed) => come_again(),
    }
}

/// The answer to a request whose body could not be read.
pub(crate) fn unread(error: BodyError, limit: usize) -> Answer {
    match error {
        BodyError::TooLarge => answer::error(413, &format!("the body is larger than {limit} bytes")),
        BodyError::Late => answer::error(408, "the body did not arrive in time"),
        BodyError::Broken => answer::error(400, "the body broke off"),
    }
}

fn accepted(line: &channels::Line, reading: &Reading, taken: &[Taken]) -> Answer {
    match (reading.items.as_slice(), taken) {
        // Reports about messages that we do not know are accepted like others: the carrier can do nothing.
        ([Inbound::Message(_) | Inbound::Event(_)], [Taken::Ignored(reason)]) => answer::ignored(reason),
        _ => {
            let uuids: Vec<_> = taken.iter().map(|taken| taken.message()).collect();
            answer::accepted(line, reading, &uuids)
        }
    }
}

pub(crate) fn come_again() -> Response {
    come_again_in(limits::RETRY_AFTER, "busy; send it again in a moment")
}

/// The answer while the database is away and the spool is full.
pub(crate) fn come_again_later() -> Response {
    come_again_in(
        limits::SPOOL_FULL_RETRY_AFTER,
        "the database is away and no more can be kept; send it again later",
    )
}

fn come_again_in(wait: Duration, reason: &str) -> Response {
    let mut response = respond(answer::error(503, reason));
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
    response
}

pub(crate) fn respond(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // The type may be an administrator's wording; one that cannot be a header is sent as plain text.
    let content_type = HeaderValue::from_str(&answer.content_type)
        .unwrap_or(HeaderValue::from_static("text/plain; charset=utf-8"));
    (status, [(header::CONTENT_TYPE, content_type)], answer.body).into_response()
}
