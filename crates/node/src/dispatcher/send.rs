//! One message to its carrier: the requests it takes, one after the other, and what came of them.

use std::time::Duration;

use channels::{HttpRequest, Line, Outgoing, Plan, QuickReply, SendError, SendErrorKind};
use domain::Urn;
use jiff::Timestamp;
use operations::StopError;
use smol_str::SmolStr;
use store::OutboxItem;
use tokio::time::Instant;

use super::Shared;
use super::learn::learn;
use super::outcome::STORE_PAUSE;
use super::pace::{Pace, Pacer};
use crate::http::{Answer, Callee, Exchange, HttpError};
use crate::limits;

/// The header that says that the carrier may have had the message before.
const POSSIBLY_REPEATED: &str = "X-Possibly-Repeated";
/// Why nothing leaves: another node has it in hand by now, and what is told of it here is not taken.
const TAKEN_FOR_DEAD: &str = "this node was taken for dead";
/// The header by which a carrier may recognise a repeated request.
const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// What came of sending one message.
#[derive(Debug)]
pub(super) struct Sent {
    /// The carrier's identifier, or why it was not sent.
    pub(super) result: Result<Option<SmolStr>, SendError>,
    /// Parts that the carrier has, so that another attempt goes on after them.
    pub(super) parts: u32,
    /// Whether the carrier may have it in spite of the error.
    pub(super) possibly_sent: bool,
    /// Whether the row is no longer there: the person opted out while it waited.
    pub(super) withdrawn: bool,
    /// Whether nothing left, as the store cannot say whether it is still wanted.
    pub(super) held: bool,
    /// Whether nothing had to leave: the message is read from our own tables.
    pub(super) local: bool,
    /// How long the carrier asks us to wait, if it does.
    pub(super) wait: Option<Duration>,
    /// Type of the channel, for counting.
    pub(super) channel_type: &'static str,
    /// How long the carrier took.
    pub(super) took: Duration,
}

impl Sent {
    /// A defect of ours broke the attempt; another one would break as well.
    pub(super) fn broke_off() -> Self {
        let mut sent = Self::failed(SendErrorKind::MessageInvalid, "sending broke off through a defect");
        sent.possibly_sent = true;
        sent
    }

    fn failed(kind: SendErrorKind, reason: impl Into<String>) -> Self {
        Self {
            result: Err(SendError::new(kind, reason)),
            parts: 0,
            possibly_sent: false,
            withdrawn: false,
            held: false,
            local: false,
            wait: None,
            channel_type: "none",
            took: Duration::ZERO,
        }
    }
}

/// Sends a message that is in hand since a moment from part `first` on. Each further part waits for its own place in the
/// pace of the line.
pub(super) async fn send(
    shared: &Shared,
    (item, since): (&OutboxItem, Instant),
    first: u32,
    pace: (&Pacer, &Pace),
) -> Sent {
    let Some(id) = item.channel else {
        return Sent::failed(SendErrorKind::ChannelConfig, "the message has no channel");
    };
    let channel = match shared.lines.find_by_id(&shared.ctx, item.workspace, id).await {
        Ok(Some(channel)) => channel,
        Ok(None) => return Sent::failed(SendErrorKind::ChannelConfig, "the channel is no longer in use"),
        Err(error) => return Sent::failed(SendErrorKind::ConnectionFailed, error.to_string()),
    };
    let line = match &channel.line {
        Ok(line) => line,
        Err(error) => return Sent::failed(SendErrorKind::ChannelConfig, error.to_string()),
    };
    let Some(message) = outgoing(item) else {
        return Sent::failed(SendErrorKind::MessageInvalid, "the message has no address");
    };
    if !shared.membership.may_send().await {
        return Sent::failed(SendErrorKind::ConnectionFailed, TAKEN_FOR_DEAD);
    }
    match wanted(shared, item, since).await {
        Wanted::Yes => {}
        Wanted::No => {
            return Sent { withdrawn: true, ..Sent::failed(SendErrorKind::MessageInvalid, "withdrawn") };
        }
        Wanted::Unknown => {
            return Sent { held: true, ..Sent::failed(SendErrorKind::ConnectionFailed, "held") };
        }
    }
    let started = Instant::now();
    let mut sent = Sent {
        result: Ok(None),
        parts: first,
        possibly_sent: false,
        withdrawn: false,
        held: false,
        local: false,
        wait: None,
        channel_type: line.kind().slug(),
        took: Duration::ZERO,
    };
    match line.plan(&message) {
        Ok(Plan::Local) => sent.local = true,
        Ok(Plan::Requests(requests)) => {
            send_parts(shared, line, item, (&message, requests), pace, &mut sent).await
        }
        Err(error) => sent.result = Err(error),
    }
    sent.took = started.elapsed();
    let said = sent.result.as_ref().err().filter(|error| error.kind == SendErrorKind::ContactStopped);
    if let Some(said) = said {
        // The same operation fails this message and takes its row away.
        sent.withdrawn = stop(shared, item, &said.reason).await;
    }
    sent
}

