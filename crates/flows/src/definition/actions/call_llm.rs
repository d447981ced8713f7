//! Asks a language model.

use serde::Deserialize;
use smol_str::SmolStr;
use uuid::Uuid;

use crate::definition::fields::Problems;
use crate::definition::limits::MAX_TEXT;
use crate::definition::nullable::nullable;
use crate::definition::references::Reference;

/// A question to a language model.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct CallLlm {
    /// The model.
    pub llm: Reference<Uuid>,
    /// Template of what it shall do.
    #[serde(default, deserialize_with = "nullable")]
    pub instructions: SmolStr,
    /// Template of what it shall do it with.
    #[serde(default, deserialize_with = "nullable")]
    pub input: SmolStr,
    /// The local that gets the answer.
    #[serde(default, deserialize_with = "nullable")]
    pub output_local: SmolStr,
}

impl CallLlm {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.reference("llm", &self.llm);
        problems.required("instructions", &self.instructions);
        problems.max_text("instructions", &self.instructions, MAX_TEXT);
        problems.max_text("input", &self.input, MAX_TEXT);
        problems.required("output_local", &self.output_local);
    }
}
