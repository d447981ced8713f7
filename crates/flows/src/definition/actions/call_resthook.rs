//! Tells all subscribers of a hook.

use serde::Deserialize;
use smol_str::SmolStr;

use crate::definition::fields::Problems;
use crate::definition::nullable::nullable;

/// A call to subscribers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct CallResthook {
    /// Name of the hook.
    #[serde(default, deserialize_with = "nullable")]
    pub resthook: SmolStr,
    /// Name under which the outcome is kept; empty if it is not.
    #[serde(default, deserialize_with = "nullable")]
    pub result_name: SmolStr,
}

impl CallResthook {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.required("resthook", &self.resthook);
        problems.result_name("result_name", &self.result_name);
    }
}
