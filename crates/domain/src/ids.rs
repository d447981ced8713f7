//! Identifiers. Each kind is its own type, so that a contact is never mistaken for a flow.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Declares an identifier that is a UUID.
macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> { text.parse().map(Self) }
        }
        impl From<Uuid> for $name { fn from(uuid: Uuid) -> Self { Self(uuid) } }
    )+};
}

/// Declares an identifier that is a row number of the store.
macro_rules! row_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
    )+};
}

uuid_id! {
    /// A workspace's public identifier.
    WorkspaceUuid,
    /// A contact's public identifier.
    ContactUuid,
    /// A flow, whatever its revision.
    FlowUuid,
    /// A node of a flow.
    NodeUuid,
    /// An exit of a node.
    ExitUuid,
    /// An action of a node.
    ActionUuid,
    /// A category of a router.
    CategoryUuid,
    /// A case of a router.
    CaseUuid,
    /// A contact's way through one or more flows.
    SessionUuid,
    /// Long work that goes on in slices.
    JobUuid,
    /// Work that begins at moments set beforehand.
    ScheduleUuid,
    /// One flow within a session.
    RunUuid,
    /// An entry in a contact's history.
    EventUuid,
    /// A message in or out.
    MessageUuid,
    /// A file that a person sent.
    MediaUuid,
    /// A contact field.
    FieldUuid,
    /// A contact group.
    GroupUuid,
    /// A channel.
    ChannelUuid,
    /// A label on messages.
    LabelUuid,
    /// A ticket.
    TicketUuid,
    /// The subject of tickets.
    TopicUuid,
    /// Agents who deal with some topics.
    TeamUuid,
    /// What agents answer often.
    CannedReplyUuid,
    /// A person who works in the console.
    UserUuid,
    /// What a program proves itself with.
    TokenUuid,
    /// Where somebody is signed in.
    SignInUuid,
    /// A link that is used once.
    SignInLinkUuid,
    /// A carrier-approved text.
    TemplateUuid,
    /// A campaign.
    CampaignUuid,
    /// A point of a campaign.
    CampaignEventUuid,
    /// A phone call.
    CallUuid,
    /// A message set of a programme.
    MessageSetUuid,
    /// Somebody who gets the messages of a set.
    SubscriptionUuid,
    /// People who get messages about one of them.
    HouseholdUuid,
    /// That somebody was registered.
    RegistrationUuid,
    /// A file of old messages or runs.
    ArchiveUuid,
    /// A program that is told what happens.
    WebhookUuid,
    /// Something that people can agree to.
    OptinUuid,
    /// That somebody agreed to something, or took it back.
    ConsentUuid,
}

row_id! {
    /// A program that is told what happens.
    WebhookId,
    /// Something that one is to be told.
    DeliveryId,
    /// A carrier-approved text.
    TemplateId,
    /// Something that people can agree to.
    OptinId,
    /// That somebody agreed to something, or took it back.
    ConsentId,
    /// Something that was written down of a contact.
    NoteId,
    /// A workspace.
    WorkspaceId,
    /// A contact.
    ContactId,
    /// An address of a contact.
    UrnId,
    /// A flow.
    FlowId,
    /// A channel.
    ChannelId,
    /// A message.
    MessageId,
    /// A session.
    SessionId,
    /// Long work that goes on in slices.
    JobId,
    /// A schedule's row.
    ScheduleId,
    /// A file that a person sent.
    MediaId,
    /// A flow that starts for a contact at a later moment.
    ReminderId,
    /// What was achieved.
    OutcomeId,
    /// A table that flows look things up in.
    TableId,
    /// A future moment.
    TimerId,
    /// An outgoing effect.
    OutboxId,
    /// Something that happened on a line beside messages.
    ChannelEventId,
    /// A user of the console.
    UserId,
    /// What a program proves itself with.
    TokenId,
    /// Where somebody is signed in.
    SignInId,
    /// A link that is used once.
    SignInLinkId,
    /// A contact field.
    FieldId,
    /// A contact group.
    GroupId,
    /// A label on messages.
    LabelId,
    /// A global value.
    GlobalId,
    /// What starts a flow.
    TriggerId,
    /// A campaign.
    CampaignId,
    /// A point of a campaign.
    CampaignEventId,
    /// One flow within a session.
    RunId,
    /// An entry in a contact's history.
    EventId,
    /// A service that flows ask.
    ServiceId,
    /// Subscribers of an event that flows name.
    ResthookId,
    /// What tickets are about.
    TopicId,
    /// Agents who deal with some topics.
    TeamId,
    /// What agents answer often.
    CannedReplyId,
    /// A message set of a programme.
    MessageSetId,
    /// Somebody who gets the messages of a set.
    SubscriptionId,
    /// People who get messages about one of them.
    HouseholdId,
    /// A code that can be checked.
    CodeId,
    /// That somebody was registered.
    RegistrationId,
    /// A conversation that needs a person.
    TicketId,
    /// A file of old messages or runs.
    ArchiveId,
}
