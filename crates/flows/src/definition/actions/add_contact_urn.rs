//! Gives the contact another address.

use serde::Deserialize;
use smol_str::SmolStr;

use crate::definition::fields::Problems;
use crate::definition::limits::MAX_TEXT;
use crate::definition::nullable::nullable;

/// The address to add.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct AddContactUrn {
    /// URN scheme, such as `tel`.
    #[serde(default, deserialize_with = "nullable")]
    pub scheme: SmolStr,
    /// Template of the path.
    #[serde(default, deserialize_with = "nullable")]
    pub path: SmolStr,
}

impl AddContactUrn {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.required("scheme", &self.scheme);
        if !self.scheme.is_empty() && !domain::urn::is_scheme(&self.scheme) {
            problems.add("field 'scheme' is not a valid URN scheme");
        }
        problems.required("path", &self.path);
        problems.max_text("path", &self.path, MAX_TEXT);
    }
}
