//! Keeps a result.

use serde::Deserialize;
use smol_str::SmolStr;

use crate::definition::fields::Problems;
use crate::definition::limits::MAX_TEXT;
use crate::definition::nullable::nullable;

/// A result to keep.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct SetRunResult {
    /// Its name.
    #[serde(default, deserialize_with = "nullable")]
    pub name: SmolStr,
    /// Template of its value.
    #[serde(default, deserialize_with = "nullable")]
    pub value: SmolStr,
    /// Its category; can be translated.
    #[serde(default, deserialize_with = "nullable")]
    pub category: SmolStr,
}

impl SetRunResult {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.required("name", &self.name);
        problems.result_name("name", &self.name);
        problems.max_text("value", &self.value, MAX_TEXT);
        problems.category_name("category", &self.category);
    }
}
