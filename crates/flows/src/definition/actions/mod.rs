//! What a node does: one file per type of action.

mod add_contact_groups;
mod add_contact_urn;
mod add_input_labels;
mod call_classifier;
mod call_llm;
mod call_resthook;
mod call_webhook;
mod enter_flow;
mod open_ticket;
mod play_audio;
mod recipients;
mod remove_contact_groups;
mod request_optin;
mod say_msg;
mod send_broadcast;
mod send_email;
mod send_msg;
mod set_contact_channel;
mod set_contact_field;
mod set_contact_language;
mod set_contact_name;
mod set_contact_status;
mod set_contact_timezone;
mod set_run_local;
mod set_run_result;
mod start_session;
mod transfer_airtime;

pub use add_contact_groups::AddContactGroups;
pub use add_contact_urn::AddContactUrn;
pub use add_input_labels::AddInputLabels;
pub use call_classifier::CallClassifier;
pub use call_llm::CallLlm;
pub use call_resthook::CallResthook;
pub use call_webhook::CallWebhook;
pub use enter_flow::EnterFlow;
pub use open_ticket::OpenTicket;
pub use play_audio::PlayAudio;
pub use recipients::Recipients;
pub use remove_contact_groups::RemoveContactGroups;
pub use request_optin::RequestOptin;
pub use say_msg::SayMsg;
pub use send_broadcast::SendBroadcast;
pub use send_email::SendEmail;
pub use send_msg::SendMsg;
pub use set_contact_channel::SetContactChannel;
pub use set_contact_field::SetContactField;
pub use set_contact_language::SetContactLanguage;
pub use set_contact_name::SetContactName;
pub use set_contact_status::SetContactStatus;
pub use set_contact_timezone::SetContactTimezone;
pub use set_run_local::{LocalOperation, SetRunLocal};
pub use set_run_result::SetRunResult;
pub use start_session::{Exclusions, StartSession};
pub use transfer_airtime::{Amount, TransferAirtime};

use domain::ActionUuid;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::value::RawValue;

use super::FlowType;
use super::fields::Problems;

/// One step of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// Public identifier, under which its texts are translated.
    pub uuid: ActionUuid,
    /// What is done.
    pub kind: ActionKind,
}

/// In which flows an action may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allowed {
    Everywhere,
    NotBackground,
    Online,
    Voice,
}

