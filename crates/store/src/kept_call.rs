//! Calls of the API with a key of their own, by which the same call is known again.

use domain::{UserId, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

/// Whose key it is, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallKey {
    /// Where.
    pub workspace: WorkspaceId,
    /// As whom the caller acts.
    pub user: UserId,
    /// What the caller chose.
    pub key: SmolStr,
}

/// A call that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCall {
    /// By what it is known again.
    pub key: CallKey,
    /// SHA-256 of what was asked, in hex.
    pub digest: SmolStr,
    /// What was answered; `None`: not known yet, or never to be known.
    pub answer: Option<KeptAnswer>,
    /// When it was done.
    pub made_on: Timestamp,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The status of HTTP.
    pub status: u16,
    /// The body, empty if there is none.
    pub body: String,
}
