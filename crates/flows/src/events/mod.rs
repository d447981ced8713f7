//! What happened: the append-only history that a sprint adds to a contact.
//!
//! Every event has an identifier, a moment and one of the closed set of [`EventKind`]s. The JSON form is flat:
//! `{"uuid", "type", "created_on", ...the kind's own keys}`.

mod call;
mod contact;
mod extension;
mod message;
mod run;
mod service;
mod ticket;
mod trouble;
mod wait;

use domain::{EventUuid, NodeUuid, RunUuid};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

pub use call::{CallReceived, CallRef, CampaignFired, ChannelEvent, ChatStarted};
pub use contact::{
    ContactFieldChanged, ContactGroupsChanged, ContactLanguageChanged, ContactLastSeenChanged,
    ContactNameChanged, ContactStatusChanged, ContactTimezoneChanged, ContactUrnsChanged, FieldRef, GroupRef,
};
pub use extension::{ConsentRecorded, OutcomeRecorded, ReminderCancelled, ReminderSet};
pub use message::{
    BroadcastContent, BroadcastCreated, ContactRef, InputLabelsAdded, IvrCreated, LabelRef, MsgCreated,
    MsgDeleted, MsgIn, MsgOut, MsgReceived, MsgStatusChanged, QuickReply, QuickReplyType, TemplateComponent,
    TemplateRef, TemplateVariable, Templating, Typing, UnsendableReason,
};
pub use run::{
    ContactFlowChanged, Exclusions, FlowRef, FlowRevisionRef, PreviousResult, RunEnded, RunResultChanged,
    RunStarted, SessionHistory, SessionTriggered,
};
pub use service::{
    AirtimeCreated, EmailSent, HttpLog, HttpSizes, LlmCalled, LlmRef, LlmTokens, ResthookCalled,
    WebhookCalled, WebhookStatus,
};
pub use ticket::{
    TicketAssigneeChanged, TicketClosed, TicketData, TicketNoteAdded, TicketOpened, TicketReopened,
    TicketStatus, TicketTopicChanged, TopicRef, UserRef,
};
pub use trouble::{ErrorCode, Failure, Problem};
pub use wait::{Dial, DialEnded, DialStatus, DialWait, Hint, MsgWait};

/// Where in a flow an event came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventOrigin {
    /// The run that was executing.
    pub run: RunUuid,
    /// The node it was at, if it had entered one.
    pub node: Option<NodeUuid>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Identifier; version 7, so events sort by time.
    pub uuid: EventUuid,
    /// When it happened.
    pub created_on: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
    /// The person who did it, if it was one.
    #[serde(default, rename = "_user", skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<UserRef>>,
    /// By which way they did it: `ui` or `api`.
    #[serde(default, rename = "_via", skip_serializing_if = "Option::is_none")]
    pub via: Option<SmolStr>,
    /// The step that caused it; not part of the JSON form.
    #[serde(skip)]
    pub origin: Option<EventOrigin>,
}

impl Event {
    /// An event that no person and no step caused, as far as is known.
    pub fn new(uuid: EventUuid, created_on: Timestamp, kind: EventKind) -> Self {
        Self { uuid, created_on, kind, user: None, via: None, origin: None }
    }
}

