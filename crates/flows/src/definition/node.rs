//! A point of a conversation: things to do, then a way to go on.

use domain::{ExitUuid, NodeUuid};
use serde::Deserialize;

use super::actions::Action;
use super::nullable::{nullable, optional_uuid};
use super::router::Router;

/// A point of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Public identifier, by which exits and sessions name it.
    pub uuid: NodeUuid,
    /// What is done on arrival, in order.
    pub actions: Vec<Action>,
    /// What chooses the exit; without one it is the first.
    pub router: Option<Router>,
    /// The ways on.
    pub exits: Vec<Exit>,
}

/// A way on from a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Exit {
    /// Public identifier.
    #[serde(default, deserialize_with = "nullable")]
    pub uuid: ExitUuid,
    /// The next node; without one the run ends here.
    #[serde(default, deserialize_with = "optional_uuid")]
    pub destination_uuid: Option<NodeUuid>,
}
