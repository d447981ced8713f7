//! Messages in and out, broadcasts, labels and typing.

use domain::{
    ChannelRef, ContactUuid, EventUuid, Interactive, LabelUuid, MessageUuid, Reference, TemplateUuid,
    TicketUuid, Urn,
};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::GroupRef;

/// A label as events name it.
pub type LabelRef = Reference<LabelUuid>;
/// A template as events name it.
pub type TemplateRef = Reference<TemplateUuid>;
/// A contact as events name it.
pub type ContactRef = Reference<ContactUuid>;

/// A message that came in. Its identifier is that of its event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MsgIn {
    /// The address it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urn: Option<Urn>,
    /// The channel it came on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelRef>,
    /// What was written.
    #[serde(default)]
    pub text: SmolStr,
    /// Attached files as `content/type:url`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<SmolStr>,
    /// The carrier's identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<SmolStr>,
    /// What the carrier sent beside the text: a pressed button's value, a filled form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Box<serde_json::Value>>,
}

/// A message came in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MsgReceived {
    /// The message.
    pub msg: MsgIn,
    /// The open ticket it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket_uuid: Option<TicketUuid>,
}

/// What a suggested answer does when it is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuickReplyType {
    /// Sends its text back.
    #[default]
    Text,
    /// Sends the place where the phone is.
    Location,
    /// Opens a form of the carrier.
    Form,
    /// Opens a page.
    Url,
}

/// An answer suggested with a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickReply {
    /// What it does.
    #[serde(rename = "type", default)]
    pub kind: QuickReplyType,
    /// What it shows.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub text: SmolStr,
    /// The address of a page or the identifier of a form.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub extra: SmolStr,
}

/// A value for a variable of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateVariable {
    /// `text`, `image`, `video` or `document`.
    #[serde(rename = "type")]
    pub kind: SmolStr,
    /// The value.
    pub value: SmolStr,
}

/// A part of a template and which variables it uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateComponent {
    /// Such as `body` or `button.0`.
    pub name: SmolStr,
    /// Such as `body/text`.
    #[serde(rename = "type")]
    pub kind: SmolStr,
    /// Name within the part to index in the list of variables.
    #[serde(default)]
    pub variables: IndexMap<SmolStr, usize>,
}

/// The template a message is sent with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Templating {
    /// The template.
    pub template: TemplateRef,
    /// The carrier's namespace for it, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<SmolStr>,
    /// Its parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<TemplateComponent>,
    /// Its variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<TemplateVariable>,
}

/// Why a message is recorded but cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnsendableReason {
    /// No address of the contact has a channel.
    NoRoute,
    /// The contact is blocked.
    ContactBlocked,
    /// The contact opted out.
    ContactStopped,
    /// The contact is archived.
    ContactArchived,
    /// The workspace may not send.
    OrgSuspended,
    /// The text may not be sent.
    ForbiddenContent,
}

impl UnsendableReason {
    /// Why nothing can be sent to a contact of this status.
    pub(crate) fn of_status(status: domain::ContactStatus) -> Option<Self> {
        match status {
            domain::ContactStatus::Active => None,
            domain::ContactStatus::Blocked => Some(Self::ContactBlocked),
            domain::ContactStatus::Stopped => Some(Self::ContactStopped),
            domain::ContactStatus::Archived => Some(Self::ContactArchived),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A message to the contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MsgOut {
    /// The address it goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urn: Option<Urn>,
    /// The channel it goes over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelRef>,
    /// The text.
    #[serde(default)]
    pub text: SmolStr,
    /// Attached files as `content/type:url`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<SmolStr>,
    /// Suggested answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quick_replies: Vec<QuickReply>,
    /// What is offered beside the text; the suggested answers are for carriers that cannot show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interactive: Option<Box<Interactive>>,
    /// Seconds between what was sent before and this.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pause_seconds: u32,
    /// The template to send it with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub templating: Option<Box<Templating>>,
    /// Language and country of the text, as in `eng-ZA`.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub locale: SmolStr,
    /// Why it cannot be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsendable_reason: Option<UnsendableReason>,
}

/// A message should be sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MsgCreated {
    /// The message.
    pub msg: MsgOut,
    /// The broadcast it is part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broadcast_uuid: Option<uuid::Uuid>,
}

/// Something should be said or played in a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IvrCreated {
    /// What to say and the recording to play instead, if there is one.
    pub msg: MsgOut,
}

/// A message was deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MsgDeleted {
    /// Which.
    pub msg_uuid: MessageUuid,
    /// Whether the contact did it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_contact: bool,
}

/// A message out changed its status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MsgStatusChanged {
    /// Which.
    pub msg_uuid: MessageUuid,
    /// Its status now.
    pub status: SmolStr,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<SmolStr>,
}

/// Somebody is writing, or stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Typing {
    /// `incoming` or `outgoing`.
    pub direction: SmolStr,
    /// On which channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelRef>,
    /// From which address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urn: Option<Urn>,
    /// In answer to which message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msg_external_id: Option<SmolStr>,
}

/// The last message in got labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputLabelsAdded {
    /// The message, which is the event it came in with.
    pub input_uuid: EventUuid,
    /// The labels.
    pub labels: Vec<LabelRef>,
}

/// What a broadcast says in one language.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BroadcastContent {
    /// The text.
    #[serde(default)]
    pub text: SmolStr,
    /// Attached files as `content/type:url`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<SmolStr>,
    /// Suggested answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quick_replies: Vec<QuickReply>,
}

/// A message to many should be sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BroadcastCreated {
    /// By language.
    pub translations: IndexMap<SmolStr, BroadcastContent>,
    /// The language used where there is no other.
    pub base_language: SmolStr,
    /// Groups to send to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupRef>,
    /// Contacts to send to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<ContactRef>,
    /// Query of contacts to send to.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub contact_query: SmolStr,
    /// Addresses to send to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urns: Vec<Urn>,
    /// The template to send it with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateRef>,
    /// Values of its variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub template_variables: Vec<SmolStr>,
}
