//! What must go out into the world. Rows are written in the transaction that decides it and are removed by the
//! operation that records the answer.

use domain::{ChannelId, ContactId, MessageId, MessageUuid, OutboxId, SessionId, WorkspaceId};
use jiff::{SignedDuration, Timestamp};
use smol_str::SmolStr;

use crate::text_codes::text_codes;

text_codes! {
    /// What kind of effect a row is.
    OutboxKind {
        /// A message for a carrier.
        Message = "message",
        /// A web request of a flow.
        Webhook = "webhook",
        /// An e-mail.
        Email = "email",
        /// An airtime transfer.
        Airtime = "airtime",
        /// A question to a language model.
        Model = "model",
    }
}

/// What goes first when a line has more to send than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Somebody wrote and waits for the answer.
    Reply,
    /// A conversation goes on by itself: a wait that timed out, a deadline that passed.
    Conversation,
    /// A reminder, or what was started for one person.
    OneOff,
    /// One of many: what a job writes to a group, a broadcast.
    Bulk,
}

impl Priority {
    /// All, the first that goes first.
    pub const ALL: [Self; 4] = [Self::Reply, Self::Conversation, Self::OneOff, Self::Bulk];

    /// As it is stored.
    pub fn code(self) -> i64 {
        match self {
            Self::Reply => 0,
            Self::Conversation => 1,
            Self::OneOff => 2,
            Self::Bulk => 3,
        }
    }

    /// The one stored as this code; what is not known goes last.
    pub fn of_code(code: i64) -> Self {
        Self::ALL.into_iter().find(|priority| priority.code() == code).unwrap_or(Self::Bulk)
    }

    /// Whether a person waits for it now.
    pub fn is_urgent(self) -> bool {
        self <= Self::Conversation
    }
}

/// Where a row stands among others of its line: by priority, and within one in turn with other sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {
    /// What goes first.
    pub priority: Priority,
    /// The job that wrote it, 0 for none.
    pub source: i64,
}

impl Rank {
    /// Of no job.
    pub const fn of(priority: Priority) -> Self {
        Self { priority, source: 0 }
    }
}

/// A row to be inserted. One that has to wait behind another of its contact and channel goes with that one, at the
/// stronger priority of both: a reply takes along what its person is to read before it.
#[derive(Debug, Clone)]
pub struct NewOutbox {
    /// Row number; rows of one contact and channel go out in the order of these.
    pub id: OutboxId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// What kind.
    pub kind: OutboxKind,
    /// The person it is about.
    pub contact: ContactId,
    /// The line, for messages.
    pub channel: Option<ChannelId>,
    /// The message, for messages.
    pub message: Option<MessageId>,
    /// The session that waits for the answer.
    pub session: Option<SessionId>,
    /// JSON of the effect, for all but messages (whose words are in the message table).
    pub payload: Option<String>,
    /// What goes first.
    pub rank: Rank,
    /// The run of the node that takes the row at once, or 0 to leave it to [`crate::Store::claim_outbox`]. The row
    /// is claimed only if it does not pause and no earlier row of its contact and channel waits unclaimed:
    /// [`crate::UnitDone::claimed`].
    pub claim_for: i64,
    /// When.
    pub created_on: Timestamp,
    /// How long after what goes before it, to the same contact on the same channel, it may leave.
    pub pause: SignedDuration,
}

/// A row in hand: everything that sending needs.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxItem {
    /// Row number.
    pub id: OutboxId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// What kind.
    pub kind: OutboxKind,
    /// The person.
    pub contact: ContactId,
    /// The line, for messages.
    pub channel: Option<ChannelId>,
    /// The message, for messages.
    pub message: Option<MessageId>,
    /// The session that waits for the answer.
    pub session: Option<SessionId>,
    /// Public identifier of the message; what the carrier is given as idempotency key.
    pub message_uuid: Option<MessageUuid>,
    /// Scheme and path of the address.
    pub urn: Option<(SmolStr, SmolStr)>,
    /// Words of the message.
    pub text: SmolStr,
    /// `type:url` each.
    pub attachments: Vec<SmolStr>,
    /// JSON of the quick replies.
    pub quick_replies: Option<String>,
    /// JSON of what only some carriers use.
    pub detail: Option<String>,
    /// JSON of the effect, for all but messages.
    pub payload: Option<String>,
    /// What goes first.
    pub rank: Rank,
    /// Attempts that failed.
    pub attempts: u32,
    /// Whether the carrier may have it already.
    pub possibly_repeated: bool,
    /// When it was written.
    pub created_on: Timestamp,
}

/// What waits together in the outbox: the messages of a channel, or, without one, the effects.
pub type OutboxLine = Option<ChannelId>;

/// What waits in turn with others: the rows of a line that have the same weight and the same source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutboxQueue {
    /// The line.
    pub line: OutboxLine,
    /// Whose rows they are; a channel has one owner, effects have many.
    pub workspace: WorkspaceId,
    /// Their weight and source.
    pub rank: Rank,
}

/// Queues of one line and priority that are looked at together: those of the oldest sources.
pub const MAX_QUEUES: i64 = 64;

/// Rows taken from the store.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Claimed {
    /// The rows, by their numbers.
    pub items: Vec<OutboxItem>,
    /// Queues that gave as many rows as were asked of them: there may be more.
    pub unfinished: Vec<OutboxQueue>,
    /// Those of which the carrier has some parts already, with how many: another attempt goes on after them.
    pub parts_sent: Vec<(OutboxId, u32)>,
}

/// An attempt failed and another will follow. The row and all later claimed rows of its contact and channel go
/// back to unclaimed, due at `next_attempt`, so that they keep their order.
#[derive(Debug, Clone)]
pub struct RetryOutbox {
    /// The run that has it in hand: nothing changes if another has it by now, or nobody.
    pub run: i64,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Row number.
    pub id: OutboxId,
    /// The person of the row.
    pub contact: ContactId,
    /// The line of the row.
    pub channel: Option<ChannelId>,
    /// When to try again.
    pub next_attempt: Timestamp,
    /// Whether an attempt was made; `false` for a row that only goes back to wait.
    pub tried: bool,
    /// Parts of the message that the carrier has by now, of all attempts; `None` leaves it at what is known.
    pub parts_sent: Option<u32>,
    /// Whether the carrier may have it in spite of the error (the answer was lost).
    pub possibly_repeated: bool,
}

/// A row of the dead set is to be tried again.
#[derive(Debug, Clone)]
pub struct ReviveOutbox {
    /// Owner.
    pub workspace: WorkspaceId,
    /// Its number in the dead set.
    pub id: OutboxId,
    /// Its new number: behind those of today.
    pub new_id: OutboxId,
    /// When it is queued.
    pub at: Timestamp,
}

/// Which rows of the dead set.
#[derive(Debug, Clone, Default)]
pub struct DeadFilter {
    /// Those with these numbers; `None`: whichever.
    pub ids: Option<Vec<OutboxId>>,
    /// Those of this channel.
    pub channel: Option<ChannelId>,
    /// Those whose reason holds these words.
    pub reason: Option<String>,
}

/// A row of the dead set.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadRow {
    /// The row with its message.
    pub item: OutboxItem,
    /// Why it is there.
    pub reason: String,
}

/// What was found in hand of runs that are no more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Rows given back; each is marked as possibly repeated.
    pub rows: u64,
}
