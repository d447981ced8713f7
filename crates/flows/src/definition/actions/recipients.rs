//! Whom an action addresses besides the contact of the session.

use domain::{ContactUuid, GroupUuid};
use serde::Deserialize;
use smol_str::SmolStr;

use crate::definition::fields::Problems;
use crate::definition::limits::{MAX_RECIPIENTS, MAX_TEXT};
use crate::definition::nullable::nullable;
use crate::definition::references::{Reference, VariableReference};

/// People named in five ways; all of them are addressed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Recipients {
    /// Members of groups.
    #[serde(default, deserialize_with = "nullable")]
    pub groups: Vec<VariableReference<GroupUuid>>,
    /// Single contacts.
    #[serde(default, deserialize_with = "nullable")]
    pub contacts: Vec<Reference<ContactUuid>>,
    /// Template of a contact query.
    #[serde(default, deserialize_with = "nullable")]
    pub contact_query: SmolStr,
    /// Addresses.
    #[serde(default, deserialize_with = "nullable")]
    pub urns: Vec<SmolStr>,
    /// Templates that give a group's name, a contact's identifier or an address.
    #[serde(default, deserialize_with = "nullable")]
    pub legacy_vars: Vec<SmolStr>,
}

impl Recipients {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.variable_references("groups", &self.groups, MAX_RECIPIENTS);
        problems.max_items("contacts", self.contacts.len(), MAX_RECIPIENTS);
        for (index, contact) in self.contacts.iter().enumerate() {
            problems.required_uuid(&format!("contacts[{index}].uuid"), contact.uuid.0);
        }
        problems.max_text("contact_query", &self.contact_query, MAX_TEXT);
        problems.max_items("urns", self.urns.len(), MAX_RECIPIENTS);
        problems.max_texts("urns", &self.urns, MAX_TEXT);
        problems.max_items("legacy_vars", self.legacy_vars.len(), MAX_RECIPIENTS);
        problems.max_texts("legacy_vars", &self.legacy_vars, MAX_TEXT);
    }
}
