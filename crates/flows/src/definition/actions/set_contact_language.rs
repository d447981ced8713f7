//! Sets the language of the contact.

use serde::Deserialize;
use smol_str::SmolStr;

use crate::definition::fields::Problems;
use crate::definition::limits::MAX_TEXT;
use crate::definition::nullable::nullable;

/// The language to speak.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct SetContactLanguage {
    /// Template of the ISO 639-3 code; an empty one clears it.
    #[serde(default, deserialize_with = "nullable")]
    pub language: SmolStr,
}

impl SetContactLanguage {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.max_text("language", &self.language, MAX_TEXT);
    }
}
