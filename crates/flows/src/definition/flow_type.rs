//! Where a flow can run.

use serde::{Deserialize, Serialize};

/// Where a flow can run, which decides what may stand in it.
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

impl FlowType {
    /// The type with a name, as definitions write it.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "messaging" => Some(Self::Messaging),
            "messaging_background" => Some(Self::MessagingBackground),
            "messaging_offline" => Some(Self::MessagingOffline),
            "voice" => Some(Self::Voice),
            _ => None,
        }
    }

    /// The name, as definitions write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Messaging => "messaging",
            Self::MessagingBackground => "messaging_background",
            Self::MessagingOffline => "messaging_offline",
            Self::Voice => "voice",
        }
    }
}
