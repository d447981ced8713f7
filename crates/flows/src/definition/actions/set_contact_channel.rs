//! Sets the channel that the contact prefers.

use domain::ChannelUuid;
use serde::Deserialize;

use crate::definition::fields::Problems;
use crate::definition::references::Reference;

/// The channel to prefer.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct SetContactChannel {
    /// The channel; none clears the preference.
    #[serde(default)]
    pub channel: Option<Reference<ChannelUuid>>,
}

impl SetContactChannel {
    pub(super) fn check(&self, problems: &mut Problems) {
        if let Some(channel) = &self.channel {
            problems.reference("channel", channel);
        }
    }
}