/// Stops a contact who has opted out at the carrier, with everything that is queued for them. If it cannot be done, the
/// carrier says it again of the next message.
async fn stop(shared: &Shared, item: &OutboxItem, said: &str) -> bool {
    let reason = format!("the contact opted out at the carrier: {said}");
    for _ in 0..limits::STOP_TRIES {
        match operations::stop_contact(&shared.ctx, item.workspace, item.contact, &reason).await {
            Ok(()) => return true,
            Err(StopError::NoContact) => return false,
            Err(error @ (StopError::Busy | StopError::Store(_))) => {
                tracing::warn!(%error, outbox = %item.id, "a contact could not be stopped; trying again");
            }
        }
        tokio::time::sleep(STORE_PAUSE).await;
    }
    tracing::error!(outbox = %item.id, "a contact who opted out at the carrier could not be stopped");
    false
}

/// Whether a message or an effect may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Yes,
    /// The row is gone: the person opted out, or nobody waits for the effect any more.
    No,
    /// The store cannot say.
    Unknown,
}

/// Whether a message or an effect that is in hand since a moment is still wanted. What this node took back is known at
/// once; what another node or a command took back, or an opt-out of which the answer was lost, is seen by a look into the
/// store, unless the row is so young that it goes at once: young by our own steady clock as well as by the time of day,
/// which may jump.
pub(super) async fn wanted(shared: &Shared, item: &OutboxItem, since: Instant) -> Wanted {
    if shared.ctx.withdrawn.has(item.id) {
        return Wanted::No;
    }
    let age = shared.ctx.now().duration_since(item.created_on);
    let is_young =
        age < limits::LOOK_AGAIN_AFTER && since.elapsed() < limits::LOOK_AGAIN_AFTER.unsigned_abs();
    if is_young && !age.is_negative() {
        return Wanted::Yes;
    }
    match shared.ctx.store.outbox_item(item.workspace, item.id).await {
        Ok(Some(_)) => Wanted::Yes,
        Ok(None) => Wanted::No,
        Err(error) => {
            tracing::warn!(%error, outbox = %item.id, "it could not be read whether a message is still wanted; it is held");
            Wanted::Unknown
        }
    }
}

async fn send_parts(
    shared: &Shared,
    line: &Line,
    item: &OutboxItem,
    (message, requests): (&Outgoing, Vec<HttpRequest>),
    (pacer, pace): (&Pacer, &Pace),
    sent: &mut Sent,
) {
    let begun = sent.parts;
    for (part, request) in (0_u32..).zip(requests).skip(sent.parts as usize) {
        if part > begun {
            tokio::time::sleep_until(pacer.take(Instant::now(), pace)).await;
            if shared.ctx.withdrawn.has(item.id) {
                sent.withdrawn = true;
                return;
            }
        }
        let mut headers = request.headers;
        headers.extend(marks(item, message, part));
        let may_send = loop {
            if !shared.membership.may_send().await {
                break false;
            }
            let Some(moment) = pacer.leaves_at(Instant::now(), pace) else { break true };
            tokio::time::sleep_until(moment).await;
            if shared.ctx.withdrawn.has(item.id) {
                sent.withdrawn = true;
                return;
            }
            if shared.membership.is_fresh() {
                break true;
            }
        };
        if !may_send {
            sent.result = Err(SendError::new(SendErrorKind::ConnectionFailed, TAKEN_FOR_DEAD));
            return;
        }
        let answer = shared.network.exchange(Exchange {
            callee: if line.is_public_only { Callee::PublicCarrier } else { Callee::Carrier },
            method: request.method.as_str().to_owned(),
            url: request.url,
            headers,
            body: (!request.body.is_empty()).then_some(request.body),
            timeout: shared.config.send_timeout,
            answer_bytes: limits::SEND_ANSWER_BYTES,
        });
        let answer = answer.await;
        sent.wait = answer.as_ref().ok().and_then(|answer| asked_to_wait(answer, shared.ctx.now()));
        let told = answer.as_ref().ok().and_then(|answer| other_address(line, answer));
        match judge(line, answer) {
            Ok(external_id) => {
                told.into_iter().for_each(|urn| learn(shared, item, urn));
                sent.parts = part + 1;
                if let Ok(known) = &mut sent.result
                    && known.is_none()
                {
                    *known = external_id;
                }
            }
            Err((error, possibly_sent)) => {
                sent.result = Err(error);
                sent.possibly_sent = possibly_sent;
                return;
            }
        }
    }
}

