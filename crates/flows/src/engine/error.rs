//! Why a session cannot be started or gone on with.

use domain::FlowUuid;
use thiserror::Error;

use crate::session::Session;

/// Why a session cannot be started.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EngineError {
    /// The flow is not among the assets.
    #[error("there is no flow {0}; it may have been deleted")]
    UnknownFlow(FlowUuid),
    /// A voice flow without a call.
    #[error("the flow is for calls and can only be started with one")]
    NeedsCall,
    /// The trigger carries the wrong event.
    #[error(transparent)]
    Trigger(#[from] crate::trigger::TriggerError),
}

/// Why a session cannot be gone on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ResumeReason {
    /// It does not wait for the contact.
    #[error("the session does not wait for the contact")]
    NotWaiting,
    /// It waits for something else.
    #[error("the session's wait does not accept this")]
    NotAccepted,
    /// It waits for no effect, or one of another kind.
    #[error("the session does not wait for this effect")]
    NotPending,
    /// It belongs to another contact.
    #[error("the session belongs to another contact")]
    WrongContact,
}

/// Why a session cannot be gone on with, and the session as it was.
#[derive(Debug, Error)]
#[error("{reason}")]
pub struct ResumeError {
    /// Why.
    pub reason: ResumeReason,
    /// The session, unchanged.
    pub session: Box<Session>,
}

impl ResumeError {
    pub(super) fn new(reason: ResumeReason, session: Session) -> Self {
        Self { reason, session: Box::new(session) }
    }
}
