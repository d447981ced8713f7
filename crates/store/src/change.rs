//! Writes: typed changes, grouped in units that commit whole or not at all.

use std::sync::Arc;

use domain::{ContactId, GroupId, JobId, MessageId, OutboxId, ScheduleId, SessionId, UrnId, WorkspaceId};
use jiff::Timestamp;

use crate::{
    ContactUpdate, DefinitionChange, DueTimer, EarlyReport, Fence, JobChunk, JobRow, NewContact, NewEvent,
    NewLeftOut, NewMessage, NewMessageLabel, NewOutbox, NewUrn, OutcomeRow, ReminderRow, RetryOutbox,
    ReviveOutbox, RunRow, ScheduleRow, SessionRow, StatusChange, Tally, TicketChange, TicketRow, TimerKind,
    UrnRow,
};

/// Changes that one unit may hold. Imports are the largest; a conversation step has some tens.
pub const MAX_CHANGES_PER_UNIT: usize = 100_000;

/// One change. They apply in the order given.
#[derive(Debug, Clone)]
pub enum Change {
    /// A person not known before.
    NewContact(Box<NewContact>),
    /// A person's new state; guards the unit by the contact's version.
    Contact(Box<ContactUpdate>),
    /// Tells somebody something that no flow says.
    Tell(Box<Tell>),
    /// One more address. One that somebody has already makes the unit a conflict.
    NewUrn(NewUrn),
    /// New priority, display or line of an address.
    Urn(WorkspaceId, ContactId, UrnRow),
    /// An address is no longer the contact's.
    RemoveUrn(WorkspaceId, ContactId, UrnId),
    /// A contact joins a group; nothing if they are in it.
    JoinGroup(WorkspaceId, ContactId, GroupId, Timestamp),
    /// A contact leaves a group; nothing if they are not in it.
    LeaveGroup(WorkspaceId, ContactId, GroupId),
    /// A message. An inbound one with the external id, sender and text of one that its channel gave before makes
    /// the unit a duplicate.
    Message(Box<NewMessage>),
    /// Messages of former times, with what became of them. Their numbers and identifiers are not taken.
    PastMessages(Vec<crate::PastMessage>),
    /// A message's new status, if it is news.
    Status(Box<StatusChange>),
    /// A label on a message; nothing if it has it.
    Label(NewMessageLabel),
    /// A label is taken off a message; nothing if it has it not.
    Unlabel(NewMessageLabel),
    /// An incoming message is put away, taken back, or emptied for good.
    Visibility(WorkspaceId, MessageId, crate::Visibility, Timestamp),
    /// All that a contact wrote is put away.
    ArchiveMessages(WorkspaceId, ContactId, Timestamp),
    /// A session, new or changed.
    Session(Box<SessionRow>),
    /// A run, new or changed.
    Run(Box<RunRow>),
    /// Something that happened on a line beside messages.
    ChannelEvent(Box<crate::ChannelEventRow>),
    /// An entry in the history.
    Event(Box<NewEvent>),
    /// Sets the contact's timer of its kind. An expiry, or a point of a campaign, that is due earlier already is left as
    /// it is: it fires, finds that it is too early, and is set anew, which costs less than moving it at each step.
    SetTimer(DueTimer),
    /// Removes the contact's timer of a kind, if there is one; of effect deadlines, the session's.
    ClearTimer(WorkspaceId, ContactId, TimerKind, SessionId),
    /// Removes exactly this timer; the unit is [`crate::UnitError::Gone`] if it is not there as given.
    TakeTimer(DueTimer),
    /// A reminder, in the place of the contact's with the same key. One beyond [`crate::MAX_REMINDERS`] is not set.
    SetReminder(Box<ReminderRow>),
    /// Removes the contact's reminder with a key, or all of theirs.
    CancelReminders(WorkspaceId, ContactId, Option<smol_str::SmolStr>),
    /// What was achieved.
    Outcome(Box<OutcomeRow>),
    /// Something to go out.
    Outbox(Box<NewOutbox>),
    /// An outbox row is done: removes it; the unit is gone if it is not there.
    FinishOutbox(WorkspaceId, OutboxId),
    /// A message was sent, or failed for good: removes its outbox row and moves its status on. Nothing if the row
    /// is not there: [`UnitDone::finished`].
    FinishSent(OutboxId, Box<StatusChange>),
    /// An outbox row is to be tried again.
    RetryOutbox(RetryOutbox),
    /// An outbox row that failed for good but is kept for people to see.
    KillOutbox(WorkspaceId, OutboxId, String),
    /// A message failed for good: its outbox row goes into the dead set with the reason, and its status moves on. One
    /// that arrived in spite of it is done. Nothing if the row is not there: [`UnitDone::finished`].
    FailSent(OutboxId, Box<StatusChange>),
    /// Takes a row out of the dead set and queues it anew, behind everything of its contact and channel. Nothing is
    /// queued for a contact who wants nothing more: [`UnitDone::revived`].
    ReviveOutbox(ReviveOutbox),
    /// Removes a row from the dead set; the unit is gone if it is not in there.
    DiscardDead(WorkspaceId, OutboxId),
    /// Applies a report that came before its message's identifier was known, if that is known now, and forgets it if it
    /// is older than the moment: [`UnitDone::statuses`] has one more if it was applied.
    SettleEarly(EarlyReport, Timestamp),
    /// Removes everything queued for a contact, messages also if a node has them in hand; they become failed with
    /// the reason.
    DropQueued(WorkspaceId, ContactId, String, Timestamp),
    /// Takes back what a job has written and nobody has sent, in hand or not: it rests until [`Change::Unpark`], and stands
    /// in nobody's way.
    ParkJob(WorkspaceId, JobId),
    /// Queues a row that rests anew, under a new number, if its contact may still be written to.
    Unpark(ReviveOutbox),
    /// Takes back what a job has written and nobody has sent, in hand, resting or not; its messages become failed with the
    /// reason.
    DropJob(WorkspaceId, JobId, String, Timestamp),
    /// A job that was done goes on; the unit is [`crate::UnitError::Gone`] if it is not done or its `steps` are not those
    /// given, which this raises by one.
    ReopenJob(Box<JobRow>),
    /// Removes what a session asked of the outside world, in hand or not: its answers are no longer wanted.
    CancelEffects(WorkspaceId, ContactId, SessionId),
    /// Marks a session as ended, whatever its state: for a contact that opts out or moves on.
    EndSession(WorkspaceId, SessionId, crate::SessionStatus, Timestamp),
    /// Removes a message that was waiting for its turn from the pending ones: it becomes handled.
    Handled(WorkspaceId, MessageId, Option<domain::FlowId>, Option<String>, Timestamp),
    /// A conversation that needs a person.
    NewTicket(Box<TicketRow>),
    /// What becomes of a ticket.
    Ticket(Box<TicketChange>),
    /// Long work to be done. Nothing if one of its kind and key goes on.
    NewJob(Box<JobRow>),
    /// A job's new state; the unit is [`crate::UnitError::Gone`] if it has ended or if its `steps` are not those
    /// given, which this raises by one.
    Job(Box<JobRow>),
    /// What a job is to do, in the place of what was said before: comes with the [`Change::Job`] that guards it.
    JobSpec(WorkspaceId, JobId, String),
    /// A person was there on this local day of the workspace (days since 1970-01-01); counted once a day.
    Seen(WorkspaceId, ContactId, i32),
    /// What the unit counts beyond its rows, and by how much.
    Tallies(Vec<(Tally, i64)>),
    /// A setting of the whole store, new or not.
    Setting(crate::SettingRow),
    /// A setting is no longer made.
    ClearSetting(smol_str::SmolStr),
    /// What a node has given out of a shared limit.
    RateUse(crate::RateUse),
    /// Removes what nodes said of shared limits before a moment.
    ForgetRates(Timestamp),
    /// Who was left out of a job. Comes with the [`Change::Job`] that counts them.
    LeftOut(Box<NewLeftOut>),
    /// A part of a file of a job, in the place of the one that is there.
    JobChunk(Box<JobChunk>),
    /// Removes the files of a job.
    ForgetJobFiles(WorkspaceId, JobId),
    /// How large a share of the time for jobs a workspace gets; at least 1.
    JobWeight(WorkspaceId, i64),
    /// Work that begins at moments set beforehand. A name that another has makes the unit [`crate::UnitError::Taken`].
    NewSchedule(Box<ScheduleRow>),
    /// A schedule's new state; the unit is [`crate::UnitError::Gone`] if its `steps` are not those given.
    Schedule(Box<ScheduleRow>),
    /// Removes a schedule.
    RemoveSchedule(WorkspaceId, ScheduleId),
    /// A file to be fetched.
    NewMedia(Box<crate::MediaRow>),
    /// A file's new state; the unit is [`crate::UnitError::Gone`] if it waits no more or its `steps` are not those given,
    /// which this raises by one. The message of one that is kept from then on has its address here.
    Media(Box<crate::MediaRow>),
    /// Makes the keys for searches of a contact whose keys were left for later ([`Unit::search_later`]).
    IndexContact(WorkspaceId, ContactId),
    /// Removes the oldest entries of the feed from before this moment, some at a time.
    PruneFeed(Timestamp),
    /// Two contacts are one from now on: comes behind the guards of both, and before what the one who stays becomes.
    Merge(crate::MergeContacts),
    /// Somebody agreed, or took it back.
    Consent(Box<crate::ConsentRow>),
    /// Something was written down of a contact; only the latest are kept.
    ContactNote(Box<crate::NoteRow>),
    /// Erases what is known of a contact: their messages, answers, history and files. Comes behind what takes away their
    /// name, addresses and groups.
    Erase(WorkspaceId, ContactId, Timestamp),
    /// What a program proves itself with who speaks over the API.
    NewToken(Box<crate::TokenRow>),
    /// A token is not taken any more; the unit is [`crate::UnitError::Gone`] if there is none.
    RemoveToken(WorkspaceId, domain::TokenUuid),
    /// A call of the API that has a key of its own; the unit is [`crate::StoreError::Repeated`] if it was done before.
    KeepCall(Box<crate::KeptCall>),
    /// What such a call was answered. Nothing if it is not kept.
    AnswerCall(Box<crate::CallKey>, crate::KeptAnswer),
    /// Removes the oldest of these calls from before this moment, some at a time.
    ForgetCalls(Timestamp),
    /// How people sign in.
    Access(Box<crate::AccessChange>),
    /// Somebody gets the messages of a set. [`crate::UnitError::Taken`] if they get those of this set already.
    NewSubscription(Box<crate::SubscriptionRow>),
    /// A subscription's new state; the unit is a [`crate::UnitError::Conflict`] if its `steps` are not those given.
    Subscription(Box<crate::SubscriptionRow>),
    /// Ends all subscriptions of a contact, with their timers, for this reason.
    EndSubscriptions(WorkspaceId, ContactId, smol_str::SmolStr, Timestamp),
    /// A message of a subscription has its turn; the unit is [`crate::UnitError::Gone`] if it had it before.
    Delivery(crate::DeliveryRow),
    /// What was done with somebody's programmes.
    ProgrammeEvent(Box<crate::ProgrammeEventRow>),
    /// Who belongs to a household.
    Household(crate::HouseholdChange),
    /// Codes that can be checked.
    Code(crate::CodeChange),
    /// Somebody was registered; the unit is [`crate::UnitError::Gone`] if one with the same key is there.
    Registration(Box<crate::RegistrationRow>),
    /// How long a workspace keeps what was said.
    Retention(crate::RetentionRow),
    /// A file of old rows, new or changed; the unit is [`crate::UnitError::Gone`] if its `steps` are not those given, which
    /// this raises by one.
    Archive(Box<crate::ArchiveRow>),
    /// Removes rows that lie in a file, and keeps what they were counted as.
    DropPast(WorkspaceId, crate::Past),
    /// People who are in no file of the workspace any more.
    ErasedFromArchives(WorkspaceId, Vec<domain::ContactUuid>),
    /// Something to leave a row about in the log of who changed what; nothing if nobody acts.
    Note(Box<crate::AuditNote>),
    /// Words of messages go into the index.
    IndexMessages(Box<crate::MessageWords>),
    /// A change of those who are told what happens, and of what they are told.
    Webhook(crate::WebhookChange),
    /// A change of where lookup tables are fetched from.
    TableSource(crate::TableSourceChange),
    /// A change of when templates are asked for at their carriers.
    TemplateSync(crate::TemplateSyncChange),
    /// A change of definitions.
    Definition(WorkspaceId, DefinitionChange),
}

