//! Requests of an aggregator, to items.

use domain::{MessageUuid, Urn};
use jiff::Timestamp;
use smol_str::SmolStr;

use super::{Settings, xml};
use crate::fields::Fields;
use crate::{
    DeliveryStatus, Happening, Inbound, InboundEvent, InboundMessage, InboundStatus, Line, Refusal, Request,
};

/// Longest address of a scheme without rules of its own.
const MAX_PATH_CHARS: usize = 255;
/// Longest text of a message: far above what a phone sends, so that more is a mistake of the aggregator. It is
/// refused and not cut: who is told that a message was taken may forget all of it.
const MAX_TEXT_CHARS: usize = 10_000;
/// Longest carrier identifier kept.
const MAX_EXTERNAL_ID_CHARS: usize = 255;
/// Names under which aggregators send their identifier of a message, unless `mo_id_field` says otherwise.
const ID_FIELDS: [&str; 3] = ["id", "external_id", "message_id"];

/// Reads one request.
pub(crate) fn receive(
    line: &Line,
    settings: &Settings,
    request: &Request<'_>,
) -> Result<Vec<Inbound>, Refusal> {
    match request.action {
        "receive" => receive_message(line, settings, request),
        "sent" => receive_status(DeliveryStatus::Sent, request),
        "delivered" => receive_status(DeliveryStatus::Delivered, request),
        "failed" => receive_status(DeliveryStatus::Failed, request),
        "stopped" => receive_stop(line, settings, request),
        "event" => receive_event(line, settings, request),
        _ => Err(Refusal::UnknownAction),
    }
}

fn receive_message(line: &Line, settings: &Settings, request: &Request<'_>) -> Result<Vec<Inbound>, Refusal> {
    if let (Some(from_path), Some(text_path)) = (&settings.from_xpath, &settings.text_xpath) {
        return receive_xml(line, from_path, text_path, request);
    }
    let fields = Fields::read(request)?;
    let from = match &settings.from_field {
        Some(name) => fields.get(name),
        None => fields.first_of(&["from", "sender"]),
    };
    let from = from.ok_or_else(|| Refusal::malformed("must have one of 'sender' or 'from' set"))?;
    let date = match &settings.date_field {
        Some(name) => fields.get(name),
        None => fields.first_of(&["date", "time"]),
    };
    let text = fields.get(settings.text_field.as_deref().unwrap_or("text")).unwrap_or_default();
    let id = match &settings.id_field {
        Some(name) => fields.get(name),
        None => fields.first_of(&ID_FIELDS),
    };
    let external_id = id.map(external_id).transpose()?;
    Ok(vec![Inbound::Message(InboundMessage {
        urn: urn(line, from)?,
        other_urns: Vec::new(),
        text: clean(text)?,
        attachments: Vec::new(),
        sent_on: date.map(parse_date).transpose()?,
        external_id,
        name: None,
        payload: None,
    })])
}

fn receive_xml(
    line: &Line,
    from_path: &str,
    text_path: &str,
    request: &Request<'_>,
) -> Result<Vec<Inbound>, Refusal> {
    let body = std::str::from_utf8(request.body).map_err(|_| Refusal::malformed("body is not UTF-8"))?;
    let [from, text] = xml::values(body, [from_path, text_path])?;
    let from = from.filter(|from| !from.is_empty()).ok_or_else(|| Refusal::malformed("missing from"))?;
    let text = text.ok_or_else(|| Refusal::malformed("missing text"))?;
    Ok(vec![Inbound::Message(InboundMessage {
        urn: urn(line, &from)?,
        other_urns: Vec::new(),
        text: clean(&text)?,
        attachments: Vec::new(),
        sent_on: None,
        external_id: None,
        name: None,
        payload: None,
    })])
}

fn receive_status(status: DeliveryStatus, request: &Request<'_>) -> Result<Vec<Inbound>, Refusal> {
    let fields = Fields::read(request)?;
    let id = fields
        .first_of(&["id", "uuid"])
        .ok_or_else(|| Refusal::malformed("parameters id or uuid should not be empty"))?;
    let message: MessageUuid = id
        .trim()
        .parse()
        .map_err(|_| Refusal::malformed("parameter id or uuid must be the uuid of a message"))?;
    Ok(vec![Inbound::Status(InboundStatus {
        message: Some(message),
        external_id: None,
        status,
        reason: None,
    })])
}

