//! Adds the contact to groups.

use domain::GroupUuid;
use serde::Deserialize;

use crate::definition::fields::Problems;
use crate::definition::limits::MAX_RECIPIENTS;
use crate::definition::nullable::nullable;
use crate::definition::references::VariableReference;

/// The groups to join.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct AddContactGroups {
    /// Fixed groups, or templates of their names.
    #[serde(deserialize_with = "nullable")]
    pub groups: Vec<VariableReference<GroupUuid>>,
}

impl AddContactGroups {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.variable_references("groups", &self.groups, MAX_RECIPIENTS);
    }
}
