//! Actions of a program: as in the definition, with templates compiled and translations resolved.

use domain::{
    ActionUuid, ChannelUuid, ContactStatus, ContactUuid, FlowUuid, GroupUuid, LabelUuid, TemplateUuid,
    TopicUuid, UserUuid,
};
use smol_str::SmolStr;
use uuid::Uuid;

use super::{Localized, Offer, Reminder, ResultName, Text};
use crate::definition::actions::{Amount, Exclusions, LocalOperation};
use crate::definition::{FieldReference, Reference};

/// One step of a node.
#[derive(Clone, Debug)]
pub struct Action {
    /// Public identifier.
    pub uuid: ActionUuid,
    /// What is done.
    pub kind: ActionKind,
}

/// What is done. See [`crate::definition::ActionKind`] for what each means.
#[derive(Clone, Debug)]
pub enum ActionKind {
    /// Joins groups.
    AddContactGroups {
        /// Which.
        groups: Vec<Named<GroupUuid>>,
    },
    /// Adds an address.
    AddContactUrn {
        /// Its scheme.
        scheme: SmolStr,
        /// Its path.
        path: Text,
    },
    /// Labels the message.
    AddInputLabels {
        /// With which labels.
        labels: Vec<Named<LabelUuid>>,
    },
    /// An action that is no longer supported, by the name of its type.
    Unsupported {
        /// Name of the type.
        name: &'static str,
    },
    /// Asks a language model.
    CallLlm {
        /// Which.
        llm: Reference<Uuid>,
        /// What it shall do.
        instructions: Text,
        /// With what.
        input: Text,
        /// The local that gets the answer.
        output_local: SmolStr,
    },
    /// Calls subscribers.
    CallResthook {
        /// Of which hook.
        resthook: SmolStr,
        /// Under which name the outcome is kept.
        result: Option<ResultName>,
    },
    /// Calls a web service.
    CallWebhook {
        /// HTTP method.
        method: SmolStr,
        /// Address.
        url: Text,
        /// Headers.
        headers: Vec<(SmolStr, Text)>,
        /// Body.
        body: Text,
        /// Under which name the outcome is kept.
        result: Option<ResultName>,
    },
    /// Enters another flow.
    EnterFlow {
        /// Which.
        flow: Reference<FlowUuid>,
        /// Whether all open runs end first.
        terminal: bool,
    },
    /// Opens a ticket.
    OpenTicket {
        /// Its subject; the default one if absent.
        topic: Option<Reference<TopicUuid>>,
        /// Who shall deal with it.
        assignee: Option<Assignee>,
        /// A note for them.
        note: Text,
    },
    /// Plays a recording.
    PlayAudio {
        /// Its address.
        audio_url: Localized<Text>,
    },
    /// Leaves groups.
    RemoveContactGroups {
        /// Which.
        groups: Vec<Named<GroupUuid>>,
        /// Whether all that are filled by hand.
        all_groups: bool,
    },
    /// Speaks.
    SayMsg {
        /// What.
        text: Localized<Text>,
        /// Address of a recording of it, which is no template; may be empty.
        audio_url: Localized<SmolStr>,
    },
    /// Writes to others.
    SendBroadcast {
        /// To whom.
        recipients: Recipients,
        /// What.
        message: Message,
    },
    /// Sends an e-mail.
    SendEmail {
        /// To which addresses.
        addresses: Vec<Text>,
        /// Subject.
        subject: Localized<Text>,
        /// Body.
        body: Localized<Text>,
    },
    /// Writes to the contact.
    SendMsg {
        /// What.
        message: Message,
    },
    /// Prefers a channel.
    SetContactChannel {
        /// Which; none clears the preference.
        channel: Option<Reference<ChannelUuid>>,
    },
    /// Sets a field.
    SetContactField {
        /// Which.
        field: FieldReference,
        /// To what.
        value: Text,
    },
    /// Sets the language.
    SetContactLanguage {
        /// To what.
        language: Text,
    },
    /// Sets the name.
    SetContactName {
        /// To what.
        name: Text,
    },
    /// Sets the status.
    SetContactStatus {
        /// To what.
        status: ContactStatus,
    },
    /// Sets the zone.
    SetContactTimezone {
        /// To what.
        timezone: Text,
    },
    /// Changes a local.
    SetRunLocal {
        /// Which.
        local: SmolStr,
        /// With what.
        value: Text,
        /// How.
        operation: LocalOperation,
    },
    /// Keeps a result.
    SetRunResult {
        /// Under which name.
        result: ResultName,
        /// Its value.
        value: Text,
        /// Its category; may be empty.
        category: Localized<SmolStr>,
    },
    /// Starts a flow for others.
    StartSession {
        /// Whom.
        recipients: Recipients,
        /// In which flow.
        flow: Reference<FlowUuid>,
        /// Who is left out.
        exclusions: Exclusions,
        /// Whether a new contact is made and started.
        create_contact: bool,
    },
    /// Starts a flow for the contact at a later moment.
    SetReminder {
        /// Which, when and how.
        reminder: Box<Reminder>,
    },
    /// Takes reminders back.
    CancelReminder {
        /// Its key; all if it is empty.
        key: Text,
    },
    /// Records what was achieved.
    RecordOutcome {
        /// Its name.
        outcome: ResultName,
        /// Its value.
        value: Text,
        /// Whether it belongs to the contact's open ticket.
        ticket: bool,
    },
    /// Keeps that the contact agreed to something, or took it back.
    RecordConsent {
        /// To what.
        purpose: SmolStr,
        /// Whether they agreed.
        given: bool,
        /// What they were shown.
        text: Text,
    },
    /// Sends airtime.
    TransferAirtime {
        /// Amounts by ISO 4217 code.
        amounts: Vec<(SmolStr, Amount)>,
    },
}

/// A message: what is said, with what, and what may be answered.
#[derive(Clone, Debug)]
pub struct Message {
    /// What it says.
    pub text: Localized<Text>,
    /// Files, as `type:url`.
    pub attachments: Localized<Vec<Text>>,
    /// Answers the contact can tap.
    pub quick_replies: Localized<Vec<Text>>,
    /// The carrier-approved text to use where a channel needs one.
    pub template: Option<Reference<TemplateUuid>>,
    /// Its variables.
    pub template_variables: Localized<Vec<Text>>,
    /// Seconds between what was sent before and this.
    pub pause_seconds: u32,
    /// What it offers beside its text.
    pub offer: Option<Box<Offer>>,
}

/// A fixed group or label, or the one whose name a template gives.
#[derive(Clone, Debug)]
pub enum Named<Id> {
    /// By identifier.
    Fixed(Reference<Id>),
    /// By name.
    Match(Text),
}

/// Whom an action addresses besides the contact of the session.
#[derive(Clone, Debug)]
pub struct Recipients {
    /// Members of groups.
    pub groups: Vec<Named<GroupUuid>>,
    /// Single contacts.
    pub contacts: Vec<Reference<ContactUuid>>,
    /// A contact query; may be empty.
    pub contact_query: Text,
    /// Addresses, which are no templates.
    pub urns: Vec<SmolStr>,
    /// Group names, contact identifiers or addresses.
    pub legacy_vars: Vec<Text>,
}

/// Who shall deal with a ticket.
#[derive(Clone, Debug)]
pub enum Assignee {
    /// By identifier.
    Fixed(Reference<UserUuid>),
    /// By e-mail address.
    Email(Text),
}