/// The kinds of event, by their JSON `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventKind {
    /// Airtime was transferred.
    AirtimeCreated(Box<AirtimeCreated>),
    /// A message to many should be sent.
    BroadcastCreated(Box<BroadcastCreated>),
    /// We called the contact.
    CallCreated(CallReceived),
    /// The contact called and nobody answered.
    CallMissed(ChannelEvent),
    /// The contact called.
    CallReceived(CallReceived),
    /// A point of a campaign was reached.
    CampaignFired(CampaignFired),
    /// The contact opened a conversation without writing yet.
    ChatStarted(ChatStarted),
    /// A field got a value or lost it.
    ContactFieldChanged(Box<ContactFieldChanged>),
    /// The contact entered or left a waiting flow.
    ContactFlowChanged(ContactFlowChanged),
    /// Groups were joined or left.
    ContactGroupsChanged(ContactGroupsChanged),
    /// The language changed.
    ContactLanguageChanged(ContactLanguageChanged),
    /// The contact was seen.
    ContactLastSeenChanged(ContactLastSeenChanged),
    /// The name changed.
    ContactNameChanged(ContactNameChanged),
    /// The status changed.
    ContactStatusChanged(ContactStatusChanged),
    /// The zone changed.
    ContactTimezoneChanged(ContactTimezoneChanged),
    /// Addresses were added, removed or reordered.
    ContactUrnsChanged(ContactUrnsChanged),
    /// A call to a third person ended.
    DialEnded(DialEnded),
    /// The flow waits for a call to a third person to end.
    DialWait(DialWait),
    /// An e-mail was handed over for sending.
    EmailSent(EmailSent),
    /// Something in the flow went wrong; it continues.
    Error(Problem),
    /// The session cannot go on.
    Failure(Failure),
    /// The last message in got labels.
    InputLabelsAdded(InputLabelsAdded),
    /// Something should be said in a call.
    IvrCreated(IvrCreated),
    /// A language model answered.
    LlmCalled(Box<LlmCalled>),
    /// A message should be sent to the contact.
    MsgCreated(MsgCreated),
    /// A message was deleted.
    MsgDeleted(MsgDeleted),
    /// A message came in.
    MsgReceived(MsgReceived),
    /// A message out changed its status.
    MsgStatusChanged(MsgStatusChanged),
    /// The flow waits for a message.
    MsgWait(MsgWait),
    /// Something was achieved.
    OutcomeRecorded(OutcomeRecorded),
    /// The contact agreed to something, or took it back.
    ConsentRecorded(ConsentRecorded),
    /// A reminder was taken back.
    ReminderCancelled(ReminderCancelled),
    /// A flow shall be started for the contact at a later moment.
    ReminderSet(Box<ReminderSet>),
    /// A resthook's subscribers are about to be called.
    ResthookCalled(ResthookCalled),
    /// A run ended.
    RunEnded(RunEnded),
    /// A result got a value.
    RunResultChanged(Box<RunResultChanged>),
    /// A run began.
    RunStarted(RunStarted),
    /// A flow should be started for others.
    SessionTriggered(Box<SessionTriggered>),
    /// Somebody else deals with a ticket.
    TicketAssigneeChanged(TicketAssigneeChanged),
    /// A ticket was closed.
    TicketClosed(TicketClosed),
    /// A note was added to a ticket.
    TicketNoteAdded(TicketNoteAdded),
    /// A ticket was opened.
    TicketOpened(TicketOpened),
    /// A ticket was opened again.
    TicketReopened(TicketReopened),
    /// A ticket has another topic.
    TicketTopicChanged(TicketTopicChanged),
    /// Somebody is writing.
    TypingStarted(Typing),
    /// Nobody is writing any more.
    TypingStopped(Typing),
    /// The wait ended because the conversation expired.
    WaitExpired {},
    /// The wait ended because its time was up.
    WaitTimedOut {},
    /// Something an author should know.
    Warning(Problem),
    /// A web service was called.
    WebhookCalled(Box<WebhookCalled>),
}

impl EventKind {
    /// The JSON `type` of this kind.
    pub fn name(&self) -> &'static str {
        match self {
            Self::AirtimeCreated(_) => "airtime_created",
            Self::BroadcastCreated(_) => "broadcast_created",
            Self::CallCreated(_) => "call_created",
            Self::CallMissed(_) => "call_missed",
            Self::CallReceived(_) => "call_received",
            Self::CampaignFired(_) => "campaign_fired",
            Self::ChatStarted(_) => "chat_started",
            Self::ContactFieldChanged(_) => "contact_field_changed",
            Self::ContactFlowChanged(_) => "contact_flow_changed",
            Self::ContactGroupsChanged(_) => "contact_groups_changed",
            Self::ContactLanguageChanged(_) => "contact_language_changed",
            Self::ContactLastSeenChanged(_) => "contact_last_seen_changed",
            Self::ContactNameChanged(_) => "contact_name_changed",
            Self::ContactStatusChanged(_) => "contact_status_changed",
            Self::ContactTimezoneChanged(_) => "contact_timezone_changed",
            Self::ContactUrnsChanged(_) => "contact_urns_changed",
            Self::DialEnded(_) => "dial_ended",
            Self::DialWait(_) => "dial_wait",
            Self::EmailSent(_) => "email_sent",
            Self::Error(_) => "error",
            Self::Failure(_) => "failure",
            Self::InputLabelsAdded(_) => "input_labels_added",
            Self::IvrCreated(_) => "ivr_created",
            Self::LlmCalled(_) => "llm_called",
            Self::MsgCreated(_) => "msg_created",
            Self::MsgDeleted(_) => "msg_deleted",
            Self::MsgReceived(_) => "msg_received",
            Self::MsgStatusChanged(_) => "msg_status_changed",
            Self::MsgWait(_) => "msg_wait",
            Self::OutcomeRecorded(_) => "outcome_recorded",
            Self::ConsentRecorded(_) => "consent_recorded",
            Self::ReminderCancelled(_) => "reminder_cancelled",
            Self::ReminderSet(_) => "reminder_set",
            Self::ResthookCalled(_) => "resthook_called",
            Self::RunEnded(_) => "run_ended",
            Self::RunResultChanged(_) => "run_result_changed",
            Self::RunStarted(_) => "run_started",
            Self::SessionTriggered(_) => "session_triggered",
            Self::TicketAssigneeChanged(_) => "ticket_assignee_changed",
            Self::TicketClosed(_) => "ticket_closed",
            Self::TicketNoteAdded(_) => "ticket_note_added",
            Self::TicketOpened(_) => "ticket_opened",
            Self::TicketReopened(_) => "ticket_reopened",
            Self::TicketTopicChanged(_) => "ticket_topic_changed",
            Self::TypingStarted(_) => "typing_started",
            Self::TypingStopped(_) => "typing_stopped",
            Self::WaitExpired {} => "wait_expired",
            Self::WaitTimedOut {} => "wait_timed_out",
            Self::Warning(_) => "warning",
            Self::WebhookCalled(_) => "webhook_called",
        }
    }
}
