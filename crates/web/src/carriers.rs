//! `/c/<type>/<channel uuid>/<action>`: what carriers tell us. They are answered after the commit.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use channels::answer::{self, Answer};
use channels::{CarrierType, Inbound, Reading};
use domain::ChannelUuid;
use hyper::body::Incoming;
use node::rates::{Caller, Limit};
use node::{IntakeError, Node, Taken, limits};

use crate::body::{self, BodyError};
use crate::client::client_of;
use crate::limited::too_often;
use crate::whatsapp;

/// One neutral text for everything that is not there, so that nobody learns which channels exist.
const NOT_FOUND: &str = "not found";

/// What the addresses of carriers begin with.
pub(crate) const PREFIX: &str = "/c/";

/// Whom an address under [`PREFIX`] means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place<'p> {
    /// `/c/<type>/<channel uuid>/<action>`.
    Channel { kind: &'p str, uuid: ChannelUuid, action: &'p str },
    /// `/c/wac/receive`: all numbers of an app of Meta.
    WhatsApp,
    /// Nobody.
    Nobody,
}

impl<'p> Place<'p> {
    /// A slash at the end changes nothing.
    fn of(path: &'p str) -> Self {
        let path = path.strip_prefix(PREFIX).unwrap_or_default();
        let mut parts = path.strip_suffix('/').unwrap_or(path).split('/');
        match [parts.next(), parts.next(), parts.next(), parts.next()] {
            [Some("wac"), Some("receive"), None, None] => Self::WhatsApp,
            [Some(kind), Some(uuid), Some(action), None] => {
                uuid.parse().map_or(Self::Nobody, |uuid| Self::Channel { kind, uuid, action })
            }
            _ => Self::Nobody,
        }
    }

    /// How often it may be called, by whom. Who calls channels that are not there is held to
    /// [`limits::STRAY_CLIENT`].
    fn limit(self, node: &Node, client: impl FnOnce() -> IpAddr) -> (&'static Limit, Caller) {
        match self {
            Self::Channel { uuid, .. } if node.context().registry.knows_channel(uuid) => {
                (&limits::CARRIER_CHANNEL, Caller::Channel(uuid))
            }
            Self::WhatsApp => (&limits::CARRIER_CLIENT, Caller::Client(client())),
            Self::Channel { .. } | Self::Nobody => (&limits::STRAY_CLIENT, Caller::Client(client())),
        }
    }
}

/// The answer for everything that is not there.
pub(crate) async fn not_found() -> Response {
    nowhere()
}

fn nowhere() -> Response {
    respond(answer::error(404, NOT_FOUND))
}

/// Answers what a carrier says, within its limit.
pub(crate) async fn answer(node: &Node, peer: IpAddr, request: Request<Incoming>) -> Response {
    let (parts, body) = request.into_parts();
    let place = Place::of(parts.uri.path());
    let client = || client_of(&parts.headers, peer, node.config().trust_forwarded_for);
    let (limit, caller) = place.limit(node, client);
    if let Err(wait) = node.rates().take(limit, caller) {
        node.metrics().count_limit(limit.name);
        return too_often(parts.uri.path(), wait);
    }
    if !matches!(parts.method, Method::GET | Method::POST) {
        let mut response = respond(answer::error(405, "this address takes GET and POST"));
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
        return response;
    }
    match place {
        Place::Channel { kind: "wac", uuid, action: "receive" } => {
            whatsapp::receive(node, Some(uuid), &parts, body).await
        }
        Place::WhatsApp => whatsapp::receive(node, None, &parts, body).await,
        Place::Channel { kind, uuid, action } => receive(node, (kind, uuid, action), &parts, body).await,
        Place::Nobody => nowhere(),
    }
}

async fn receive(
    node: &Node,
    (carrier, uuid, action): (&str, ChannelUuid, &str),
    parts: &Parts,
    body: Incoming,
) -> Response {
    let kind = CarrierType::from_code(carrier);
    let body = match body::read(body, limits::CARRIER_BODY_BYTES).await {
        Ok(body) => body,
        Err(error) => {
            node.metrics().count_inbound(kind.map_or("none", CarrierType::slug), "refused");
            return respond(unread(error, limits::CARRIER_BODY_BYTES));
        }
    };
    let Some(kind) = kind else { return nowhere() };
    let channel = match node.lines().find(node.context(), uuid).await {
        Ok(Some(channel)) => channel,
        Ok(None) => return nowhere(),
        Err(error) => {
            tracing::error!(%error, "a channel could not be looked up");
            return come_again();
        }
    };
    let line = match &channel.line {
        Ok(line) if line.kind() == kind => line,
        Ok(_) | Err(_) => return nowhere(),
    };
    let reading = line.receive(&channels::Request {
        action,
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
        Err(IntakeError::UnknownChannel) => nowhere(),
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
