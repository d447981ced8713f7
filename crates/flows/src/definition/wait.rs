//! What a node waits for.

use domain::CategoryUuid;
use serde::Deserialize;
use smol_str::SmolStr;

use super::nullable::nullable;

/// Seconds a called phone may ring unless the definition says otherwise.
pub const DEFAULT_DIAL_LIMIT_SECONDS: u32 = 60;
/// Seconds a forwarded call may last unless the definition says otherwise.
pub const DEFAULT_CALL_LIMIT_SECONDS: u32 = 7200;

/// What a node waits for before its router chooses.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Wait {
    /// A message.
    Msg {
        /// What happens if none comes.
        #[serde(default)]
        timeout: Option<Timeout>,
        /// What kind of message is expected.
        #[serde(default)]
        hint: Option<Hint>,
    },
    /// The end of a call forwarded to another phone.
    Dial {
        /// Template of the number.
        #[serde(default, deserialize_with = "nullable")]
        phone: SmolStr,
        /// Seconds it may ring.
        #[serde(default = "default_dial_limit")]
        dial_limit_seconds: u32,
        /// Seconds the call may last.
        #[serde(default = "default_call_limit")]
        call_limit_seconds: u32,
    },
}

fn default_dial_limit() -> u32 {
    DEFAULT_DIAL_LIMIT_SECONDS
}

fn default_call_limit() -> u32 {
    DEFAULT_CALL_LIMIT_SECONDS
}

/// When to give up on a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Timeout {
    /// Seconds after the wait began.
    #[serde(default)]
    pub seconds: u32,
    /// The outcome then.
    #[serde(default)]
    pub category_uuid: CategoryUuid,
}

/// What kind of message is expected; channels may show it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Hint {
    /// A recording.
    Audio,
    /// Keys of a phone.
    Digits {
        /// How many; open if absent.
        #[serde(default)]
        count: Option<u32>,
        /// The key that ends the input.
        #[serde(default)]
        terminated_by: Option<SmolStr>,
    },
    /// A picture.
    Image,
    /// A place.
    Location,
    /// A film.
    Video,
}