/// Declares [`ActionKind`] with the name and the place of each type.
macro_rules! action_kinds {
    ($($(#[$doc:meta])* $variant:ident $name:literal $allowed:ident),+ $(,)?) => {
        /// What is done.
        #[derive(Clone, Debug, PartialEq)]
        pub enum ActionKind {
            $($(#[$doc])* $variant($variant)),+
        }

        impl ActionKind {
            /// The names of all types, as definitions write them.
            pub const NAMES: &[&str] = &[$($name),+];

            /// The name of the type, as definitions write it.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name),+ }
            }

            fn read(name: &str, json: &str) -> Option<serde_json::Result<Self>> {
                match name {
                    $($name => Some(serde_json::from_str(json).map(Self::$variant)),)+
                    _ => None,
                }
            }

            fn check(&self, problems: &mut Problems) {
                match self { $(Self::$variant(action) => action.check(problems)),+ }
            }

            fn allowed(&self) -> Allowed {
                match self { $(Self::$variant(_) => Allowed::$allowed),+ }
            }
        }
    };
}

action_kinds! {
    /// Joins groups.
    AddContactGroups "add_contact_groups" Everywhere,
    /// Adds an address.
    AddContactUrn "add_contact_urn" Everywhere,
    /// Labels the message.
    AddInputLabels "add_input_labels" NotBackground,
    /// No longer supported.
    CallClassifier "call_classifier" Online,
    /// Asks a language model.
    CallLlm "call_llm" Online,
    /// Calls subscribers.
    CallResthook "call_resthook" Online,
    /// Calls a web service.
    CallWebhook "call_webhook" Online,
    /// Enters another flow.
    EnterFlow "enter_flow" Everywhere,
    /// Opens a ticket.
    OpenTicket "open_ticket" Online,
    /// Plays a recording.
    PlayAudio "play_audio" Voice,
    /// Leaves groups.
    RemoveContactGroups "remove_contact_groups" Everywhere,
    /// No longer supported.
    RequestOptin "request_optin" Online,
    /// Speaks.
    SayMsg "say_msg" Voice,
    /// Writes to others.
    SendBroadcast "send_broadcast" Online,
    /// Sends an e-mail.
    SendEmail "send_email" Online,
    /// Writes to the contact.
    SendMsg "send_msg" Everywhere,
    /// Prefers a channel.
    SetContactChannel "set_contact_channel" Online,
    /// Sets a field.
    SetContactField "set_contact_field" Everywhere,
    /// Sets the language.
    SetContactLanguage "set_contact_language" Everywhere,
    /// Sets the name.
    SetContactName "set_contact_name" Everywhere,
    /// Sets the status.
    SetContactStatus "set_contact_status" Everywhere,
    /// Sets the zone.
    SetContactTimezone "set_contact_timezone" Everywhere,
    /// Changes a local.
    SetRunLocal "set_run_local" Everywhere,
    /// Keeps a result.
    SetRunResult "set_run_result" Everywhere,
    /// Starts a flow for others.
    StartSession "start_session" Online,
    /// Sends airtime.
    TransferAirtime "transfer_airtime" Online,
}

impl ActionKind {
    /// Whether this action may stand in flows of a type.
    pub fn is_allowed_in(&self, flow_type: FlowType) -> bool {
        match self.allowed() {
            Allowed::Everywhere => true,
            Allowed::NotBackground => flow_type != FlowType::MessagingBackground,
            Allowed::Online => flow_type != FlowType::MessagingOffline,
            Allowed::Voice => flow_type == FlowType::Voice,
        }
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Self::read(raw.get()).map_err(D::Error::custom)
    }
}

impl Action {
    /// Reads and checks one action.
    pub(super) fn read(json: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Head<'a> {
            #[serde(rename = "type", default, borrow)]
            name: Option<std::borrow::Cow<'a, str>>,
            #[serde(default, borrow)]
            uuid: Option<std::borrow::Cow<'a, str>>,
        }
        let head: Option<Head<'_>> = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let Some((name, uuid)) = head.and_then(|head| Some((head.name?, head.uuid))) else {
            return Err("field 'type' is required".into());
        };
        let kind = match ActionKind::read(&name, json) {
            Some(Ok(kind)) => kind,
            Some(Err(error)) => return Err(invalid_uuid(json).unwrap_or_else(|| in_words(&name, &error))),
            None => return Err(format!("unknown type: '{name}'")),
        };
        let mut problems = Problems::default();
        let uuid = uuid.unwrap_or_default();
        let read = uuid.parse::<ActionUuid>();
        match &read {
            _ if uuid.is_empty() => problems.add("field 'uuid' is required"),
            Ok(uuid) => problems.required_uuid("uuid", uuid.0),
            Err(_) => problems.add("field 'uuid' must be a valid UUID"),
        }
        kind.check(&mut problems);
        problems.finish()?;
        Ok(Self { uuid: read.unwrap_or_default(), kind })
    }
}

/// Why an action cannot be read, in the words of the other checks where it has such.
fn in_words(name: &str, error: &serde_json::Error) -> String {
    let text = error.to_string();
    if let Some(field) = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        return format!("field '{field}' is required");
    }
    match (name, text.starts_with("unknown variant")) {
        ("set_contact_status", true) => "field 'status' is not a valid contact status".to_owned(),
        ("set_run_local", true) => "field 'operation' is not a valid local operation".to_owned(),
        _ => text,
    }
}

/// The first member of an action that should be an identifier and is not, in the words of the other checks.
fn invalid_uuid(json: &str) -> Option<String> {
    fn search(value: &serde_json::Value, path: &str) -> Option<String> {
        match value {
            serde_json::Value::Object(members) => members.iter().find_map(|(key, member)| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                match member.as_str() {
                    Some(text) if key == "uuid" && uuid::Uuid::try_parse(text).is_err() => {
                        Some(format!("field '{path}' must be a valid UUID"))
                    }
                    Some(_) => None,
                    None => search(member, &path),
                }
            }),
            serde_json::Value::Array(items) => {
                items.iter().enumerate().find_map(|(index, item)| search(item, &format!("{path}[{index}]")))
            }
            _ => None,
        }
    }
    search(&serde_json::from_str(json).ok()?, "")
}
