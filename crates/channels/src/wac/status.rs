//! Reports about messages that we sent.

use domain::{MessageUuid, Urn};
use serde_json::Value;

use super::SCHEME;
use super::receive::{list, scalar};
use crate::{DeliveryStatus, InboundEvent, InboundStatus};

/// Longest identifier of a message.
const MAX_ID_BYTES: usize = 255;
/// Characters of a reason that are kept.
const MAX_REASON_CHARS: usize = 500;

/// Reads one report, or says why it is ignored.
pub(super) fn read(report: &Value) -> Result<InboundStatus, String> {
    let name = report["status"].as_str().unwrap_or_default();
    let status = match name {
        "sent" => DeliveryStatus::Sent,
        "delivered" => DeliveryStatus::Delivered,
        // A voice message that was listened to.
        "read" | "played" => DeliveryStatus::Read,
        "failed" => DeliveryStatus::Failed,
        "deleted" => return Err(format!("ignoring status: {name}")),
        _ => return Err(format!("unknown status: {name}")),
    };
    // What we gave with the message comes back, also before its answer has reached us.
    let message: Option<MessageUuid> =
        report["biz_opaque_callback_data"].as_str().and_then(|data| data.parse().ok());
    let external_id = message_id(report)?;
    if message.is_none() && external_id.is_none() {
        return Err("ignoring status: it names no message".to_owned());
    }
    let reasons: Vec<String> = list(&report["errors"]).iter().map(explain).collect();
    let reason = (!reasons.is_empty()).then(|| reasons.join("; ").chars().take(MAX_REASON_CHARS).collect());
    Ok(InboundStatus { message, external_id, status, reason })
}

/// Meta's code for a person who stopped the messages of this business.
const STOPPED: i64 = 131_050;

/// Whom a report says to have opted out: Meta may take a message and say so only then.
pub(super) fn opt_out(report: &Value) -> Option<InboundEvent> {
    if report["status"] != "failed" || !list(&report["errors"]).iter().any(|error| error["code"] == STOPPED) {
        return None;
    }
    let path = scalar(&report["recipient_id"]).or_else(|| scalar(&report["recipient_user_id"]))?;
    let urn = Urn::new(SCHEME, path.trim_start_matches('+'));
    urn.validate().is_ok().then_some(InboundEvent::StopContact { urn })
}

/// The identifier of a message or report.
pub(super) fn message_id(value: &Value) -> Result<Option<smol_str::SmolStr>, String> {
    match value["id"].as_str() {
        None | Some("") => Ok(None),
        Some(id) if id.len() > MAX_ID_BYTES => Err(format!("id is longer than {MAX_ID_BYTES} bytes")),
        Some(id) if id.chars().any(char::is_control) => Err("id must not hold control characters".to_owned()),
        Some(id) => Ok(Some(id.into())),
    }
}

/// An error of Meta's as `131026: Message undeliverable`.
pub(super) fn explain(error: &Value) -> String {
    let code = scalar(&error["code"]).unwrap_or_default();
    let texts = [&error["error_data"]["details"], &error["title"], &error["message"]];
    let text = texts.iter().find_map(|text| text.as_str().filter(|text| !text.is_empty()));
    format!("{code}: {}", text.unwrap_or("no reason given"))
}
