//! Conversations that need a person.

use domain::{ContactId, FlowId, RunId, TicketId, TicketUuid, TopicId, UserId, WorkspaceId};
use jiff::Timestamp;

use crate::text_codes::text_codes;

text_codes! {
    /// Whether a ticket needs somebody.
    TicketStatus {
        /// It does.
        Open = "open",
        /// It does not.
        Closed = "closed",
    }
}

/// A ticket as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketRow {
    /// Row number.
    pub id: TicketId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Public identifier.
    pub uuid: TicketUuid,
    /// Whose conversation it is.
    pub contact: ContactId,
    /// Whether it needs somebody.
    pub status: TicketStatus,
    /// Its subject.
    pub topic: Option<TopicId>,
    /// Who deals with it.
    pub assignee: Option<UserId>,
    /// What was said when it was opened.
    pub note: Option<String>,
    /// The flow that opened it.
    pub flow: Option<FlowId>,
    /// The run that opened it.
    pub run: Option<RunId>,
    /// When it was opened.
    pub opened_on: Timestamp,
    /// When it last changed.
    pub modified_on: Timestamp,
    /// When it was closed.
    pub closed_on: Option<Timestamp>,
}

/// What changes of a ticket.
#[derive(Debug, Clone, PartialEq)]
pub enum TicketEdit {
    /// It is closed, or opened again.
    Status(TicketStatus),
    /// Another subject.
    Topic(Option<TopicId>),
    /// Somebody else deals with it, or nobody.
    Assignee(Option<UserId>),
    /// A note was added; the first one is kept with the ticket, all are in the contact's history.
    Note(String),
}

/// A change of a ticket; nothing if the contact has no such ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketChange {
    /// Owner.
    pub workspace: WorkspaceId,
    /// Whose conversation it is.
    pub contact: ContactId,
    /// Which.
    pub ticket: TicketUuid,
    /// What changes.
    pub edit: TicketEdit,
    /// When.
    pub at: Timestamp,
}
