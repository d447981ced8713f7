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

/// A row to be inserted.
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
    /// Attempts that failed.
    pub attempts: u32,
    /// Whether the carrier may have it already.
    pub possibly_repeated: bool,
    /// When it was written.
    pub created_on: Timestamp,
}

/// What waits together in the outbox: the messages of a channel, or, without one, the effects.
pub type OutboxLine = Option<ChannelId>;

/// Rows taken from the store.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Claimed {
    /// The rows, by their numbers.
    pub items: Vec<OutboxItem>,
    /// Lines that gave as many rows as were asked of them: there may be more.
    pub unfinished: Vec<OutboxLine>,
    /// Those of which the carrier has some parts already, with how many: another attempt goes on after them.
    pub parts_sent: Vec<(OutboxId, u32)>,
}

/// An attempt failed and another will follow. The row and all later claimed rows of its contact and channel go
/// back to unclaimed, due at `next_attempt`, so that they keep their order.
#[derive(Debug, Clone)]
pub struct RetryOutbox {
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

/// What was found in hand of runs that are no more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Rows given back; each is marked as possibly repeated.
    pub rows: u64,
}
