//! Runs beginning, ending and saving results; flows started for others.

use std::sync::Arc;

use domain::{FlowUuid, Reference, RunUuid, SessionUuid, Urn};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{ContactRef, GroupRef};
use crate::{raw_json::RawJson, session::RunStatus};

/// A flow as events name it.
pub type FlowRef = Reference<FlowUuid>;

/// A flow and the revision that ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowRevisionRef {
    /// Public identifier.
    pub uuid: FlowUuid,
    /// Name.
    #[serde(default)]
    pub name: SmolStr,
    /// Revision; 0 if the definition states none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revision: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A run began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStarted {
    /// Of which flow.
    pub flow: FlowRevisionRef,
    /// The run.
    pub run_uuid: RunUuid,
    /// The run that entered this flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_uuid: Option<RunUuid>,
    /// Whether it replaced all runs that were open.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub terminal: bool,
}

/// A run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunEnded {
    /// The run.
    pub run_uuid: RunUuid,
    /// Of which flow.
    pub flow: FlowRevisionRef,
    /// How.
    pub status: RunStatus,
}

/// What a result was before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreviousResult {
    /// The value.
    pub value: SmolStr,
    /// The category.
    pub category: SmolStr,
}

/// A result got a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunResultChanged {
    /// Name of the result.
    pub name: SmolStr,
    /// Its value.
    pub value: SmolStr,
    /// Its category; empty if it has none.
    pub category: SmolStr,
    /// The category in the contact's language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_localized: Option<SmolStr>,
    /// What else the matching test or the service gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<RawJson>,
    /// What it was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousResult>,
}

/// The contact entered a flow that waits, or left it (`None`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactFlowChanged {
    /// The flow.
    pub flow: Option<FlowRef>,
}

/// Who should not be started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusions {
    /// Those who are in a flow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_a_flow: bool,
}

/// How far a session is from a person's last word, to stop flows that start each other for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionHistory {
    /// The session that started this one.
    pub parent_uuid: SessionUuid,
    /// Sessions before this one.
    pub ancestors: u32,
    /// Sessions before this one since a person last said something.
    pub ancestors_since_input: u32,
}

/// A flow should be started for others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionTriggered {
    /// The flow.
    pub flow: FlowRef,
    /// Groups to start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupRef>,
    /// Contacts to start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<ContactRef>,
    /// Query of contacts to start.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub contact_query: SmolStr,
    /// Who is left out.
    #[serde(default)]
    pub exclusions: Exclusions,
    /// Whether to start a new contact.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub create_contact: bool,
    /// Addresses to start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urns: Vec<Urn>,
    /// The run that asked for it, which the started runs see as `@parent`.
    pub run_summary: Arc<serde_json::Value>,
    /// How far the started sessions will be from a person's last word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<SessionHistory>,
}
