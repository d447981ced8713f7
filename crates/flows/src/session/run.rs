//! One flow within a session.

use std::sync::Arc;

use domain::{NodeUuid, RunUuid};
use indexmap::IndexMap;
use jiff::Timestamp;
use smol_str::SmolStr;

use super::RunStatus;
use crate::events::FlowRevisionRef;
use crate::{program::Program, raw_json::RawJson};

/// A node that was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Index of the node in the run's program.
    pub node: u32,
    /// When it was entered.
    pub arrived_on: Timestamp,
}

/// A value saved under a name.
#[derive(Clone, Debug, PartialEq)]
pub struct RunResult {
    /// The name as the author wrote it.
    pub name: SmolStr,
    /// The value.
    pub value: SmolStr,
    /// The category; empty if it has none.
    pub category: SmolStr,
    /// The category in the contact's language; empty if it is the same.
    pub category_localized: SmolStr,
    /// The node it was saved at.
    pub node: NodeUuid,
    /// What it was derived from.
    pub input: SmolStr,
    /// What else the matching test or the service gave, as JSON.
    pub extra: Option<RawJson>,
    /// When it was saved.
    pub created_on: Timestamp,
}

/// The last answer of a web service, as `@webhook` sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookState {
    /// Upper-case method.
    pub method: SmolStr,
    /// Address called.
    pub url: String,
    /// Status code; 0 if there was no answer.
    pub status: u16,
    /// Headers of the answer.
    pub headers: IndexMap<SmolStr, String>,
    /// Its body if it was JSON.
    pub json: RawJson,
}

/// One flow within a session.
#[derive(Clone, Debug)]
pub struct Run {
    /// Public identifier.
    pub uuid: RunUuid,
    /// The flow and the revision this run follows.
    pub flow: FlowRevisionRef,
    /// That revision, or the flow's current one if that is gone; `None` if the flow was deleted.
    pub program: Option<Arc<Program>>,
    /// Nodes entered, the current one last. Empty once the run has ended and been stored.
    pub path: Vec<Step>,
    /// Values of `@locals`.
    pub locals: IndexMap<SmolStr, SmolStr>,
    /// Results by key.
    pub results: IndexMap<SmolStr, RunResult>,
    /// Where it stands.
    pub status: RunStatus,
    /// Whether the contact has said something in it.
    pub had_input: bool,
    /// Index of the run that entered this flow.
    pub parent: Option<u32>,
    /// The last answer of a web service.
    pub webhook: Option<Box<WebhookState>>,
    /// When it began.
    pub created_on: Timestamp,
    /// When it last changed.
    pub modified_on: Timestamp,
    /// When it ended.
    pub exited_on: Option<Timestamp>,
}
