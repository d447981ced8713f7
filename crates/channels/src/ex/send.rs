//! A message, to the requests of the administrator's template; and what the answers mean.

use smol_str::SmolStr;

use super::Settings;
use super::variables::{Encoding, Variables};
use crate::{
    HttpRequest, Line, Method, Outgoing, SendError, SendErrorKind, gsm7, phone, sms_parts, split_text,
};

/// Most parts one message is cut into; a longer one is refused rather than sent at great cost.
const MAX_PARTS: usize = 100;
/// Characters of a carrier's answer quoted in a reason.
const QUOTED_CHARS: usize = 200;

/// The requests that send a message, one for each part.
pub(crate) fn plan(
    line: &Line,
    settings: &Settings,
    message: &Outgoing,
) -> Result<Vec<HttpRequest>, SendError> {
    let Some(url) = &settings.send_url else {
        return Err(SendError::new(SendErrorKind::ChannelConfig, "the channel has no send_url"));
    };
    let mut text = message.text_with_attachments();
    if settings.smart_encoding {
        text = gsm7::substitute(&text);
    }
    let parts = split_text(&text, settings.max_length);
    if parts.len() > MAX_PARTS {
        let reason = format!("the message needs {} parts, more than {MAX_PARTS}", parts.len());
        return Err(SendError::new(SendErrorKind::MessageInvalid, reason));
    }
    let replies = message.quick_reply_texts();
    let last = parts.len() - 1;
    let quick_replies = |index| if index == last { replies.as_slice() } else { &[] };
    let requests = parts
        .iter()
        .enumerate()
        .map(|(index, part)| request(line, settings, url, message, part, quick_replies(index)));
    Ok(requests.collect())
}

/// How many parts of it the carrier charges: short messages where people are reached by their numbers.
pub(crate) fn parts(line: &Line, settings: &Settings, message: &Outgoing) -> usize {
    let mut text = message.text_with_attachments();
    if settings.smart_encoding {
        text = gsm7::substitute(&text);
    }
    let count = |part: &&str| if line.scheme == "tel" { sms_parts(part) } else { 1 };
    split_text(&text, settings.max_length).iter().map(count).sum()
}

fn request(
    line: &Line,
    settings: &Settings,
    url: &str,
    message: &Outgoing,
    part: &str,
    quick_replies: &[&str],
) -> HttpRequest {
    let uuid = message.uuid.to_string();
    let channel = line.uuid.to_string();
    let path = message.urn.path.as_str();
    let to = if settings.use_national { phone::national(path) } else { path };
    let values = [
        ("id", uuid.as_str()),
        ("uuid", uuid.as_str()),
        ("text", part),
        ("to", to),
        ("to_no_plus", to.trim_start_matches('+')),
        ("from", line.address.as_str()),
        ("from_no_plus", line.address.trim_start_matches('+')),
        ("channel", channel.as_str()),
        ("session_status", message.session_status.as_deref().unwrap_or_default()),
    ];
    let variables = Variables { values: &values, quick_replies };
    let body = match settings.method {
        Method::Get => String::new(),
        Method::Post | Method::Put => variables.fill(&settings.body, settings.encoding),
    };
    let mut headers = vec![("Content-Type".to_owned(), settings.content_type.clone())];
    headers.extend(settings.authorization.iter().map(|value| ("Authorization".to_owned(), value.clone())));
    headers.extend(settings.headers.iter().cloned());
    HttpRequest { method: settings.method, url: variables.fill(url, Encoding::Url), headers, body }
}

/// What an answer means.
pub(crate) fn judge(settings: &Settings, status: u16, body: &str) -> Result<Option<SmolStr>, SendError> {
    let opted_out = settings.opt_out_check.as_deref().is_some_and(|check| body.contains(check));
    let kind = match status {
        // Whatever status it has: some carriers say no with 200.
        200..=499 if opted_out => SendErrorKind::ContactStopped,
        200..=299 => match &settings.answer_check {
            Some(check) if !body.contains(check.as_str()) => SendErrorKind::ResponseContent,
            _ => return Ok(None),
        },
        429 => SendErrorKind::ConnectionThrottled,
        500..=599 | 408 => SendErrorKind::ConnectionFailed,
        _ => SendErrorKind::ResponseStatus,
    };
    let quoted: String = body.chars().take(QUOTED_CHARS).collect();
    let reason = match kind {
        SendErrorKind::ResponseContent => format!("the carrier's answer lacks the expected text: {quoted}"),
        _ => format!("the carrier answered {status}: {quoted}"),
    };
    Err(SendError::new(kind, reason))
}
