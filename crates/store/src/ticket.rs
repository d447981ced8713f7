//! Conversations that need a person.

use domain::{
    CannedReplyId, CannedReplyUuid, ContactId, FlowId, MessageId, RunId, TeamId, TeamUuid, TicketId,
    TicketUuid, TopicId, TopicUuid, UserId, WorkspaceId,
};
use jiff::Timestamp;
use smol_str::SmolStr;

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
    /// When somebody first answered in it.
    pub replied_on: Option<Timestamp>,
    /// Who that was, if it is known.
    pub replied_by: Option<UserId>,
    /// Who opened it by hand; nobody if a flow did.
    pub opened_by: Option<UserId>,
}

/// What tickets are about.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicRow {
    /// Row number.
    pub id: TopicId,
    /// Public identifier.
    pub uuid: TopicUuid,
    /// Name.
    pub name: SmolStr,
}

/// Agents who deal with the tickets of some topics.
#[derive(Debug, Clone, PartialEq)]
pub struct TeamRow {
    /// Row number.
    pub id: TeamId,
    /// Public identifier.
    pub uuid: TeamUuid,
    /// Name, unique in the workspace whatever its case.
    pub name: SmolStr,
    /// The topics whose tickets they see.
    pub topics: Vec<TopicId>,
    /// When it was made.
    pub created_on: Timestamp,
}

/// What agents answer often.
#[derive(Debug, Clone, PartialEq)]
pub struct CannedReplyRow {
    /// Row number.
    pub id: CannedReplyId,
    /// Public identifier.
    pub uuid: CannedReplyUuid,
    /// Name, unique in the workspace whatever its case.
    pub name: SmolStr,
    /// JSON of what is said, by language.
    pub said: String,
    /// When it last changed.
    pub modified_on: Timestamp,
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
    /// Somebody wrote to the person in it. The first time is kept with the ticket, and who wrote with the message.
    Reply {
        /// The message, written in the same unit.
        message: MessageId,
        /// Who wrote it.
        user: Option<UserId>,
        /// Whether it goes out; else it is no answer.
        goes_out: bool,
    },
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
