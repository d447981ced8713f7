//! Sets the zone of the contact.

use serde::Deserialize;
use smol_str::SmolStr;

use crate::definition::fields::Problems;
use crate::definition::limits::MAX_TEXT;
use crate::definition::nullable::nullable;

/// The zone to use.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct SetContactTimezone {
    /// Template of the IANA name; an empty one clears it.
    #[serde(default, deserialize_with = "nullable")]
    pub timezone: SmolStr,
}

impl SetContactTimezone {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.max_text("timezone", &self.timezone, MAX_TEXT);
    }
}
