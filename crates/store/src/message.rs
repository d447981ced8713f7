//! Messages, their statuses and the daily counts that follow them.

use domain::{ChannelId, ContactId, FlowId, JobId, LabelId, MessageId, MessageUuid, Urn, UrnId, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::text_codes::text_codes;

text_codes! {
    /// Which way a message went.
    Direction {
        /// From the person.
        In = "in",
        /// To the person.
        Out = "out",
    }
}

text_codes! {
    /// Where a message stands.
    MessageStatus {
        /// Received; waits until the conversation is free to take it.
        Pending = "pending",
        /// Received and dealt with.
        Handled = "handled",
        /// To be sent.
        Queued = "queued",
        /// The carrier has it.
        Wired = "wired",
        /// The carrier sent it on.
        Sent = "sent",
        /// The phone has it.
        Delivered = "delivered",
        /// The person saw it.
        Read = "read",
        /// An attempt failed; another will follow.
        Errored = "errored",
        /// It will not be sent.
        Failed = "failed",
    }
}

impl MessageStatus {
    /// Whether the carrier has a message in this status.
    pub(crate) fn has_reached_carrier(self) -> bool {
        match self {
            Self::Wired | Self::Sent | Self::Delivered | Self::Read => true,
            Self::Pending | Self::Handled | Self::Queued | Self::Errored | Self::Failed => false,
        }
    }

    /// Whether the phone has a message in this status.
    pub(crate) fn has_reached_phone(self) -> bool {
        match self {
            Self::Delivered | Self::Read => true,
            Self::Pending
            | Self::Handled
            | Self::Queued
            | Self::Wired
            | Self::Sent
            | Self::Errored
            | Self::Failed => false,
        }
    }

    /// Whether a message in this status may take on `next`. Reports of carriers arrive in any order: a status
    /// never goes back, so `sent` after `delivered` changes nothing. `failed` after `wired` or `sent` is news
    /// (the carrier gave up); after `delivered` it is not. Nothing but `delivered` or `read` revives a failed one.
    pub fn may_become(self, next: Self) -> bool {
        use MessageStatus::{Delivered, Errored, Failed, Handled, Pending, Queued, Read, Sent, Wired};
        match self {
            Pending => matches!(next, Handled),
            Handled | Read => false,
            Queued => matches!(next, Wired | Sent | Delivered | Read | Errored | Failed),
            Errored => matches!(next, Queued | Wired | Sent | Delivered | Read | Errored | Failed),
            Wired => matches!(next, Sent | Delivered | Read | Errored | Failed),
            Sent => matches!(next, Delivered | Read | Failed),
            Delivered => matches!(next, Read),
            Failed => matches!(next, Delivered | Read),
        }
    }
}

/// What makes an inbound message the one that its carrier gave before. The external id alone does not: some carriers
/// send a constant there.
#[derive(Debug, Clone)]
pub struct InboundKey {
    /// Owner of the line.
    pub workspace: WorkspaceId,
    /// The line.
    pub channel: ChannelId,
    /// The carrier's id.
    pub external_id: SmolStr,
    /// Who wrote.
    pub sender: Urn,
    /// Words.
    pub text: SmolStr,
}

/// A message to be inserted. Its count for the day is kept by the store.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Row number.
    pub id: MessageId,
    /// Public identifier.
    pub uuid: MessageUuid,
    /// Owner.
    pub workspace: WorkspaceId,
    /// The person.
    pub contact: ContactId,
    /// The address, if one could be used.
    pub urn: Option<UrnId>,
    /// The line, if one could be used.
    pub channel: Option<ChannelId>,
    /// The flow that asked for it or that took it.
    pub flow: Option<FlowId>,
    /// Which way.
    pub direction: Direction,
    /// Where it stands.
    pub status: MessageStatus,
    /// Words.
    pub text: SmolStr,
    /// `type:url` each.
    pub attachments: Vec<SmolStr>,
    /// JSON of the quick replies.
    pub quick_replies: Option<String>,
    /// JSON of what only some carriers use: locale, template, topic.
    pub detail: Option<String>,
    /// The carrier's id.
    pub external_id: Option<SmolStr>,
    /// Why it failed, or why no flow took it.
    pub reason: Option<String>,
    /// The broadcast that says it.
    pub job: Option<JobId>,
    /// Local day of the workspace, days since 1970-01-01: where it is counted for good.
    pub day: i32,
    /// When it was written.
    pub created_on: Timestamp,
}

/// Which message a status is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageRef {
    /// By row number.
    Id(MessageId),
    /// By our public identifier, on the channel that reports.
    Uuid(ChannelId, MessageUuid),
    /// By the carrier's id on a channel (the latest outgoing message with it).
    External(ChannelId, SmolStr),
}

/// A new status of a message. Ignored when the message is already further (see [`MessageStatus::may_become`]).
#[derive(Debug, Clone)]
pub struct StatusChange {
    /// Owner.
    pub workspace: WorkspaceId,
    /// The message.
    pub message: MessageRef,
    /// The status.
    pub status: MessageStatus,
    /// The carrier's id, if it is learned now.
    pub external_id: Option<SmolStr>,
    /// Why, for errors and failures.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A report on a message whose identifier at the carrier is not known yet.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlyReport {
    /// Owner of the line.
    pub workspace: WorkspaceId,
    /// The line.
    pub channel: ChannelId,
    /// The carrier's id.
    pub external_id: SmolStr,
    /// What it reports.
    pub status: MessageStatus,
    /// Why, for failures.
    pub reason: Option<String>,
    /// When it came.
    pub created_on: Timestamp,
}

/// A label put on a message.
#[derive(Debug, Clone, Copy)]
pub struct NewMessageLabel {
    /// Owner.
    pub workspace: WorkspaceId,
    /// The message.
    pub message: MessageId,
    /// The label.
    pub label: LabelId,
}

/// A message as read back.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageRow {
    /// Row number.
    pub id: MessageId,
    /// Public identifier.
    pub uuid: MessageUuid,
    /// The person.
    pub contact: ContactId,
    /// The line.
    pub channel: Option<ChannelId>,
    /// Which way.
    pub direction: Direction,
    /// Where it stands.
    pub status: MessageStatus,
    /// Words.
    pub text: SmolStr,
    /// `type:url` each.
    pub attachments: Vec<SmolStr>,
    /// JSON of the quick replies.
    pub quick_replies: Option<String>,
    /// The carrier's id.
    pub external_id: Option<SmolStr>,
    /// Why it failed, or why no flow took it.
    pub reason: Option<String>,
    /// Whether the carrier may have had it twice.
    pub possibly_repeated: bool,
    /// When it was written.
    pub created_on: Timestamp,
    /// JSON of what only some carriers use; of an inbound one, what its carrier gave beside the text.
    pub detail: Option<String>,
    /// When it may leave, if it still waits in the outbox.
    pub leaves_on: Option<Timestamp>,
}

/// Messages of one kind on one day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DailyCount {
    /// Days since 1970-01-01 in the workspace's zone.
    pub day: i32,
    /// The line; `None` for messages without one.
    pub channel: Option<ChannelId>,
    /// Which way.
    pub direction: Direction,
    /// Where they stand.
    pub status: MessageStatus,
    /// How many.
    pub count: i64,
}
