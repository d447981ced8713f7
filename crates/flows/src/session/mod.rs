//! A contact's way through one or more flows: small state that is stored between sprints.
//!
//! The contact, the assets and the workspace's conventions live outside; a session only names them. Between
//! sprints it is a compact binary ([`Session::encode`]); JSON ([`Session::to_json`]) is for export and tests.

mod codec;
mod json;

mod run;
mod run_codec;
mod trigger_slot;
mod wire;

use domain::{ChannelRef, ContactUuid, EventUuid, SessionUuid, Urn};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::events::CallRef;

pub use crate::definition::FlowType;
pub use codec::{CodecError, VERSION};
pub use run::{Run, RunResult, Step, WebhookState};
pub use trigger_slot::TriggerSlot;

/// Where a session stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    /// A sprint is going on, or waits for the answer to an effect.
    #[default]
    Active,
    /// It waits for the contact.
    Waiting,
    /// It came to its end.
    Completed,
    /// Something went wrong that it could not go on from.
    Failed,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// It is being executed, or waits for a sub-flow.
    #[default]
    Active,
    /// It waits for the contact.
    Waiting,
    /// It came to its end.
    Completed,
    /// The contact did not answer in time.
    Expired,
    /// Something went wrong.
    Failed,
    /// Another flow took its place.
    Interrupted,
}

impl RunStatus {
    /// The word used in JSON and expressions.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Waiting => "waiting",
            Self::Completed => "completed",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// The last message that came in, as `@input` sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The event it came with.
    pub uuid: EventUuid,
    /// When it came.
    pub created_on: Timestamp,
    /// The address it came from.
    pub urn: Option<Urn>,
    /// The channel it came on.
    pub channel: Option<ChannelRef>,
    /// What was written.
    pub text: SmolStr,
    /// Attached files as `content/type:url`.
    pub attachments: Vec<SmolStr>,
    /// The carrier's identifier.
    pub external_id: Option<SmolStr>,
    /// What the carrier sent beside the text, as JSON.
    pub payload: Option<SmolStr>,
    /// The identifier of what was chosen, if it answers a message that offered something; else empty.
    pub choice: SmolStr,
    /// The messages that a collecting wait took as one; else empty.
    pub messages: Vec<InputPart>,
}

/// One of several messages that were taken as one.
#[derive(Clone, Debug, PartialEq)]
pub struct InputPart {
    /// The event it came with.
    pub uuid: EventUuid,
    /// When it came.
    pub created_on: Timestamp,
    /// What was written.
    pub text: SmolStr,
    /// Attached files as `content/type:url`.
    pub attachments: Vec<SmolStr>,
}

/// Something the contact was offered: a button, a row of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// What `@input.id` is when it is chosen.
    pub id: SmolStr,
    /// What it showed.
    pub title: SmolStr,
}

/// An effect whose answer the session waits for, and where it goes on then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// Index of the run.
    pub run: u32,
    /// Index of the action within the run's current node.
    pub action: u32,
    /// Nodes entered so far in this sprint, so that loops through effects end too.
    pub steps: u32,
    /// The resume that the sprint began with.
    pub resumed: Option<(SmolStr, Option<crate::events::Dial>)>,
    /// What was asked for.
    pub effect: crate::effect::Effect,
}

/// A contact's way through one or more flows.
#[derive(Clone, Debug)]
pub struct Session {
    /// Public identifier.
    pub uuid: SessionUuid,
    /// Type of its flows.
    pub flow_type: FlowType,
    /// When it began.
    pub created_on: Timestamp,
    /// What started it.
    pub trigger: TriggerSlot,
    /// Whose it is.
    pub contact: ContactUuid,
    /// The call it takes place in.
    pub call: Option<CallRef>,
    /// Its runs in the order they began.
    pub runs: Vec<Run>,
    /// Where it stands.
    pub status: SessionStatus,
    /// The last message that came in.
    pub input: Option<Input>,
    /// Sprints so far.
    pub sprints: u32,
    /// The effect it waits for.
    pub pending: Option<Box<Pending>>,
    /// What the contact was offered since they last wrote.
    pub offered: Vec<Offered>,
    /// What a wait that collects has so far.
    pub collected: Vec<InputPart>,
}

impl Session {
    /// The run that waits for the contact.
    pub fn waiting_run(&self) -> Option<&Run> {
        self.runs.iter().rev().find(|run| run.status == RunStatus::Waiting)
    }

    /// The flow that the contact is in, if the session waits.
    pub fn current_flow(&self) -> Option<domain::FlowUuid> {
        self.waiting_run().map(|run| run.flow.uuid)
    }
}