/// By which a carrier knows a part again, and that it may have had it before.
fn marks(item: &OutboxItem, message: &Outgoing, part: u32) -> impl Iterator<Item = (String, String)> + use<> {
    let key = if part == 0 { message.uuid.to_string() } else { format!("{}-{}", message.uuid, part + 1) };
    let repeated = item.possibly_repeated.then(|| (POSSIBLY_REPEATED.to_owned(), "1".to_owned()));
    std::iter::once((IDEMPOTENCY_KEY.to_owned(), key)).chain(repeated)
}

fn other_address(line: &Line, answer: &Answer) -> Option<Urn> {
    line.other_address(&String::from_utf8_lossy(&answer.body))
}

/// How long an answer asks us to wait (`Retry-After` of 429 and 503, in seconds or as a date; RFC 9110, 10.2.3).
fn asked_to_wait(answer: &Answer, now: Timestamp) -> Option<Duration> {
    if !matches!(answer.status, 429 | 503) {
        return None;
    }
    let (_, text) = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    let wait = match text.trim().parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = jiff::fmt::rfc2822::parse(text.trim()).ok()?.timestamp();
            Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO)
        }
    };
    Some(wait.min(limits::RETRY_AFTER_LONGEST))
}

fn judge(line: &Line, answer: Result<Answer, HttpError>) -> Result<Option<SmolStr>, (SendError, bool)> {
    match answer {
        // A server that fails may have handed the message on before it failed.
        Ok(answer) => line
            .judge(answer.status, &String::from_utf8_lossy(&answer.body))
            .map_err(|error| (error, answer.status >= 500)),
        Err(error) => {
            let kind = match error {
                HttpError::Invalid(_) | HttpError::Forbidden => SendErrorKind::ChannelConfig,
                HttpError::NotReached(_) | HttpError::NoAnswer(_) => SendErrorKind::ConnectionFailed,
            };
            Err((SendError::new(kind, error.to_string()), error.may_have_acted()))
        }
    }
}

/// The message as codecs know it.
fn outgoing(item: &OutboxItem) -> Option<Outgoing> {
    let (scheme, path) = item.urn.clone()?;
    let replies = item.quick_replies.as_deref().map(serde_json::from_str::<Vec<QuickReply>>);
    let detail = item.detail.as_deref().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let session_status = detail.as_ref().and_then(|detail| detail.get("session_status")?.as_str());
    let interactive = detail.as_ref().and_then(|detail| detail.get("interactive").cloned());
    let locale = detail.as_ref().and_then(|detail| detail.get("locale")?.as_str());
    let templating = detail.as_ref().and_then(|detail| detail.get("templating").cloned());
    Some(Outgoing {
        uuid: item.message_uuid?,
        urn: Urn::new(scheme, path),
        text: item.text.to_string(),
        attachments: item.attachments.iter().map(ToString::to_string).collect(),
        quick_replies: replies.and_then(Result::ok).unwrap_or_default(),
        interactive: interactive.and_then(|interactive| serde_json::from_value(interactive).ok()),
        session_status: session_status.map(SmolStr::from),
        locale: locale.map(SmolStr::from),
        templating: templating.and_then(|templating| serde_json::from_value(templating).ok()),
    })
}
