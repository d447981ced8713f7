//! Sends a message to other people.

use serde::Deserialize;

use super::{Recipients, SendMsg};
use crate::definition::fields::Problems;

/// A message to people outside the session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SendBroadcast {
    /// Who gets it.
    pub recipients: Recipients,
    /// What they get.
    pub message: SendMsg,
}

impl<'de> Deserialize<'de> for SendBroadcast {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&serde_json::value::RawValue>::deserialize(deserializer)?;
        Ok(Self {
            recipients: serde_json::from_str(raw.get()).map_err(serde::de::Error::custom)?,
            message: serde_json::from_str(raw.get()).map_err(serde::de::Error::custom)?,
        })
    }
}

impl SendBroadcast {
    pub(super) fn check(&self, problems: &mut Problems) {
        self.recipients.check(problems);
        self.message.check(problems);
    }
}
