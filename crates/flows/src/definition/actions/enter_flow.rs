//! Goes into another flow.

use domain::FlowUuid;
use serde::Deserialize;

use crate::definition::fields::Problems;
use crate::definition::nullable::nullable;
use crate::definition::references::Reference;

/// A flow to enter.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct EnterFlow {
    /// Which flow.
    pub flow: Reference<FlowUuid>,
    /// Whether this flow ends instead of going on afterwards.
    #[serde(default, deserialize_with = "nullable")]
    pub terminal: bool,
}

impl EnterFlow {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.reference("flow", &self.flow);
    }
}
