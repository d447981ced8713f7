//! Programmes: message sets, their messages, and who gets them.

use domain::{
    ChannelId, ContactId, MessageId, MessageSetId, MessageSetUuid, SubscriptionId, SubscriptionUuid,
    WorkspaceId,
};
use jiff::{Timestamp, civil::Date};
use smol_str::SmolStr;

use crate::{CatchUp, text_codes::text_codes};

text_codes! {
    /// What the messages of a set are.
    ContentType {
        /// Words.
        Text = "text",
        /// Something to listen to.
        Audio = "audio",
    }
}

text_codes! {
    /// How a subscription stands.
    SubscriptionStatus {
        /// Its messages go on.
        Active = "active",
        /// Its last message has gone.
        Completed = "completed",
        /// Another one took its place.
        Switched = "switched",
        /// The person, or somebody for them, wants no more.
        Stopped = "stopped",
    }
}

text_codes! {
    /// What was done with somebody's programmes.
    ProgrammeEventKind {
        /// They agreed to get messages.
        OptIn = "opt_in",
        /// A subscription began.
        Subscribed = "subscribed",
        /// One took the place of another, or goes on otherwise.
        Switched = "switched",
        /// They want no more, or shall not be asked.
        OptOut = "opt_out",
        /// A message was sent once more.
        Resent = "resent",
    }
}

/// A message set as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct MessageSetRow {
    /// Row number.
    pub id: MessageSetId,
    /// Public identifier.
    pub uuid: MessageSetUuid,
    /// Name; no two of a workspace are the same, whatever their case.
    pub short_name: SmolStr,
    /// The programme that it belongs to.
    pub programme: SmolStr,
    /// The stage of the programme that it is.
    pub stage: SmolStr,
    /// What its messages are.
    pub content_type: ContentType,
    /// When they go, as [`domain::Cron`] reads it.
    pub schedule: SmolStr,
    /// JSON of [`domain::programme::Placement`].
    pub placement: Option<String>,
    /// JSON of the day from which weeks are counted.
    pub anchor: Option<String>,
    /// The week of each message, from sequence number 1 on; so it has as many as there are messages.
    pub weeks: Vec<Option<i32>>,
    /// JSON of what takes its place at which event.
    pub switches: Option<String>,
    /// The set that begins when it is completed.
    pub next_set: Option<MessageSetId>,
    /// The line over which it goes, if people have an address for that.
    pub channel: Option<ChannelId>,
    /// The language of whoever has none for which there is a message.
    pub base_language: SmolStr,
    /// What becomes of messages whose moment was missed.
    pub catch_up: CatchUp,
    /// When it was made.
    pub created_on: Timestamp,
    /// When it last changed.
    pub modified_on: Timestamp,
}

/// A message of a set in one language.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgrammeMessageRow {
    /// The set.
    pub set: MessageSetId,
    /// Its place in the set, from 1 on.
    pub sequence: u32,
    /// ISO 639-3 code.
    pub language: SmolStr,
    /// What is said: a template, such as `Hello @contact.first_name`.
    pub text: SmolStr,
    /// Attached files as `content/type:url`.
    pub media: Vec<SmolStr>,
}

/// Somebody who gets the messages of a set.
#[derive(Debug, Clone, PartialEq)]
pub struct SubscriptionRow {
    /// Row number.
    pub id: SubscriptionId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Public identifier.
    pub uuid: SubscriptionUuid,
    /// Who gets them.
    pub contact: ContactId,
    /// Whom they are about: the same person, or somebody of their household.
    pub about: ContactId,
    /// The set.
    pub set: MessageSetId,
    /// ISO 639-3 code; `None` for the contact's language.
    pub language: Option<SmolStr>,
    /// When messages go, in the place of the set's schedule.
    pub schedule: Option<SmolStr>,
    /// The first day of week 0, of sets whose messages have weeks.
    pub anchor: Option<Date>,
    /// The message with which it began.
    pub initial: u32,
    /// The message that goes next; of a completed one the last.
    pub next: u32,
    /// How it stands.
    pub status: SubscriptionStatus,
    /// Why it ended.
    pub reason: Option<SmolStr>,
    /// The one that it came out of.
    pub previous: Option<SubscriptionId>,
    /// Its messages go strictly after this.
    pub begun_on: Timestamp,
    /// The moment of the last message that had its turn.
    pub last_run: Option<Timestamp>,
    /// The moment of the next one: that of its timer.
    pub next_due: Option<Timestamp>,
    /// Messages that went.
    pub sent: i64,
    /// Messages that were left out.
    pub left_out: i64,
    /// Changes so far: guards the next one.
    pub steps: i64,
    /// When it was made.
    pub created_on: Timestamp,
    /// When it last changed.
    pub modified_on: Timestamp,
    /// When it ended.
    pub ended_on: Option<Timestamp>,
}

/// Which subscriptions are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubscriptionsOf {
    /// All of the workspace.
    Everybody,
    /// Those of a contact.
    Contact(ContactId),
    /// The one with this identifier.
    Uuid(SubscriptionUuid),
}

/// A message of a subscription that had its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Owner.
    pub workspace: WorkspaceId,
    /// The subscription.
    pub subscription: SubscriptionId,
    /// Which message.
    pub sequence: u32,
    /// Its moment.
    pub run: Timestamp,
    /// The message that went; `None` if it was left out.
    pub message: Option<MessageId>,
    /// When.
    pub created_on: Timestamp,
}

/// Something that was done with somebody's programmes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgrammeEventRow {
    /// Row number, drawn as other ids are.
    pub id: i64,
    /// Owner.
    pub workspace: WorkspaceId,
    /// The person.
    pub contact: ContactId,
    /// The subscription, if it is about one.
    pub subscription: Option<SubscriptionId>,
    /// What was done.
    pub kind: ProgrammeEventKind,
    /// Why: a word that can be counted, such as `not_useful`.
    pub reason: Option<SmolStr>,
    /// More about it as a JSON object.
    pub detail: Option<String>,
    /// When.
    pub created_on: Timestamp,
}
