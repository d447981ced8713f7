//! What one call of the engine gives back.

use domain::{ExitUuid, FlowUuid, NodeUuid};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::{effect::Effect, events::Event, session::Session};

/// A step from one node to the next, for counting how contacts move through a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// The flow.
    pub flow_uuid: FlowUuid,
    /// The node left.
    pub node_uuid: NodeUuid,
    /// The exit taken.
    pub exit_uuid: ExitUuid,
    /// The node it leads to.
    pub destination_uuid: NodeUuid,
    /// What the router tested.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub operand: SmolStr,
    /// When.
    pub time: Timestamp,
}

/// What a session waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitKind {
    /// A message.
    Msg,
    /// The end of a dialled call.
    Dial,
}

/// The wait a sprint ended in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// What for.
    pub kind: WaitKind,
    /// Seconds after the last message was sent at which to resume with a timeout.
    pub timeout_seconds: Option<u32>,
    /// When to resume with an expiration.
    pub expires_on: Timestamp,
}

/// What one call of the engine gives back.
#[derive(Clone, Debug)]
pub struct Sprint {
    /// The session as it stands now.
    pub session: Session,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// Steps between nodes, in order.
    pub segments: Vec<Segment>,
    /// What the flow needs from outside before it can go on; the session is then
    /// [`Active`](crate::session::SessionStatus::Active) and pending.
    pub effect: Option<Effect>,
    /// The wait it ended in, if the session waits for the contact.
    pub wait: Option<Wait>,
    /// Whether the contact is now in just those query groups that they fit: see [`Engine::groups_are_right`].
    ///
    /// [`Engine::groups_are_right`]: crate::Engine::groups_are_right
    pub groups_are_right: bool,
}
