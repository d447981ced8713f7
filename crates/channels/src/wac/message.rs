//! Messages of people, whatever they hold.
//!
//! What a person says or sends becomes a message, also if it is of a kind that cannot be shown: a flow can say that it
//! was not understood. What they do to an earlier message (react, edit, take back) is no answer to a question and
//! becomes a note.

use domain::Urn;
use jiff::Timestamp;
use serde_json::{Value, json};
use smol_str::SmolStr;

use super::receive::{list, scalar};
use super::{SCHEME, Settings, status};
use crate::{Inbound, InboundEvent, InboundMessage};

/// From so large a number on, a timestamp counts milliseconds: as seconds it would be beyond the year 5000.
const FIRST_MILLISECONDS: i64 = 100_000_000_000;
/// Characters of a person's name that are kept.
const MAX_NAME_CHARS: usize = 128;
/// Contacts of one message that are written out as text; all are in the payload.
const MAX_CONTACTS: usize = 20;

/// What a message says.
#[derive(Default)]
struct Content {
    text: String,
    attachments: Vec<String>,
    payload: Option<Value>,
}

/// Reads one message, or says why it is none.
pub(super) fn read(settings: &Settings, message: &Value, contacts: &[Value]) -> Result<Inbound, String> {
    if !message["group_id"].is_null() {
        return Err("ignoring group message".to_owned());
    }
    let sent_on = timestamp(&message["timestamp"])
        .ok_or_else(|| format!("invalid timestamp: {}", scalar(&message["timestamp"]).unwrap_or_default()))?;
    let (urn, other_urns) = sender(message)?;
    if message["type"] == "request_welcome" {
        return Ok(Inbound::Event(InboundEvent::NewConversation { urn }));
    }
    if let Some(to) = moved(message) {
        return Ok(Inbound::Event(InboundEvent::Moved { urn, to }));
    }
    let mut content = content(settings, message)?;
    quote(message, &mut content);
    Ok(Inbound::Message(InboundMessage {
        name: name(message, contacts),
        urn,
        other_urns,
        text: content.text.replace('\0', ""),
        attachments: content.attachments,
        sent_on: Some(sent_on),
        external_id: status::message_id(message)?,
        payload: content.payload,
    }))
}

/// Seconds or milliseconds since 1970, as text or number.
fn timestamp(value: &Value) -> Option<Timestamp> {
    let number: i64 = scalar(value)?.trim().parse().ok().filter(|number| *number >= 0)?;
    if number >= FIRST_MILLISECONDS {
        Timestamp::from_millisecond(number).ok()
    } else {
        Timestamp::from_second(number).ok()
    }
}

/// The person's address, and the other by which WhatsApp knows them. Who has a user name need not show their number;
/// then the name within the business is all there is.
fn sender(message: &Value) -> Result<(Urn, Vec<Urn>), String> {
    let read = |key: &str| scalar(&message[key]).filter(|text| !text.is_empty());
    let valid = |path: String| {
        let urn = Urn::new(SCHEME, path.trim_start_matches('+'));
        urn.validate().is_ok().then_some(urn)
    };
    let user = read("from_user_id").and_then(valid);
    match (read("from"), user) {
        (Some(from), user) => {
            let urn = valid(from.clone()).ok_or_else(|| format!("invalid whatsapp id: {from}"))?;
            let others = user.into_iter().filter(|user| !user.is_same(&urn)).collect();
            Ok((urn, others))
        }
        (None, Some(user)) => Ok((user, Vec::new())),
        (None, None) => Err("invalid whatsapp id".to_owned()),
    }
}

/// The name that the person shows.
fn name(message: &Value, contacts: &[Value]) -> Option<SmolStr> {
    let fits = |contact: &&Value| {
        let same = |theirs: &str, ours: &str| message[theirs].is_string() && message[theirs] == contact[ours];
        same("from", "wa_id") || same("from_user_id", "user_id")
    };
    let contact = contacts.iter().find(fits).or(match contacts {
        [only] => Some(only),
        _ => None,
    })?;
    let profile = &contact["profile"];
    let shown = ["name", "username"].iter().filter_map(|key| profile[*key].as_str());
    let mut shown =
        shown.map(|name| name.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect::<String>());
    shown.find(|name| !name.trim().is_empty()).map(|name| name.trim().into())
}

/// The addresses of a person who has changed their number: the new one first, and the name within the business that goes
/// with it.
fn moved(message: &Value) -> Option<Vec<Urn>> {
    let system = &message["system"];
    if message["type"] != "system" || system["type"] != "user_changed_number" {
        return None;
    }
    let number = scalar(&system["wa_id"]).or_else(|| scalar(&system["new_wa_id"]));
    let paths = [number, scalar(&system["user_id"])].into_iter().flatten();
    let urns = paths.map(|path| Urn::new(SCHEME, path.trim_start_matches('+')));
    let urns: Vec<Urn> = urns.filter(|urn| urn.validate().is_ok()).collect();
    (!urns.is_empty()).then_some(urns)
}

/// Which message the person answers to, beside what they chose; the fields of a form are left as they are.
fn quote(message: &Value, content: &mut Content) {
    let Some(id) = message["context"]["id"].as_str().filter(|id| !id.is_empty()) else { return };
    if message["interactive"]["type"] == "nfm_reply" {
        return;
    }
    if let Value::Object(payload) = content.payload.get_or_insert_with(|| json!({})) {
        payload.insert("context".to_owned(), json!({ "id": id }));
    }
}

