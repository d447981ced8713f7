//! Rows of lists of messages.

use domain::{ChannelId, ContactId, ContactUuid, FlowId, JobId, LabelId, MessageId, MessageUuid, UserId};
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::{Direction, MessageStatus, Walk, text_codes::text_codes};

text_codes! {
    /// Where people see a message.
    Visibility {
        /// In the lists.
        Visible = "visible",
        /// Put away.
        Archived = "archived",
        /// Nowhere; there is nothing in it any more.
        Deleted = "deleted",
    }
}

/// Which messages are listed. Those that were deleted never are, but for [`MessagesOf::Emptied`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessagesOf {
    /// All.
    Everything,
    /// Incoming ones that no flow took.
    Inbox,
    /// Incoming ones that a flow took.
    Flows,
    /// Incoming ones that were put away.
    Archived,
    /// Those with which nothing happens any more, in whichever folder: not to be sent, not waiting for a turn.
    Settled,
    /// Those that were deleted: nothing is in them.
    Emptied,
    /// Those that wait to be sent.
    Outbox,
    /// Those that the carrier has.
    Sent,
    /// Those that will not be sent.
    Failed,
    /// To and from a contact.
    Contact(ContactId),
    /// Those with a label.
    Label(LabelId),
    /// Those of a broadcast.
    Job(JobId),
    /// The one with this public identifier.
    Uuid(MessageUuid),
    /// The one with this row number.
    Id(MessageId),
}

/// A list of messages, the latest first or last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageList {
    /// Which.
    pub of: MessagesOf,
    /// Not written before this moment, in microseconds.
    pub after: i64,
    /// Not written after this one.
    pub before: i64,
    /// Where in the list.
    pub walk: Walk,
}

/// A message of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedMessage {
    /// Its place in the list.
    pub place: (i64, i64),
    /// Row number.
    pub id: MessageId,
    /// Public identifier.
    pub uuid: MessageUuid,
    /// The person: identifier and name.
    pub contact: (ContactUuid, SmolStr),
    /// The address, scheme and path, if it is still somebody's.
    pub urn: Option<(SmolStr, SmolStr)>,
    /// The line.
    pub channel: Option<ChannelId>,
    /// The flow that asked for it or that took it.
    pub flow: Option<FlowId>,
    /// The broadcast that said it.
    pub job: Option<JobId>,
    /// Which way.
    pub direction: Direction,
    /// Where it stands.
    pub status: MessageStatus,
    /// Where people see it.
    pub visibility: Visibility,
    /// Words.
    pub text: SmolStr,
    /// `type:url` each.
    pub attachments: Vec<SmolStr>,
    /// JSON of the quick replies.
    pub quick_replies: Option<String>,
    /// Who wrote it, if it is a person's answer in a ticket.
    pub user: Option<UserId>,
    /// Its labels.
    pub labels: Vec<LabelId>,
    /// When it was written.
    pub created_on: Timestamp,
    /// When it last changed.
    pub modified_on: Timestamp,
    /// When the carrier had it.
    pub sent_on: Option<Timestamp>,
}
