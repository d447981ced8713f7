//! Plays a recording in a call.

use serde::Deserialize;
use smol_str::SmolStr;

use crate::definition::fields::Problems;
use crate::definition::limits::MAX_TEXT;
use crate::definition::nullable::nullable;

/// A recording to play.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct PlayAudio {
    /// Template of its address; can be translated.
    #[serde(default, deserialize_with = "nullable")]
    pub audio_url: SmolStr,
}

impl PlayAudio {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.required("audio_url", &self.audio_url);
        problems.max_text("audio_url", &self.audio_url, MAX_TEXT);
    }
}
