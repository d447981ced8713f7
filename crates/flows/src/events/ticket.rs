//! Tickets opened, closed, assigned and annotated.

use domain::{Reference, TicketUuid, TopicUuid, UserUuid};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A topic as events name it.
pub type TopicRef = Reference<TopicUuid>;
/// A user as events name them.
pub type UserRef = Reference<UserUuid>;

/// Whether a ticket needs somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketStatus {
    /// It does.
    #[default]
    Open,
    /// It does not.
    Closed,
}

/// A ticket as events carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketData {
    /// Public identifier.
    pub uuid: TicketUuid,
    /// Whether it is open.
    #[serde(default)]
    pub status: TicketStatus,
    /// Its subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicRef>,
    /// Who deals with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<UserRef>,
}

/// A ticket was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketOpened {
    /// The ticket.
    pub ticket: TicketData,
    /// The first note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<SmolStr>,
}

/// A ticket was closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketClosed {
    /// Which.
    pub ticket_uuid: TicketUuid,
}

/// A ticket was opened again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketReopened {
    /// Which.
    pub ticket_uuid: TicketUuid,
}

/// A note was added to a ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketNoteAdded {
    /// Which.
    pub ticket_uuid: TicketUuid,
    /// The note.
    pub note: SmolStr,
}

/// Somebody else deals with a ticket, or nobody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketAssigneeChanged {
    /// Which.
    pub ticket_uuid: TicketUuid,
    /// Who does now.
    pub assignee: Option<UserRef>,
    /// Who did before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<UserRef>,
}

/// A ticket has another topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TicketTopicChanged {
    /// Which.
    pub ticket_uuid: TicketUuid,
    /// The topic now.
    pub topic: TopicRef,
}
