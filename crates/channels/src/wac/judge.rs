//! What Meta's answers mean.

use domain::Urn;
use serde_json::Value;
use smol_str::SmolStr;

use super::SCHEME;
use crate::{SendError, SendErrorKind};

/// Characters of an answer quoted in a reason.
const QUOTED_CHARS: usize = 200;

/// The message's identifier, or why it was not sent.
pub(crate) fn judge(status: u16, body: &str) -> Result<Option<SmolStr>, SendError> {
    let Ok(answer) = serde_json::from_str::<Value>(body) else {
        let kind = of_status(status).unwrap_or(SendErrorKind::ResponseUnparseable);
        return Err(SendError::new(kind, format!("the carrier answered {status}: {}", quote(body))));
    };
    let error = &answer["error"];
    if let Some(code) = error["code"].as_i64().filter(|code| *code != 0) {
        let details = error["error_data"]["details"].as_str();
        let text = details.or(error["message"].as_str()).unwrap_or("no reason given");
        let reason = format!("{code}: {}{}", quote(text), hint(code));
        return Err(SendError::new(of_code(code, status), reason));
    }
    if !(200..=299).contains(&status) {
        let kind = of_status(status).unwrap_or(SendErrorKind::ResponseStatus);
        return Err(SendError::new(kind, format!("the carrier answered {status}: {}", quote(body))));
    }
    match answer["messages"][0]["id"].as_str() {
        Some(id) if !id.is_empty() => Ok(Some(id.into())),
        _ => {
            let reason = format!("the carrier's answer has no message id: {}", quote(body));
            Err(SendError::new(SendErrorKind::ResponseUnexpected, reason))
        }
    }
}

/// The name within our business by which Meta's answer to a sent message knows the person, besides the number that it
/// went to.
pub(crate) fn other_address(body: &str) -> Option<Urn> {
    // Nearly all answers have none: they need not be read again.
    if !body.contains("\"user_id\"") {
        return None;
    }
    let answer: Value = serde_json::from_str(body).ok()?;
    let urn = Urn::new(SCHEME, answer["contacts"][0]["user_id"].as_str()?);
    urn.validate().is_ok().then_some(urn)
}

fn quote(text: &str) -> String {
    text.chars().take(QUOTED_CHARS).collect()
}

/// What an answer's status alone says, if anything.
fn of_status(status: u16) -> Option<SendErrorKind> {
    match status {
        429 => Some(SendErrorKind::ConnectionThrottled),
        408 | 500..=599 => Some(SendErrorKind::ConnectionFailed),
        _ => None,
    }
}

/// The class of an error code.
fn of_code(code: i64, status: u16) -> SendErrorKind {
    match code {
        // Calls of the app, of the account, messages a second, too many reported as spam, registrations, new people a
        // day, and calls of an interface.
        4 | 613 | 80_007 | 130_429 | 131_048 | 131_064 | 133_016 => SendErrorKind::ConnectionThrottled,
        131_056 => SendErrorKind::PersonThrottled,
        // The person told WhatsApp to stop messages of this business.
        131_050 => SendErrorKind::ContactStopped,
        // Out of order, and under maintenance.
        131_016 | 131_057 => SendErrorKind::ConnectionFailed,
        // The file could not be taken over.
        131_053 => SendErrorKind::RetryableWithReason,
        _ => of_status(status).unwrap_or(SendErrorKind::FailedWithReason),
    }
}

/// What to do about codes that a person must do something about.
fn hint(code: i64) -> &'static str {
    match code {
        0 | 10 | 190 | 200..=299 => " (give the channel an access token that is valid and may send messages)",
        368 | 131_031 => " (Meta has restricted the account; see its Business Manager)",
        131_042 => " (Meta wants a means of payment; see its Business Manager)",
        131_047 => " (more than 24 hours since the person wrote: only a template may be sent)",
        132_001 => " (the template is not approved in this language)",
        132_015 | 132_016 => " (Meta has paused or disabled the template)",
        _ => "",
    }
}
