//! What starts a session: a message, a person, a campaign, a call, another flow.

use std::sync::Arc;

use domain::{ChannelRef, Reference, UserUuid};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use thiserror::Error;

use crate::events::{Event, EventKind, FlowRef, MsgReceived, SessionHistory, TicketData};

/// How a keyword was found in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeywordMatchType {
    /// It is the first word.
    FirstWord,
    /// It is the only word.
    OnlyWord,
}

/// The keyword that started a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeywordMatch {
    /// How it was found.
    #[serde(rename = "type")]
    pub match_type: KeywordMatchType,
    /// The keyword.
    pub keyword: SmolStr,
}

/// What started a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trigger {
    /// The flow to run.
    pub flow: FlowRef,
    /// When it was triggered.
    pub triggered_on: Timestamp,
    /// Whether many contacts were started at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub batch: bool,
    /// Values for `@trigger.params`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Arc<serde_json::Value>>,
    /// How far this session is from a person's last word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<SessionHistory>,
    /// What kind of thing it was.
    #[serde(flatten)]
    pub kind: TriggerKind,
}

/// The kinds of trigger, by their JSON `type`. Most carry the event that caused them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TriggerKind {
    /// A person or the API started the flow.
    Manual {
        /// Who.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<Reference<UserUuid>>,
        /// `ui` or `api`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        origin: Option<SmolStr>,
    },
    /// A message came in (`msg_received`).
    Msg {
        /// The message.
        event: Box<Event>,
        /// The keyword in it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        keyword_match: Option<KeywordMatch>,
    },
    /// The contact called or was called (`call_received`, `call_missed`, `call_created`).
    Call {
        /// The call.
        event: Box<Event>,
    },
    /// A point of a campaign was reached (`campaign_fired`).
    Campaign {
        /// The campaign and point.
        event: Box<Event>,
    },
    /// A conversation was opened (`chat_started`).
    Chat {
        /// The channel and parameters.
        event: Box<Event>,
    },
    /// Another contact's flow started this one.
    FlowAction {
        /// The run that did, seen as `@parent`.
        run_summary: Arc<serde_json::Value>,
    },
    /// A ticket was closed (`ticket_closed`).
    Ticket {
        /// What happened.
        event: Box<Event>,
        /// To which ticket.
        ticket: TicketData,
    },
    /// Something happened on a channel; kept for sessions started long ago.
    Channel {
        /// What happened.
        event: ChannelTriggerEvent,
    },
}

/// What happened on a channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelTriggerEvent {
    /// Such as `new_conversation`.
    #[serde(rename = "type")]
    pub event_type: SmolStr,
    /// Where.
    pub channel: ChannelRef,
}

/// Why a trigger cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TriggerError {
    /// It carries the wrong kind of event.
    #[error("{trigger} trigger event must be of type {wanted}")]
    WrongEvent {
        /// The trigger.
        trigger: &'static str,
        /// The event it must carry.
        wanted: &'static str,
    },
    /// It is not in the form of a trigger.
    #[error("not a trigger: {0}")]
    Malformed(String),
}

impl Trigger {
    /// A flow started by a person or the API.
    pub fn manual(flow: FlowRef, triggered_on: Timestamp) -> Self {
        Self::new(flow, triggered_on, TriggerKind::Manual { user: None, origin: None })
    }

    /// A flow started by a message; the event must be `msg_received`.
    pub fn msg(flow: FlowRef, event: Event, keyword_match: Option<KeywordMatch>) -> Self {
        Self::new(flow, event.created_on, TriggerKind::Msg { event: Box::new(event), keyword_match })
    }

    /// Any trigger without parameters.
    pub fn new(flow: FlowRef, triggered_on: Timestamp, kind: TriggerKind) -> Self {
        Self { flow, triggered_on, batch: false, params: None, history: None, kind }
    }

    /// Reads a trigger and checks that it carries the event it should.
    ///
    /// # Errors
    /// [`TriggerError`]
    pub fn from_json(json: &[u8]) -> Result<Self, TriggerError> {
        let trigger: Self =
            serde_json::from_slice(json).map_err(|error| TriggerError::Malformed(error.to_string()))?;
        trigger.check()?;
        Ok(trigger)
    }

    /// Whether the trigger carries the kind of event it should.
    ///
    /// # Errors
    /// [`TriggerError::WrongEvent`]
    pub fn check(&self) -> Result<(), TriggerError> {
        let wrong = |wanted| Err(TriggerError::WrongEvent { trigger: self.kind.name(), wanted });
        match &self.kind {
            TriggerKind::Msg { event, .. } if !matches!(event.kind, EventKind::MsgReceived(_)) => {
                wrong("msg_received")
            }
            TriggerKind::Campaign { event } if !matches!(event.kind, EventKind::CampaignFired(_)) => {
                wrong("campaign_fired")
            }
            TriggerKind::Chat { event } if !matches!(event.kind, EventKind::ChatStarted(_)) => {
                wrong("chat_started")
            }
            TriggerKind::Call { event }
                if !matches!(
                    event.kind,
                    EventKind::CallReceived(_) | EventKind::CallMissed(_) | EventKind::CallCreated(_)
                ) =>
            {
                wrong("call_received or call_missed")
            }
            TriggerKind::Ticket { event, .. } if !matches!(event.kind, EventKind::TicketClosed(_)) => {
                wrong("ticket_closed")
            }
            TriggerKind::Manual { .. }
            | TriggerKind::Msg { .. }
            | TriggerKind::Call { .. }
            | TriggerKind::Campaign { .. }
            | TriggerKind::Chat { .. }
            | TriggerKind::FlowAction { .. }
            | TriggerKind::Ticket { .. }
            | TriggerKind::Channel { .. } => Ok(()),
        }
    }

    /// The message that triggered, with its event.
    pub fn received(&self) -> Option<(&Event, &MsgReceived)> {
        match &self.kind {
            TriggerKind::Msg { event, .. } => match &event.kind {
                EventKind::MsgReceived(received) => Some((event, received)),
                _ => None,
            },
            _ => None,
        }
    }
}

impl TriggerKind {
    /// The JSON `type` of this kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Manual { .. } => "manual",
            Self::Msg { .. } => "msg",
            Self::Call { .. } => "call",
            Self::Campaign { .. } => "campaign",
            Self::Chat { .. } => "chat",
            Self::FlowAction { .. } => "flow_action",
            Self::Ticket { .. } => "ticket",
            Self::Channel { .. } => "channel",
        }
    }
}
