//! What carriers hear back, in the shapes that RapidPro's carriers already know.

use domain::{ChannelUuid, MessageUuid};
use jiff::Timestamp;
use serde::Serialize;

use crate::{Carrier, Inbound, Line, Reading, Refusal};

/// An answer to a carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Value of `Content-Type`.
    pub content_type: String,
    /// The body.
    pub body: String,
}

impl Answer {
    fn json(status: u16, message: &str, data: &[Datum<'_>]) -> Self {
        // A form of texts alone cannot fail.
        let body = serde_json::to_string(&Body { message, data }).unwrap_or_default();
        Self { status, content_type: "application/json".to_owned(), body }
    }
}

/// What every answer is, in the order of its keys.
#[derive(Serialize)]
struct Body<'a> {
    message: &'a str,
    data: &'a [Datum<'a>],
}

/// What became of one item, or a word about the request.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Datum<'a> {
    Msg {
        channel_uuid: ChannelUuid,
        #[serde(skip_serializing_if = "Option::is_none")]
        msg_uuid: Option<MessageUuid>,
        text: &'a str,
        urn: String,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        attachments: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        external_id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        received_on: Option<Timestamp>,
    },
    Status {
        channel_uuid: ChannelUuid,
        status: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        msg_uuid: Option<MessageUuid>,
        #[serde(skip_serializing_if = "Option::is_none")]
        external_id: Option<&'a str>,
    },
    Event {
        channel_uuid: ChannelUuid,
        event_type: &'a str,
        urn: String,
    },
    Info {
        info: &'a str,
    },
    Error {
        error: &'a str,
    },
}

/// The answer to a request whose items are committed. `uuids` holds our identifier for each item that became
/// a message, in the items' order.
pub fn accepted(line: &Line, reading: &Reading, uuids: &[Option<MessageUuid>]) -> Answer {
    let items = reading.items.as_slice();
    if let Carrier::WhatsAppCloud(_) = line.carrier {
        return handled(&[(line, reading, uuids)], &[]);
    }
    if let (Carrier::External(settings), Some(Inbound::Message(_))) = (&line.carrier, items.first())
        && let Some((body, content_type)) = settings.custom_answer()
    {
        return Answer { status: 200, content_type: content_type.to_owned(), body: body.to_owned() };
    }
    let message = match items.first() {
        Some(Inbound::Message(_)) => "Message Accepted",
        Some(Inbound::Status(_)) => "Status Update Accepted",
        Some(Inbound::Event(_)) => "Event Accepted",
        None => return ignored("nothing to handle"),
    };
    let uuids = uuids.iter().copied().chain(std::iter::repeat(None));
    let data: Vec<_> = items.iter().zip(uuids).map(|(item, uuid)| describe(line, item, uuid)).collect();
    Answer::json(200, message, &data)
}

/// The answer to a webhook that may speak of several channels: what became of each item, and the notes.
pub fn handled(parts: &[(&Line, &Reading, &[Option<MessageUuid>])], notes: &[String]) -> Answer {
    let mut data = Vec::new();
    for (line, reading, uuids) in parts {
        let uuids = uuids.iter().copied().chain(std::iter::repeat(None));
        data.extend(reading.items.iter().zip(uuids).map(|(item, uuid)| describe(line, item, uuid)));
    }
    // Several channels may note the same about one webhook.
    let mut seen: Vec<&String> = Vec::new();
    for note in parts.iter().flat_map(|(_, reading, _)| &reading.notes).chain(notes) {
        if !seen.contains(&note) {
            seen.push(note);
            data.push(Datum::Info { info: note });
        }
    }
    Answer::json(200, "Events Handled", &data)
}

/// The answer to a request that is well-formed but says nothing we act on.
pub fn ignored(reason: &str) -> Answer {
    Answer::json(200, "Ignored", &[Datum::Info { info: reason }])
}

/// The answer to a request that is not taken.
pub fn refused(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::Malformed(reason) => error(400, reason),
        Refusal::UnknownAction => error(404, "not found"),
        Refusal::Unsigned(reason) => error(401, reason),
    }
}

/// An error answer with its reason.
pub fn error(status: u16, reason: &str) -> Answer {
    Answer::json(status, "Error", &[Datum::Error { error: reason }])
}

fn describe<'a>(line: &Line, item: &'a Inbound, uuid: Option<MessageUuid>) -> Datum<'a> {
    let channel_uuid = line.uuid;
    match item {
        Inbound::Message(message) => Datum::Msg {
            channel_uuid,
            msg_uuid: uuid,
            text: &message.text,
            urn: message.urn.to_string(),
            attachments: &message.attachments,
            external_id: message.external_id.as_deref(),
            received_on: message.sent_on,
        },
        Inbound::Status(status) => Datum::Status {
            channel_uuid,
            status: status.status.letter(),
            msg_uuid: status.message,
            external_id: status.external_id.as_deref(),
        },
        Inbound::Event(event) => {
            Datum::Event { channel_uuid, event_type: event.name(), urn: event.urn().to_string() }
        }
    }
}
