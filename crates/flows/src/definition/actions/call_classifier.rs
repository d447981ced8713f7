//! Asked a classifier; kept so that old flows can be read.

use serde::Deserialize;
use smol_str::SmolStr;

use crate::definition::fields::Problems;
use crate::definition::nullable::nullable;

/// No longer supported: the engine reports that and goes on.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct CallClassifier {
    /// Template of the text to classify.
    #[serde(default, deserialize_with = "nullable")]
    pub input: SmolStr,
    /// Name under which the outcome was kept; empty if it was not.
    #[serde(default, deserialize_with = "nullable")]
    pub result_name: SmolStr,
}

impl CallClassifier {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.result_name("result_name", &self.result_name);
    }
}
