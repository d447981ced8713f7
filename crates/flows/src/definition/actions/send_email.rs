//! Sends an e-mail.

use serde::Deserialize;
use smol_str::SmolStr;

use crate::definition::fields::Problems;
use crate::definition::limits::{MAX_RECIPIENTS, MAX_TEXT};
use crate::definition::nullable::nullable;

/// An e-mail.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct SendEmail {
    /// Templates of the addresses.
    #[serde(default, deserialize_with = "nullable")]
    pub addresses: Vec<SmolStr>,
    /// Template of the subject; can be translated.
    #[serde(default, deserialize_with = "nullable")]
    pub subject: SmolStr,
    /// Template of the body; can be translated.
    #[serde(default, deserialize_with = "nullable")]
    pub body: SmolStr,
}

impl SendEmail {
    pub(super) fn check(&self, problems: &mut Problems) {
        if self.addresses.is_empty() {
            problems.add("field 'addresses' must have a minimum of 1 items");
        }
        problems.max_items("addresses", self.addresses.len(), MAX_RECIPIENTS);
        problems.max_texts("addresses", &self.addresses, MAX_TEXT);
        problems.required("subject", &self.subject);
        problems.max_text("subject", &self.subject, MAX_TEXT);
        problems.required("body", &self.body);
        problems.max_text("body", &self.body, MAX_TEXT);
    }
}
