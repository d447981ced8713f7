//! Where a contact's conversation stands: session, runs and history.

use std::collections::BTreeMap;

use domain::{
    ContactId, EventId, FlowId, GroupId, JobId, MessageId, MessageUuid, RunId, RunUuid, SessionId,
    SessionUuid, Urn, WorkspaceId,
};
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::{ContactRow, TicketRow, UrnRow, text_codes::text_codes};

text_codes! {
    /// How a session stands.
    SessionStatus {
        /// Waits for the person, or for an effect.
        Waiting = "waiting",
        /// Came to its end.
        Completed = "completed",
        /// Nobody answered in time.
        Expired = "expired",
        /// Stopped by an error.
        Failed = "failed",
        /// Left for another flow, or the person opted out.
        Interrupted = "interrupted",
    }
}

text_codes! {
    /// What a session waits for.
    WaitKind {
        /// The person's message.
        Message = "msg",
        /// A phone call's end.
        Dial = "dial",
        /// The answer of an effect.
        Effect = "effect",
    }
}

/// A session as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionRow {
    /// Row number.
    pub id: SessionId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Public identifier.
    pub uuid: SessionUuid,
    /// The person.
    pub contact: ContactId,
    /// How it stands.
    pub status: SessionStatus,
    /// What it waits for.
    pub wait_kind: Option<WaitKind>,
    /// When the wait times out.
    pub wait_until: Option<Timestamp>,
    /// When the session expires.
    pub expires_on: Option<Timestamp>,
    /// What its open runs need, in order: `flow row number:revision:run row number` joined with commas.
    pub pins: String,
    /// The engine's state; empty once the session has ended.
    pub state: Vec<u8>,
    /// When it began.
    pub created_on: Timestamp,
    /// When it ended.
    pub ended_on: Option<Timestamp>,
}

/// One flow within a session, with its answers.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// Row number.
    pub id: RunId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Public identifier.
    pub uuid: RunUuid,
    /// Its session.
    pub session: SessionId,
    /// The person.
    pub contact: ContactId,
    /// The flow.
    pub flow: FlowId,
    /// `active`, `waiting`, `completed`, `expired`, `failed` or `interrupted`.
    pub status: SmolStr,
    /// Whether the person wrote within it.
    pub responded: bool,
    /// JSON object of results by key.
    pub results: String,
    /// When it began.
    pub created_on: Timestamp,
    /// When it last changed.
    pub modified_on: Timestamp,
    /// When it ended.
    pub exited_on: Option<Timestamp>,
    /// JSON of the nodes it went through, `[{"node", "time"}]`, once it has ended by itself.
    pub path: Option<String>,
    /// The start that began it; kept as it was first written.
    pub job: Option<JobId>,
}

/// An entry in a contact's history.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// Row number.
    pub id: EventId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// The person.
    pub contact: ContactId,
    /// The session it happened in.
    pub session: Option<SessionId>,
    /// Its type, such as `contact_field_changed`.
    pub kind: SmolStr,
    /// JSON of the event.
    pub body: String,
    /// When.
    pub created_on: Timestamp,
}

/// Whose conversation to load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConversationKey {
    /// By address.
    Urn(WorkspaceId, Urn),
    /// By row number.
    Contact(WorkspaceId, ContactId),
}

/// A message that waits for its turn.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingMessage {
    /// Row number.
    pub id: MessageId,
    /// Public identifier.
    pub uuid: MessageUuid,
    /// The address it came from.
    pub urn: Option<domain::UrnId>,
    /// The line.
    pub channel: Option<domain::ChannelId>,
    /// Words.
    pub text: SmolStr,
    /// `type:url` each.
    pub attachments: Vec<SmolStr>,
    /// The carrier's id.
    pub external_id: Option<SmolStr>,
    /// JSON of what its carrier gave beside the text.
    pub detail: Option<String>,
    /// When it was received.
    pub created_on: Timestamp,
}

/// All that one step of a conversation needs, read in one go.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// The person.
    pub contact: ContactRow,
    /// Their addresses, the preferred one first.
    pub urns: Vec<UrnRow>,
    /// Their groups in the order they joined.
    pub groups: Vec<GroupId>,
    /// The session that waits, if any.
    pub session: Option<SessionRow>,
    /// Their open tickets, the oldest first.
    pub tickets: Vec<TicketRow>,
    /// Messages that wait for their turn, oldest first.
    pub pending: Vec<PendingMessage>,
    /// Whether more messages wait for their turn than `pending` holds; they come after those.
    pub more_pending: bool,
}

/// What a load gives.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// In the order of the keys; `None` for addresses nobody has.
    pub conversations: Vec<Option<Conversation>>,
    /// `definitions_version` of each workspace that was named, by which caches notice that they are old.
    pub definitions_versions: BTreeMap<WorkspaceId, i64>,
}
