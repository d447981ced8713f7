//! Marks the message that the contact sent.

use domain::LabelUuid;
use serde::Deserialize;

use crate::definition::fields::Problems;
use crate::definition::limits::MAX_RECIPIENTS;
use crate::definition::nullable::nullable;
use crate::definition::references::VariableReference;

/// The labels to put on the message.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct AddInputLabels {
    /// Fixed labels, or templates of their names.
    #[serde(deserialize_with = "nullable")]
    pub labels: Vec<VariableReference<LabelUuid>>,
}

impl AddInputLabels {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.variable_references("labels", &self.labels, MAX_RECIPIENTS);
    }
}
