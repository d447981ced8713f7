//! What carriers hear back, in the shapes that RapidPro's carriers already know.

use domain::MessageUuid;
use serde_json::{Map, Value, json};

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
    fn json(status: u16, message: &str, data: Vec<Value>) -> Self {
        let body = json!({"message": message, "data": data}).to_string();
        Self { status, content_type: "application/json".to_owned(), body }
    }
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
    let data = items.iter().zip(uuids).map(|(item, uuid)| describe(line, item, uuid)).collect();
    Answer::json(200, message, data)
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
            data.push(json!({"type": "info", "info": note}));
        }
    }
    Answer::json(200, "Events Handled", data)
}

/// The answer to a request that is well-formed but says nothing we act on.
pub fn ignored(reason: &str) -> Answer {
    Answer::json(200, "Ignored", vec![json!({"type": "info", "info": reason})])
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
    Answer::json(status, "Error", vec![json!({"type": "error", "error": reason})])
}

fn describe(line: &Line, item: &Inbound, uuid: Option<MessageUuid>) -> Value {
    let mut data = Map::new();
    let mut put = |key: &str, value: Value| data.insert(key.to_owned(), value);
    match item {
        Inbound::Message(message) => {
            put("type", "msg".into());
            put("channel_uuid", line.uuid.to_string().into());
            if let Some(uuid) = uuid {
                put("msg_uuid", uuid.to_string().into());
            }
            put("text", message.text.as_str().into());
            put("urn", message.urn.to_string().into());
            if !message.attachments.is_empty() {
                put("attachments", message.attachments.clone().into());
            }
            if let Some(id) = &message.external_id {
                put("external_id", id.as_str().into());
            }
            if let Some(moment) = message.sent_on {
                put("received_on", moment.to_string().into());
            }
        }
        Inbound::Status(status) => {
            put("type", "status".into());
            put("channel_uuid", line.uuid.to_string().into());
            put("status", status.status.letter().into());
            if let Some(uuid) = status.message {
                put("msg_uuid", uuid.to_string().into());
            }
            if let Some(id) = &status.external_id {
                put("external_id", id.as_str().into());
            }
        }
        Inbound::Event(event) => {
            put("type", "event".into());
            put("channel_uuid", line.uuid.to_string().into());
            put("event_type", event.name().into());
            put("urn", event.urn().to_string().into());
        }
    }
    Value::Object(data)
}
