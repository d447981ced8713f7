//! What a waiting session goes on with: a message, the end of its time, the end of a dialled call.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::events::{Dial, Event, EventKind, MsgReceived};

/// What a waiting session goes on with. Each kind wraps the event that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Resume {
    /// A message came (`msg_received`).
    Msg(Resumption),
    /// The wait's time was up (`wait_timed_out`).
    WaitTimeout(Resumption),
    /// The conversation expired (`wait_expired`).
    WaitExpiration(Resumption),
    /// The dialled call ended (`dial_ended`).
    Dial(Resumption),
}

/// The event and when the session was resumed with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resumption {
    /// What happened.
    pub event: Event,
    /// When the session was resumed.
    pub resumed_on: Timestamp,
}

/// The event is not one that can resume a session.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("an event of type {0} cannot resume a session")]
pub struct NotAResume(pub &'static str);

impl Resume {
    /// The resume that an event makes.
    ///
    /// # Errors
    /// If it is none of the four kinds.
    pub fn from_event(event: Event) -> Result<Self, NotAResume> {
        let resumption = Resumption { resumed_on: event.created_on, event };
        match &resumption.event.kind {
            EventKind::MsgReceived(_) => Ok(Self::Msg(resumption)),
            EventKind::WaitTimedOut {} => Ok(Self::WaitTimeout(resumption)),
            EventKind::WaitExpired {} => Ok(Self::WaitExpiration(resumption)),
            EventKind::DialEnded(_) => Ok(Self::Dial(resumption)),
            other => Err(NotAResume(other.name())),
        }
    }

    /// The JSON `type`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Msg(_) => "msg",
            Self::WaitTimeout(_) => "wait_timeout",
            Self::WaitExpiration(_) => "wait_expiration",
            Self::Dial(_) => "dial",
        }
    }

    /// One of the JSON types, kept for the program's lifetime.
    pub(crate) fn known_name(name: &str) -> Option<&'static str> {
        ["msg", "wait_timeout", "wait_expiration", "dial"].into_iter().find(|known| *known == name)
    }

    /// The event and moment.
    pub fn resumption(&self) -> &Resumption {
        match self {
            Self::Msg(r) | Self::WaitTimeout(r) | Self::WaitExpiration(r) | Self::Dial(r) => r,
        }
    }

    /// The message, if it is one.
    pub fn received(&self) -> Option<(&Event, &MsgReceived)> {
        match self {
            Self::Msg(Resumption { event, .. }) => match &event.kind {
                EventKind::MsgReceived(received) => Some((event, received)),
                _ => None,
            },
            Self::WaitTimeout(_) | Self::WaitExpiration(_) | Self::Dial(_) => None,
        }
    }

    /// The dialled call, if it is one.
    pub fn dial(&self) -> Option<Dial> {
        match self {
            Self::Dial(Resumption { event, .. }) => match &event.kind {
                EventKind::DialEnded(ended) => Some(ended.dial),
                _ => None,
            },
            Self::Msg(_) | Self::WaitTimeout(_) | Self::WaitExpiration(_) => None,
        }
    }
}
