//! What carriers tell us: messages, delivery reports and events, whichever carrier they came from.

use domain::{MessageUuid, Urn};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use thiserror::Error;

/// A carrier's HTTP request, as far as codecs look at it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// The last part of the path, such as `receive`.
    pub action: &'a str,
    /// The query string without its `?`.
    pub query: &'a str,
    /// The `Content-Type` header.
    pub content_type: Option<&'a str>,
    /// The body, already held to its limit.
    pub body: &'a [u8],
    /// The `X-Hub-Signature-256` header, by which some carriers prove that they are the sender.
    pub signature: Option<&'a str>,
}

/// What a carrier's request says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// What we act on, in the order in which the carrier has it.
    pub items: Vec<Inbound>,
    /// What we do not act on, one line for each; the carrier sees it in the answer.
    pub notes: Vec<String>,
    /// Whether the carrier approved a template, or wants one no more: its list should be asked for.
    pub templates_changed: bool,
}

impl From<Vec<Inbound>> for Reading {
    fn from(items: Vec<Inbound>) -> Self {
        Self { items, ..Self::default() }
    }
}

/// One thing a carrier tells us. It can be written down and read again, for what has to wait until it can be kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inbound {
    /// A person wrote.
    Message(InboundMessage),
    /// What became of a message that we sent.
    Status(InboundStatus),
    /// Something else happened to a contact.
    Event(InboundEvent),
}

/// A message from a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboundMessage {
    /// Who wrote.
    pub urn: Urn,
    /// Other addresses by which the carrier knows the same person.
    pub other_urns: Vec<Urn>,
    /// What they wrote; may be empty.
    pub text: String,
    /// `type:url` of each attached file.
    pub attachments: Vec<String>,
    /// When the carrier says it was written.
    pub sent_on: Option<Timestamp>,
    /// The carrier's own identifier: the same one again, from the same sender and with the same text, is the same
    /// message again. Some carriers send a constant here, so it is never taken for the message alone.
    pub external_id: Option<SmolStr>,
    /// The person's name, if the carrier gives it.
    pub name: Option<SmolStr>,
    /// What the carrier gives beside the text: `{"id": …}` of a button or row that was chosen, the answers of a form.
    pub payload: Option<serde_json::Value>,
}

/// How far a sent message got. The order is the order of progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// The carrier has it.
    Sent,
    /// The phone has it.
    Delivered,
    /// The person has seen it.
    Read,
    /// It will not arrive.
    Failed,
}

impl DeliveryStatus {
    /// The letter that carriers' answers and the API use.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Sent => "S",
            Self::Delivered => "D",
            Self::Read => "R",
            Self::Failed => "F",
        }
    }
}

/// A delivery report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InboundStatus {
    /// The message it is about, when the carrier reports our identifier.
    pub message: Option<MessageUuid>,
    /// The carrier's identifier of that message, when it reports its own.
    pub external_id: Option<SmolStr>,
    /// How far it got.
    pub status: DeliveryStatus,
    /// Why it failed, as the carrier says it.
    pub reason: Option<String>,
}

/// An event about a contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InboundEvent {
    /// They asked the carrier to stop our messages.
    StopContact {
        /// Who.
        urn: Urn,
    },
    /// They opened a conversation without writing yet.
    NewConversation {
        /// Who.
        urn: Urn,
    },
    /// Something that may start a flow.
    Happened {
        /// Who.
        urn: Urn,
        /// What.
        what: Happening,
    },
    /// They have another address now.
    Moved {
        /// The one that they had.
        urn: Urn,
        /// The one that they have, and others by which the carrier knows them.
        to: Vec<Urn>,
    },
}

/// Something that happened on a line and may start a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// They called and nobody answered.
    MissedCall,
    /// They call.
    IncomingCall,
    /// They came by a link or an advertisement; which one, as far as it is known.
    Referral(SmolStr),
    /// They agreed to get messages; to which, as far as it is known.
    OptIn(SmolStr),
    /// They want these no more.
    OptOut(SmolStr),
}

impl Happening {
    /// The name of the event in answers and in requests.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MissedCall => "missed_call",
            Self::IncomingCall => "incoming_call",
            Self::Referral(_) => "referral",
            Self::OptIn(_) => "opt_in",
            Self::OptOut(_) => "opt_out",
        }
    }
}

impl InboundEvent {
    /// The name of the event in answers and in the API.
    pub fn name(&self) -> &'static str {
        match self {
            Self::StopContact { .. } => "stop_contact",
            Self::NewConversation { .. } => "new_conversation",
            Self::Happened { what, .. } => what.name(),
            Self::Moved { .. } => "moved",
        }
    }

    /// Whom it is about.
    pub fn urn(&self) -> &Urn {
        match self {
            Self::StopContact { urn }
            | Self::NewConversation { urn }
            | Self::Happened { urn, .. }
            | Self::Moved { urn, .. } => urn,
        }
    }
}

/// Why a carrier's request is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The request does not say what it must; the text is shown to the carrier.
    #[error("{0}")]
    Malformed(String),
    /// This kind of channel has no such action.
    #[error("no such action")]
    UnknownAction,
    /// The request does not prove that the carrier sent it; the text says what is missing.
    #[error("{0}")]
    Unsigned(&'static str),
}

impl Refusal {
    /// A malformed request, with the reason.
    pub fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed(reason.into())
    }
}