/// One of many who are told the same. Asks less of the contact than [`Change::Contact`] does: who changes meanwhile is
/// told all the same, and only who is not active any more is not.
#[derive(Debug, Clone)]
pub struct Tell {
    /// What is said. Its contact's version is raised; nothing is written if there is no such contact.
    pub message: NewMessage,
    /// The message's way out; `None` if it cannot go anywhere.
    pub outbox: Option<NewOutbox>,
    /// The version that the contact gets if it is not beyond it: a row number drawn after those of the message.
    pub version: i64,
    /// The reason for which the message fails if the contact is not active.
    pub refused: String,
}

impl Tell {
    /// The message as it is kept of somebody who may not be told.
    pub(crate) fn refused_message(&self) -> NewMessage {
        NewMessage {
            status: crate::MessageStatus::Failed,
            reason: Some(self.refused.clone()),
            ..self.message.clone()
        }
    }
}

/// Changes that belong together: one input of one contact, one import, one batch of carrier answers.
#[derive(Debug, Clone, Default)]
pub struct Unit {
    /// In the order in which they apply.
    pub changes: Vec<Change>,
    /// The run of the node that writes it: refused ([`crate::StoreError::Fenced`]) if that is not alive any more. 0
    /// for commands, which hold nothing that could be taken from them.
    pub by: i64,
    /// The lease that it is written under: refused if the run does not have it any more.
    pub under: Option<Fence>,
    /// Whether keys for contact searches are made later, by [`Change::IndexContact`].
    pub search_later: bool,
    /// Whose doing it is: rows of the log say what they changed. `None`: what the program does of itself, and what
    /// contacts and carriers bring about.
    pub acting: Option<Arc<crate::Acting>>,
}

