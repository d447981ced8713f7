//! The types of rule sets.

use serde_json::{Value, json};

use crate::legacy::actions::webhook;
use crate::legacy::shape::text;

/// What a rule set does before its rules are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Waits for a message.
    Wait(Expected),
    /// Says something, then waits: a menu of a phone.
    Menu,
    Expression,
    ContactField,
    FlowField,
    FormField,
    Group,
    Subflow,
    Webhook,
    Resthook,
    Airtime,
    Random,
}

/// What kind of message is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Anything,
    Image,
    Audio,
    Video,
    Location,
    Digit,
    Digits,
}

impl Expected {
    /// The hint that channels get.
    pub(super) fn as_json(self, set: &Value) -> Option<Value> {
        Some(match self {
            Self::Anything => return None,
            Self::Image => json!({"type": "image"}),
            Self::Audio => json!({"type": "audio"}),
            Self::Video => json!({"type": "video"}),
            Self::Location => json!({"type": "location"}),
            Self::Digit => json!({"type": "digits", "count": 1}),
            Self::Digits => {
                let key = text(set, "finished_key");
                json!({"type": "digits", "terminated_by": if key.is_empty() { "#" } else { &key }})
            }
        })
    }
}

impl Kind {
    pub(super) fn of(set: &Value) -> Result<Self, String> {
        Ok(match text(set, "ruleset_type").as_str() {
            "" => Self::guessed(set),
            "wait_message" => Self::Wait(Expected::Anything),
            "wait_photo" => Self::Wait(Expected::Image),
            "wait_audio" | "wait_recording" => Self::Wait(Expected::Audio),
            "wait_video" => Self::Wait(Expected::Video),
            "wait_gps" => Self::Wait(Expected::Location),
            "wait_digit" => Self::Wait(Expected::Digit),
            "wait_digits" => Self::Wait(Expected::Digits),
            "wait_menu" | "wait_ussd" => Self::Menu,
            // Addresses are not shortened any more: what comes after goes on with what came before.
            "expression" | "shorten_url" => Self::Expression,
            "contact_field" => Self::ContactField,
            "flow_field" => Self::FlowField,
            "form_field" => Self::FormField,
            "group" => Self::Group,
            "subflow" => Self::Subflow,
            "webhook" => Self::Webhook,
            "resthook" => Self::Resthook,
            "airtime" => Self::Airtime,
            "random" => Self::Random,
            other => {
                return Err(format!(
                    "ruleset type '{other}' is not known, so what it did cannot be brought along; \
                     take it out of the flow and export it again"
                ));
            }
        })
    }

    /// Before version 7 the type followed from the rest: the service, the keys of a phone that `response_type` told,
    /// or the operand.
    fn guessed(set: &Value) -> Self {
        if webhook::is_given(set) {
            return Self::Webhook;
        }
        match text(set, "response_type").as_str() {
            "M" => return Self::Wait(Expected::Digit),
            "K" => return Self::Wait(Expected::Digits),
            "R" => return Self::Wait(Expected::Audio),
            _ => {}
        }
        let operand = text(set, "operand").trim().to_lowercase();
        match operand.as_str() {
            "" | "@step" | "@step.value" | "@step.text" => Self::Wait(Expected::Anything),
            contact if contact.starts_with("@contact.") => Self::ContactField,
            result if result.starts_with("@flow.") => Self::FlowField,
            _ => Self::Expression,
        }
    }
}
