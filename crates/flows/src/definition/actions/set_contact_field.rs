//! Sets a field of the contact.

use serde::Deserialize;
use smol_str::SmolStr;

use crate::definition::fields::Problems;
use crate::definition::limits::MAX_TEXT;
use crate::definition::nullable::nullable;
use crate::definition::references::FieldReference;

/// A field and its new value.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct SetContactField {
    /// Which field.
    #[serde(deserialize_with = "nullable")]
    pub field: FieldReference,
    /// Template of the value; an empty one clears the field.
    #[serde(default, deserialize_with = "nullable")]
    pub value: SmolStr,
}

impl SetContactField {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.required("field.key", &self.field.key);
        problems.max_text("value", &self.value, MAX_TEXT);
    }
}
