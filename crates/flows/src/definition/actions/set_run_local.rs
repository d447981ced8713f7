//! Changes a local variable of the run.

use serde::Deserialize;
use smol_str::SmolStr;

use crate::definition::fields::Problems;
use crate::definition::limits::MAX_TEXT;
use crate::definition::nullable::nullable;

/// What is done with a local.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LocalOperation {
    /// The definition says nothing; refused when it is read.
    #[default]
    #[serde(rename = "")]
    Missing,
    /// It gets the value.
    Set,
    /// The value is added to it.
    Increment,
    /// It goes away.
    Clear,
}

/// A change of a local.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct SetRunLocal {
    /// Name of the local.
    #[serde(default, deserialize_with = "nullable")]
    pub local: SmolStr,
    /// Template of the value.
    #[serde(default, deserialize_with = "nullable")]
    pub value: SmolStr,
    /// What is done with it.
    #[serde(default, deserialize_with = "nullable")]
    pub operation: LocalOperation,
}

impl SetRunLocal {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.required("local", &self.local);
        if self.operation == LocalOperation::Missing {
            problems.add("field 'operation' is required");
        }
        problems.max_text("value", &self.value, MAX_TEXT);
    }
}
