//! `/c/wac/receive` and `/c/wac/UUID/receive`: webhooks of Meta. One speaks of any numbers of the app, and each channel
//! takes those of its own, whichever address was called. A channel believes only what its own secret has signed.

use std::collections::HashSet;
use std::sync::Arc;

use axum::http::{Method, header, request::Parts};
use axum::response::Response;
use channels::answer::{self, Answer};
use channels::{Carrier, CarrierType, Line, Reading, Refusal, wac};
use domain::{ChannelUuid, MessageUuid};
use hyper::body::Incoming;
use node::{Channel, IntakeError, Node, limits};

use crate::{body, carriers};

/// The header with the signature.
const SIGNATURE: &str = "x-hub-signature-256";
/// Type of the channels, in metrics.
const SLUG: &str = "wac";

/// A channel of ours with its settings.
struct Known<'c> {
    channel: &'c Arc<Channel>,
    line: &'c Line,
    settings: &'c wac::Settings,
}

fn known(channel: &Arc<Channel>) -> Option<Known<'_>> {
    let line = channel.line.as_ref().ok()?;
    match &line.carrier {
        Carrier::WhatsAppCloud(settings) => Some(Known { channel, line, settings }),
        Carrier::External(_) | Carrier::WebChat(_) => None,
    }
}

/// Takes a webhook: called at the address of a channel, or at that of all.
pub(crate) async fn receive(
    node: &Node,
    uuid: Option<ChannelUuid>,
    parts: &Parts,
    body: Incoming,
) -> Response {
    let mut channels = match node.lines().of_kind(node.context(), CarrierType::WhatsAppCloud).await {
        Ok(channels) => channels,
        Err(error) => {
            tracing::error!(%error, "channels could not be looked up");
            return carriers::come_again();
        }
    };
    if let Some(uuid) = uuid
        && !channels.iter().any(|channel| channel.uuid == uuid)
    {
        // One that was added a moment ago.
        match node.lines().find(node.context(), uuid).await {
            Ok(Some(channel)) if known(&channel).is_some() => channels.push(channel),
            Ok(_) => return carriers::not_found().await,
            Err(error) => {
                tracing::error!(%error, "a channel could not be looked up");
                return carriers::come_again();
            }
        }
    }
    let known: Vec<Known<'_>> = channels.iter().filter_map(known).collect();
    if parts.method == Method::GET {
        let request =
            channels::Request { query: parts.uri.query().unwrap_or_default(), ..Default::default() };
        let is_asked = |known: &&Known<'_>| uuid.is_none_or(|uuid| known.channel.uuid == uuid);
        let answer = wac::handshake(&request, |token| {
            known.iter().filter(is_asked).any(|known| known.settings.knows_verify_token(token))
        });
        return carriers::respond(answer.unwrap_or_else(|| answer::error(400, "unknown request")));
    }
    let body = match body::read(body, limits::BATCH_BODY_BYTES).await {
        Ok(body) => body,
        Err(error) => {
            node.metrics().count_inbound(SLUG, "refused");
            return carriers::respond(carriers::unread(error, limits::BATCH_BODY_BYTES));
        }
    };
    let request = channels::Request {
        action: "receive",
        query: "",
        content_type: parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()),
        body: &body,
        signature: parts.headers.get(SIGNATURE).and_then(|value| value.to_str().ok()),
    };
    match read(&known, uuid, &request) {
        Ok((readings, strange)) => hand_in(node, readings, strange).await,
        Err(refusal) => {
            node.metrics().count_inbound(SLUG, "refused");
            carriers::respond(answer::refused(&refusal))
        }
    }
}

/// What the webhook says to each channel that its signature convinces, and the numbers that nobody has.
fn read<'c>(
    known: &'c [Known<'c>],
    uuid: Option<ChannelUuid>,
    request: &channels::Request<'_>,
) -> Result<(Vec<(&'c Known<'c>, Reading)>, Vec<String>), Refusal> {
    let numbers: Vec<String> = wac::phone_number_ids(request.body);
    let mut readings = Vec::new();
    let mut answered = HashSet::new();
    for known in known {
        let is_meant = numbers.iter().any(|number| *number == known.line.address);
        // Without a number it is about the account, which any channel of it may note.
        if !is_meant && !numbers.is_empty() && uuid != Some(known.channel.uuid) {
            continue;
        }
        match known.line.receive(request) {
            Ok(reading) => {
                answered.insert(known.line.address.as_str());
                readings.push((known, reading));
            }
            Err(Refusal::Unsigned(_)) if uuid != Some(known.channel.uuid) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    if readings.is_empty() {
        return Err(Refusal::Unsigned("invalid request signature"));
    }
    let strange = numbers.into_iter().filter(|number| !answered.contains(number.as_str())).collect();
    Ok((readings, strange))
}

async fn hand_in(node: &Node, readings: Vec<(&Known<'_>, Reading)>, strange: Vec<String>) -> Response {
    let mut done: Vec<(&Line, Reading, Vec<Option<MessageUuid>>)> = Vec::with_capacity(readings.len());
    for (known, reading) in readings {
        for _ in &reading.notes {
            node.metrics().count_inbound(SLUG, "noted_only");
        }
        if reading.templates_changed {
            let channel = known.channel;
            let asked = operations::ask_for_templates(node.context(), channel.workspace, channel.uuid).await;
            if let Err(error) = asked {
                tracing::warn!(%error, "templates are not asked for at once; they will be later");
            }
        }
        let mut uuids = Vec::new();
        if !reading.items.is_empty() {
            match node.receive(known.channel, reading.items.clone()).await {
                Ok(taken) => uuids = taken.iter().map(|taken| taken.message()).collect(),
                // Removed a moment ago: the others of this webhook are taken all the same.
                Err(IntakeError::UnknownChannel) => node.metrics().count_inbound(SLUG, "unknown"),
                // Meta sends the whole webhook again; what was taken is known then.
                Err(IntakeError::SpoolFull) => return carriers::come_again_later(),
                Err(IntakeError::Full | IntakeError::Stopping | IntakeError::Failed) => {
                    return carriers::come_again();
                }
            }
        }
        done.push((known.line, reading, uuids));
    }
    let mut notes = Vec::new();
    for number in strange {
        node.metrics().count_inbound(SLUG, "unknown");
        tracing::warn!(number, "a webhook speaks of a phone number id that no channel has");
        notes.push(format!("no channel has the phone number id {number}"));
    }
    let parts: Vec<_> =
        done.iter().map(|(line, reading, uuids)| (*line, reading, uuids.as_slice())).collect();
    let answer: Answer = answer::handled(&parts, &notes);
    carriers::respond(answer)
}
