//! Sets whether we may talk with the contact.

use domain::ContactStatus;
use serde::Deserialize;

use crate::definition::fields::Problems;

/// The status to set.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct SetContactStatus {
    /// The status.
    pub status: ContactStatus,
}

impl SetContactStatus {
    pub(super) fn check(&self, _problems: &mut Problems) {}
}