fn receive_stop(line: &Line, settings: &Settings, request: &Request<'_>) -> Result<Vec<Inbound>, Refusal> {
    let fields = Fields::read(request)?;
    let from = fields.get(settings.from_field.as_deref().unwrap_or("from")).or_else(|| fields.get("from"));
    let from = from.ok_or_else(|| Refusal::malformed("field 'from' required"))?;
    Ok(vec![Inbound::Event(InboundEvent::StopContact { urn: urn(line, from)? })])
}

/// Longest name of what somebody came by or agreed to.
const MAX_DETAIL_CHARS: usize = 255;

fn receive_event(line: &Line, settings: &Settings, request: &Request<'_>) -> Result<Vec<Inbound>, Refusal> {
    let fields = Fields::read(request)?;
    let from = fields.get(settings.from_field.as_deref().unwrap_or("from")).or_else(|| fields.get("from"));
    let from = from.ok_or_else(|| Refusal::malformed("field 'from' required"))?;
    let urn = urn(line, from)?;
    let detail = |name: &str| {
        let text = clean(fields.get(name).unwrap_or_default())?;
        if text.chars().count() > MAX_DETAIL_CHARS {
            return Err(Refusal::malformed(format!("field '{name}' is too long")));
        }
        Ok(SmolStr::new(text.trim()))
    };
    let what = match fields.get("type").unwrap_or_default() {
        "new_conversation" => return Ok(vec![Inbound::Event(InboundEvent::NewConversation { urn })]),
        "stop_contact" => return Ok(vec![Inbound::Event(InboundEvent::StopContact { urn })]),
        "missed_call" => Happening::MissedCall,
        "incoming_call" => Happening::IncomingCall,
        "referral" => Happening::Referral(detail("referrer_id")?),
        "opt_in" => Happening::OptIn(detail("optin")?),
        "opt_out" => Happening::OptOut(detail("optin")?),
        _ => {
            return Err(Refusal::malformed(
                "field 'type' must be missed_call, incoming_call, new_conversation, referral, opt_in, opt_out or \
                 stop_contact",
            ));
        }
    };
    Ok(vec![Inbound::Event(InboundEvent::Happened { urn, what })])
}

/// The sender's address in the scheme of the channel.
fn urn(line: &Line, from: &str) -> Result<Urn, Refusal> {
    if line.scheme == "tel" {
        return crate::parse_phone(from, line.country.as_deref())
            .map_err(|error| Refusal::malformed(error.to_string()));
    }
    let path = from.trim();
    if path.is_empty() || path.chars().count() > MAX_PATH_CHARS || path.chars().any(char::is_control) {
        return Err(Refusal::malformed("sender is not a possible address"));
    }
    Ok(Urn { scheme: line.scheme.clone(), path: path.into(), display: None })
}

fn external_id(id: &str) -> Result<SmolStr, Refusal> {
    if id.chars().count() > MAX_EXTERNAL_ID_CHARS {
        return Err(Refusal::malformed(format!("id is longer than {MAX_EXTERNAL_ID_CHARS} characters")));
    }
    if id.chars().any(char::is_control) {
        return Err(Refusal::malformed("id must not hold control characters"));
    }
    Ok(id.into())
}

/// NUL cannot be stored as text and means nothing to a person.
fn clean(text: &str) -> Result<String, Refusal> {
    if text.chars().nth(MAX_TEXT_CHARS).is_some() {
        return Err(Refusal::malformed(format!("text is longer than {MAX_TEXT_CHARS} characters")));
    }
    Ok(text.replace('\0', ""))
}

/// RFC 3339 only: looser forms would be read differently by different people.
fn parse_date(text: &str) -> Result<Timestamp, Refusal> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= 20
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && matches!(bytes[10], b'T' | b't')
        && bytes[13] == b':'
        && bytes[16] == b':';
    let parsed = shaped.then(|| text.parse::<Timestamp>().ok()).flatten();
    parsed.ok_or_else(|| Refusal::malformed(format!("invalid date format, must be RFC 3339: '{text}'")))
}