impl Unit {
    /// A unit of these changes.
    pub fn new(changes: Vec<Change>) -> Self {
        Self { changes, by: 0, under: None, search_later: false, acting: None }
    }
}

impl From<Vec<Change>> for Unit {
    fn from(changes: Vec<Change>) -> Self {
        Self::new(changes)
    }
}

/// What became of a [`Change::Status`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusResult {
    /// The message has the new status.
    Applied(MessageId),
    /// The message is already further.
    Ignored(MessageId),
    /// There is no such message.
    Unknown,
}

/// What became of a [`Change::ReviveOutbox`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revived {
    /// It is queued again.
    Queued,
    /// It is not wanted any more: the contact wants nothing from us, or the message arrived after all. It is no longer
    /// in the dead set.
    NotWanted,
    /// There is no such row in the dead set.
    Gone,
}

/// What a committed unit tells beyond that it is committed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitDone {
    /// Outbox rows that were claimed as they were written: hand them to the dispatcher.
    pub claimed: Vec<OutboxId>,
    /// Outbox rows given back by [`Change::RetryOutbox`], itself included: the dispatcher drops them.
    pub released: Vec<OutboxId>,
    /// One for each [`Change::FinishSent`], in order: whether the row was there.
    pub finished: Vec<bool>,
    /// One for each [`Change::Status`], in order.
    pub statuses: Vec<StatusResult>,
    /// Outbox rows taken back by [`Change::DropQueued`], [`Change::DropJob`] and [`Change::ParkJob`]: they must not leave,
    /// whoever has them in hand.
    pub dropped: Vec<OutboxId>,
    /// One for each [`Change::ReviveOutbox`], in order.
    pub revived: Vec<Revived>,
}
