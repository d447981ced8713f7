//! Moments in the future.

use domain::{ContactId, SessionId, WorkspaceId};
use jiff::Timestamp;

use crate::text_codes::text_codes;

text_codes! {
    /// What happens when a timer is due.
    TimerKind {
        /// The wait of a session times out.
        WaitTimeout = "wait_timeout",
        /// The session expires.
        Expiry = "expiry",
        /// An effect did not come back in time.
        EffectDeadline = "effect_deadline",
    }
}

/// A moment that has come, or will. A contact has at most one of each kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTimer {
    /// Owner.
    pub workspace: WorkspaceId,
    /// The person.
    pub contact: ContactId,
    /// What happens.
    pub kind: TimerKind,
    /// When.
    pub due: Timestamp,
    /// The session it was set for.
    pub session: SessionId,
}
