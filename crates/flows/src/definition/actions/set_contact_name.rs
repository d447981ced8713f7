//! Sets the name of the contact.

use serde::Deserialize;
use smol_str::SmolStr;

use crate::definition::fields::Problems;
use crate::definition::limits::MAX_TEXT;
use crate::definition::nullable::nullable;

/// The name to give.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct SetContactName {
    /// Template of the name; an empty one clears it.
    #[serde(default, deserialize_with = "nullable")]
    pub name: SmolStr,
}

impl SetContactName {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.max_text("name", &self.name, MAX_TEXT);
    }
}
