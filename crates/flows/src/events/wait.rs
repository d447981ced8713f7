//! Waits beginning, and the end of a dialled call.

use domain::Urn;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// What kind of answer is expected, for channels that can make use of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// `audio`, `digits`, `image`, `location` or `video`.
    #[serde(rename = "type")]
    pub kind: SmolStr,
    /// How many digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// The key that ends the digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminated_by: Option<SmolStr>,
}

/// The flow waits for a message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MsgWait {
    /// Seconds after which the flow goes on without one, counted from the last message being sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
    /// When the conversation is given up.
    pub expires_on: Timestamp,
    /// What kind of answer is expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Hint>,
}

/// The flow waits for a call to a third person to end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DialWait {
    /// Whom to call.
    pub urn: Urn,
    /// How long it may ring.
    pub dial_limit_seconds: u32,
    /// How long they may talk.
    pub call_limit_seconds: u32,
    /// When the conversation is given up.
    pub expires_on: Timestamp,
}

/// How a dialled call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DialStatus {
    /// They talked.
    Answered,
    /// Nobody picked up.
    NoAnswer,
    /// They were talking to somebody else.
    Busy,
    /// The call could not be made.
    Failed,
}

/// A dialled call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dial {
    /// How it ended.
    pub status: DialStatus,
    /// Seconds they talked.
    pub duration: u32,
}

/// A dialled call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialEnded {
    /// The call.
    pub dial: Dial,
}
