//! Asked for consent on a channel; kept so that old flows can be read.

use serde::Deserialize;

use crate::definition::fields::Problems;

/// No longer supported: the engine reports that and goes on.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct RequestOptin {}

impl RequestOptin {
    pub(super) fn check(&self, _problems: &mut Problems) {}
}
