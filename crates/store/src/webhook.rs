//! Programs that are told what happens, and what each is to be told.

use domain::{ContactId, DeliveryId, WebhookId, WebhookUuid, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::{FeedCursor, Secret, text_codes::text_codes};

text_codes! {
    /// How a webhook stands.
    WebhookStatus {
        /// It is told what happens.
        Active = "active",
        /// A person lets it rest; what happens meanwhile it is told later, as far as that is kept.
        Paused = "paused",
        /// It failed for so long that it is told nothing until a person lets it go on.
        Disabled = "disabled",
    }
}

text_codes! {
    /// How something stands that a program is to be told.
    DeliveryStatus {
        /// It was not told yet.
        Waiting = "waiting",
        /// It was told.
        Delivered = "delivered",
        /// It was refused too often; a person may have it tried again.
        Dead = "dead",
    }
}

/// A program that is told what happens.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookRow {
    /// Row number.
    pub id: WebhookId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Public identifier.
    pub uuid: WebhookUuid,
    /// Name, for people.
    pub name: SmolStr,
    /// The address that is called.
    pub target_url: SmolStr,
    /// Kinds of the feed; empty for all.
    pub events: Vec<SmolStr>,
    /// With what calls are signed: `whsec_` and base64.
    pub secret: Secret,
    /// How it stands.
    pub status: WebhookStatus,
    /// The place in the feed up to which it is written down what it is to be told.
    pub cursor: FeedCursor,
    /// Rounds in a row in which nothing was taken.
    pub failures: i64,
    /// Since when nothing was taken.
    pub failing_since: Option<Timestamp>,
    /// Until when it is not called.
    pub rests_until: Timestamp,
    /// What went wrong last.
    pub error: Option<String>,
    /// When something was taken last.
    pub last_success: Option<Timestamp>,
    /// Changes so far: guards the next one.
    pub steps: i64,
    /// When it was made.
    pub created_on: Timestamp,
    /// When it last changed.
    pub modified_on: Timestamp,
}

/// Something that a program is to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryOut {
    /// Row number.
    pub id: DeliveryId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Who is to be told.
    pub webhook: WebhookId,
    /// The place behind the entry of the feed.
    pub cursor: FeedCursor,
    /// The person it is about: one thing after the other.
    pub lane: ContactId,
    /// JSON as it is sent.
    pub body: String,
    /// How it stands.
    pub status: DeliveryStatus,
    /// How often it was refused, of those times at which others were taken.
    pub attempts: i64,
    /// When it is tried next.
    pub next_attempt: Timestamp,
    /// Status of the last answer; `None` if there was none.
    pub answer_status: Option<i64>,
    /// Beginning of the last answer, or why there was none.
    pub answer: Option<String>,
    /// Milliseconds that it took.
    pub took_ms: Option<i64>,
    /// When it was written down.
    pub created_on: Timestamp,
    /// When it was last tried.
    pub modified_on: Timestamp,
}

/// A change of webhooks.
#[derive(Debug, Clone)]
pub enum WebhookChange {
    /// A new one.
    New(Box<WebhookRow>),
    /// A new state; the unit is [`crate::UnitError::Gone`] if its `steps` are not those given, which this raises by one.
    Update(Box<WebhookRow>),
    /// Removes one with all that it was to be told.
    Remove(WorkspaceId, WebhookId),
    /// What one is to be told; comes with the [`WebhookChange::Update`] that moves its cursor.
    Deliveries(Vec<DeliveryOut>),
    /// What came of calls.
    Answered(Vec<DeliveryOut>),
    /// Forgets what one is still to be told behind a place, because it is written down anew from there.
    Rewind(WorkspaceId, WebhookId, FeedCursor),
    /// Tries again what was refused too often.
    Revive(WorkspaceId, WebhookId, Timestamp),
    /// Forgets what was told, and what flows called, before one moment, and what was refused before another.
    Forget(Timestamp, Timestamp),
    /// A flow called the subscribers of an event.
    Called(Box<ResthookEventRow>),
}

/// That a flow called the subscribers of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct ResthookEventRow {
    /// Row number.
    pub id: i64,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Name of the event.
    pub slug: SmolStr,
    /// JSON that was sent.
    pub data: String,
    /// When.
    pub created_on: Timestamp,
}
