//! Says something in a call.

use serde::Deserialize;
use smol_str::SmolStr;

use crate::definition::fields::Problems;
use crate::definition::limits::MAX_TEXT;
use crate::definition::nullable::nullable;

/// What is said.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct SayMsg {
    /// Template of the text; can be translated.
    #[serde(default, deserialize_with = "nullable")]
    pub text: SmolStr,
    /// Template of a recording of it; can be translated.
    #[serde(default, deserialize_with = "nullable")]
    pub audio_url: SmolStr,
}

impl SayMsg {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.required("text", &self.text);
        problems.max_text("text", &self.text, MAX_TEXT);
        problems.max_text("audio_url", &self.audio_url, MAX_TEXT);
    }
}
