//! Takes the contact out of groups.

use domain::GroupUuid;
use serde::Deserialize;

use crate::definition::fields::Problems;
use crate::definition::limits::MAX_RECIPIENTS;
use crate::definition::nullable::nullable;
use crate::definition::references::VariableReference;

/// The groups to leave.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct RemoveContactGroups {
    /// Fixed groups, or templates of their names.
    #[serde(default, deserialize_with = "nullable")]
    pub groups: Vec<VariableReference<GroupUuid>>,
    /// Whether all groups that are filled by hand are left.
    #[serde(default, deserialize_with = "nullable")]
    pub all_groups: bool,
}

impl RemoveContactGroups {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.variable_references("groups", &self.groups, MAX_RECIPIENTS);
        if self.all_groups && !self.groups.is_empty() {
            problems.add("can't specify specific groups when all_groups=true");
        }
    }
}
