//! The requests of the chat page.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use axum::response::sse::Sse;
use axum::response::{IntoResponse, Response};
use channels::webchat::{MAX_TEXT_CHARS, Settings, visitor_urn};
use channels::{Carrier, Inbound, InboundEvent, InboundMessage};
use domain::interactive::MAX_ID_CHARS;
use node::{Channel, IntakeError, Taken, limits};
use serde::Deserialize;
use serde_json::json;
use smol_str::SmolStr;

use crate::body::{self, BodyError};
use crate::client::client;

use super::history::{Conversation, external_id};
use super::page::{self, Look};
use super::{Chat, stream, visitor};

/// Longest identifier that a page gives a message.
const CLIENT_ID_CHARS: usize = 64;

/// Why a request of the page is not answered with what it asked for.
enum Refused {
    NotFound,
    NoToken,
    TooOften(Duration),
    TooLarge,
    Malformed(&'static str),
    ComeAgain,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, reason) = match &self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not found"),
            Self::NoToken => (StatusCode::UNAUTHORIZED, "a token of this page is missing; reload the page"),
            Self::TooOften(_) => (StatusCode::TOO_MANY_REQUESTS, "too many requests; wait a little"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the message is too large"),
            Self::Malformed(reason) => (StatusCode::BAD_REQUEST, *reason),
            Self::ComeAgain => (StatusCode::SERVICE_UNAVAILABLE, "busy; send it again in a moment"),
        };
        let mut response = (status, axum::Json(json!({"error": reason}))).into_response();
        let wait = match self {
            Self::TooOften(wait) => Some(wait),
            Self::ComeAgain => Some(limits::RETRY_AFTER),
            Self::NotFound | Self::NoToken | Self::TooLarge | Self::Malformed(_) => None,
        };
        if let Some(wait) = wait {
            let seconds = HeaderValue::from(wait.as_secs().max(1));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

impl Chat {
    /// The web chat channel that a path names.
    async fn channel(&self, uuid: &str) -> Result<Arc<Channel>, Refused> {
        let uuid = uuid.parse().map_err(|_| Refused::NotFound)?;
        match self.node.lines().find(self.node.context(), uuid).await {
            Ok(Some(channel)) if settings(&channel).is_some() => Ok(channel),
            Ok(_) => Err(Refused::NotFound),
            Err(error) => {
                tracing::error!(%error, "a channel could not be looked up");
                Err(Refused::ComeAgain)
            }
        }
    }

    /// The client's address. How often it may ask was judged before.
    fn client(&self, parts: &Parts) -> std::net::IpAddr {
        client(&parts.headers, &parts.extensions, self.node.config().trust_forwarded_for)
    }

    /// The visitor's conversation, for requests with a token.
    async fn conversation(&self, parts: &Parts, uuid: &str) -> Result<Conversation, Refused> {
        let channel = self.channel(uuid).await?;
        let visitor = visitor::identify(&parts.headers, channel.uuid).ok_or(Refused::NoToken)?;
        Ok(Conversation::new(channel, visitor))
    }

    async fn hand_in(&self, conversation: &Conversation, item: Inbound) -> Result<Taken, Refused> {
        let taken = self.node.receive(&conversation.channel, vec![item]).await;
        self.node.bell().ring(&conversation.visitor);
        match taken {
            Ok(taken) => taken.into_iter().next().ok_or(Refused::ComeAgain),
            Err(IntakeError::UnknownChannel) => Err(Refused::NotFound),
            Err(IntakeError::Full | IntakeError::SpoolFull | IntakeError::Stopping | IntakeError::Failed) => {
                Err(Refused::ComeAgain)
            }
        }
    }
}

fn settings(channel: &Channel) -> Option<&Settings> {
    match channel.line.as_ref().map(|line| &line.carrier) {
        Ok(Carrier::WebChat(settings)) => Some(settings),
        Ok(Carrier::External(_) | Carrier::WhatsAppCloud(_)) | Err(_) => None,
    }
}

/// The page itself.
pub(super) async fn page(State(chat): State<Chat>, Path(uuid): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match show_page(&chat, &uuid, &parts).await {
        Ok(response) => response,
        Err(Refused::NotFound) => {
            (StatusCode::NOT_FOUND, "There is no chat at this address.").into_response()
        }
        Err(refused) => refused.into_response(),
    }
}

async fn show_page(chat: &Chat, uuid: &str, parts: &Parts) -> Result<Response, Refused> {
    let channel = chat.channel(uuid).await?;
    let settings = settings(&channel).ok_or(Refused::NotFound)?;
    let accepted = text_of(&parts.headers, header::ACCEPT_LANGUAGE);
    let html = page::render(&Look {
        base: &format!("/chat/{}", channel.uuid),
        title: settings.title.as_deref().unwrap_or(&channel.name),
        introduction: settings.introduction.as_deref(),
        language: settings.language.as_deref(),
        colour: settings.colour.as_deref(),
        accepted,
    });
    let tag = format!("\"{}\"", page::fingerprint(&html));
    let policy = page::policy(&settings.embed_on);
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, "accept-language"),
        (header::ETAG, &tag),
    ];
    // Compression may have weakened the tag that the browser sends back.
    let known = text_of(&parts.headers, header::IF_NONE_MATCH).trim_start_matches("W/") == tag;
    if known {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, html).into_response())
}