fn content(settings: &Settings, message: &Value) -> Result<Content, String> {
    let kind = message["type"].as_str().unwrap_or_default();
    let body = &message[kind];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut content = match kind {
        "text" => Content { text: text(&body["body"]), ..Content::default() },
        "image" | "video" | "audio" | "voice" | "document" | "sticker" => media(settings, kind, body),
        "location" => location(body),
        "contacts" => contact_cards(body),
        "button" => Content {
            text: text(&body["text"]),
            payload: body["payload"].as_str().map(|payload| json!({ "id": payload })),
            ..Content::default()
        },
        "interactive" => interactive(message, body)?,
        "order" => Content { text: text(&body["text"]), payload: Some(body.clone()), ..Content::default() },
        "reaction" | "edit" | "revoke" | "system" => {
            return Err(format!("ignoring {kind}{}", about(kind, body)));
        }
        _ => unreadable(message, kind),
    };
    if content.payload.is_none() && message["referral"].is_object() {
        content.payload = Some(json!({ "referral": message["referral"] }));
    }
    Ok(content)
}

/// A file. Its address answers to the channel's token; what comes from there names the file itself.
fn media(settings: &Settings, kind: &str, body: &Value) -> Content {
    let stated = body["mime_type"].as_str().unwrap_or_default();
    let essence = stated.split(';').next().unwrap_or_default().trim();
    let fallback = match kind {
        "voice" => "audio",
        "sticker" => "image/webp",
        other => other,
    };
    let mime = if essence.is_empty() || essence.contains(':') { fallback } else { essence };
    let id = scalar(&body["id"])
        .filter(|id| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)));
    let address = id.map(|id| format!("{mime}:{}/{}/{id}", settings.base_url, settings.version));
    let filename = body["filename"].as_str().filter(|name| !name.is_empty());
    Content {
        text: body["caption"].as_str().unwrap_or_default().to_owned(),
        attachments: address.into_iter().collect(),
        payload: filename.map(|name| json!({ "filename": name })),
    }
}

fn location(body: &Value) -> Content {
    let degrees = |key: &str, most: f64| {
        scalar(&body[key])?.parse::<f64>().ok().filter(|degrees| degrees.abs() <= most)
    };
    let place = degrees("latitude", 90.0).zip(degrees("longitude", 180.0));
    let attachments = place.map(|(latitude, longitude)| format!("geo:{latitude:.6},{longitude:.6}"));
    let named = ["name", "address", "url"].iter().any(|key| body[*key].is_string());
    Content {
        text: String::new(),
        attachments: attachments.into_iter().collect(),
        payload: named.then(|| body.clone()),
    }
}

/// Contacts that the person sent, one on a line.
fn contact_cards(body: &Value) -> Content {
    let line = |card: &Value| {
        let name = card["name"]["formatted_name"].as_str().unwrap_or_default();
        let phones: Vec<&str> =
            list(&card["phones"]).iter().filter_map(|phone| phone["phone"].as_str()).collect();
        format!("{name} {}", phones.join(", ")).trim().to_owned()
    };
    let lines: Vec<String> = list(body).iter().take(MAX_CONTACTS).map(line).collect();
    Content { text: lines.join("\n"), attachments: Vec::new(), payload: Some(body.clone()) }
}

/// What was chosen or filled in.
fn interactive(message: &Value, body: &Value) -> Result<Content, String> {
    let kind = body["type"].as_str().unwrap_or_default();
    let reply = &body[kind];
    let text = |key: &str| reply[key].as_str().unwrap_or_default().to_owned();
    match kind {
        "button_reply" | "list_reply" => {
            Ok(Content { text: text("title"), attachments: Vec::new(), payload: Some(reply.clone()) })
        }
        "nfm_reply" => {
            let answers = reply["response_json"].as_str().and_then(|text| serde_json::from_str(text).ok());
            let payload = answers.unwrap_or_else(|| reply.clone());
            Ok(Content { text: text("body"), attachments: Vec::new(), payload: Some(payload) })
        }
        "call_permission_reply" => Err(format!("ignoring call permission: {}", text("response"))),
        _ => Ok(unreadable(message, "interactive")),
    }
}

/// Something that WhatsApp does not hand on, such as a poll, or a kind that is new.
fn unreadable(message: &Value, kind: &str) -> Content {
    let mut payload = json!({ "type": kind });
    for key in [kind, "errors"] {
        if !message[key].is_null() {
            payload[key] = message[key].clone();
        }
    }
    Content { payload: Some(payload), ..Content::default() }
}

/// What a note says about an event that is no message.
fn about(kind: &str, body: &Value) -> String {
    let word = match kind {
        "reaction" => body["emoji"].as_str(),
        "system" => body["type"].as_str(),
        _ => None,
    };
    let earlier = ["message_id", "original_message_id"].iter().find_map(|key| body[*key].as_str());
    match (word.filter(|word| !word.is_empty()), earlier) {
        (Some(word), Some(earlier)) => format!(": {word} to {earlier}"),
        (Some(word), None) => format!(": {word}"),
        (None, Some(earlier)) => format!(" of {earlier}"),
        (None, None) => String::new(),
    }
}
