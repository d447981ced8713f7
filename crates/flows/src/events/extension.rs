//! Reminders and outcomes.

use std::collections::BTreeMap;

use domain::TicketUuid;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::FlowRef;

/// A flow shall be started for the contact at a later moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReminderSet {
    /// Key; a reminder of the contact with the same key is replaced.
    pub key: SmolStr,
    /// When.
    pub due: Timestamp,
    /// The flow.
    pub flow: FlowRef,
    /// Values for `@trigger.params`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<SmolStr, SmolStr>,
    /// `interrupt` or `skip`: what happens if the contact is in a conversation then.
    pub mode: SmolStr,
}

/// A reminder was taken back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReminderCancelled {
    /// Its key; empty for all of the contact's.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub key: SmolStr,
}

/// Something was achieved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutcomeRecorded {
    /// Its name as the author wrote it.
    pub name: SmolStr,
    /// Its value; may be empty.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub value: SmolStr,
    /// The ticket it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket_uuid: Option<TicketUuid>,
}

/// The contact agreed to something, or took it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentRecorded {
    /// To what.
    pub purpose: SmolStr,
    /// Whether they agreed.
    pub given: bool,
    /// What they were shown; may be empty.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub text: SmolStr,
}
