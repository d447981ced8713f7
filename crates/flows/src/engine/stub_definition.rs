//! Stands in for definitions until they land.
use serde::{Deserialize, Serialize};

/// Where a flow can run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowType {
    /// A conversation by messages.
    #[default]
    Messaging,
    /// Steps without questions that do not disturb a conversation.
    MessagingBackground,
    /// A survey on a device without a network.
    MessagingOffline,
    /// A phone call.
    Voice,
}