fn text_of(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// A conversation may begin.
pub(super) async fn open(State(chat): State<Chat>, Path(uuid): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let opened = async {
        let client = chat.client(&parts);
        let conversation = chat.conversation(&parts, &uuid).await?;
        admit_visitor(&chat, client, &conversation)?;
        let urn = visitor_urn(&conversation.visitor);
        chat.hand_in(&conversation, Inbound::Event(InboundEvent::NewConversation { urn })).await?;
        Ok::<_, Refused>(axum::Json(json!({})).into_response())
    };
    opened.await.unwrap_or_else(Refused::into_response)
}

fn admit_visitor(chat: &Chat, client: std::net::IpAddr, conversation: &Conversation) -> Result<(), Refused> {
    visitor::admit(chat.node.rates(), client, &conversation.visitor).map_err(|wait| {
        chat.node.metrics().count_limit("chat_visitor_rate");
        Refused::TooOften(wait)
    })
}

#[derive(Deserialize)]
struct Written {
    id: String,
    text: String,
    /// What was chosen of what was offered.
    #[serde(default)]
    choice: Option<String>,
}

/// The visitor writes.
pub(super) async fn write(State(chat): State<Chat>, Path(uuid): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let written = async {
        let client = chat.client(&parts);
        let conversation = chat.conversation(&parts, &uuid).await?;
        let written = read_message(body).await?;
        admit_visitor(&chat, client, &conversation)?;
        let message = Inbound::Message(InboundMessage {
            urn: visitor_urn(&conversation.visitor),
            other_urns: Vec::new(),
            text: written.text.replace('\0', ""),
            attachments: Vec::new(),
            sent_on: None,
            external_id: Some(external_id(&conversation.visitor, &written.id)),
            name: None,
            payload: written.choice.as_ref().map(|id| json!({"id": id, "title": written.text})),
        });
        let taken = chat.hand_in(&conversation, message).await?;
        let uuid = taken.message().map(|uuid| uuid.to_string());
        Ok::<_, Refused>(axum::Json(json!({"id": written.id, "uuid": uuid})).into_response())
    };
    written.await.unwrap_or_else(|refused: Refused| {
        chat.node.metrics().count_inbound("wch", "refused");
        refused.into_response()
    })
}

async fn read_message(body: Body) -> Result<Written, Refused> {
    let body = body::read(body, limits::CHAT_BODY_BYTES).await.map_err(|error| match error {
        BodyError::TooLarge => Refused::TooLarge,
        BodyError::Late => Refused::Malformed("the body did not arrive in time"),
        BodyError::Broken => Refused::Malformed("the body broke off"),
    })?;
    let written: Written = serde_json::from_slice(&body)
        .map_err(|_| Refused::Malformed("the body must be JSON with the texts 'id' and 'text'"))?;
    let id_chars = written.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if written.id.is_empty() || written.id.len() > CLIENT_ID_CHARS || !id_chars {
        return Err(Refused::Malformed("'id' must be 1 to 64 letters, digits and dashes"));
    }
    if written.choice.as_ref().is_some_and(|id| id.chars().count() > MAX_ID_CHARS || id.contains('\0')) {
        return Err(Refused::Malformed("'choice' must be the id of something that was offered"));
    }
    if written.text.trim().is_empty() {
        return Err(Refused::Malformed("'text' must not be empty"));
    }
    if written.text.chars().count() > MAX_TEXT_CHARS {
        return Err(Refused::TooLarge);
    }
    Ok(written)
}

#[derive(Deserialize)]
pub(super) struct After {
    #[serde(default)]
    after: i64,
}

/// What was said.
pub(super) async fn history(
    State(chat): State<Chat>,
    Path(uuid): Path<String>,
    Query(After { after }): Query<After>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let said = async {
        let mut conversation = chat.conversation(&parts, &uuid).await?;
        let messages = conversation.after(&chat.node, after).await.map_err(|error| {
            tracing::error!(%error, "a conversation could not be read");
            Refused::ComeAgain
        })?;
        Ok::<_, Refused>(axum::Json(json!({"messages": messages})).into_response())
    };
    said.await.unwrap_or_else(Refused::into_response)
}

/// What is said from now on, or from where the browser last heard.
pub(super) async fn events(State(chat): State<Chat>, Path(uuid): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let stream = async {
        let client = chat.client(&parts);
        let conversation = chat.conversation(&parts, &uuid).await?;
        let last = SmolStr::from(text_of(&parts.headers, header::HeaderName::from_static("last-event-id")));
        let last = if last.is_empty() {
            0
        } else {
            last.parse().map_err(|_| Refused::Malformed("Last-Event-ID must be a number"))?
        };
        let seat = chat.streams.sit(client, &chat.node).ok_or(Refused::ComeAgain)?;
        // Proxies that hold answers back are asked not to.
        let headers = [(header::HeaderName::from_static("x-accel-buffering"), "no")];
        Ok::<_, Refused>((headers, Sse::new(stream::events(seat, conversation, last))).into_response())
    };
    stream.await.unwrap_or_else(Refused::into_response)
}
