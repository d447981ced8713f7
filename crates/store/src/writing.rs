//! What is handed to a writer, and what units leave behind beside their rows.

use domain::WorkspaceId;
use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::{Claimed, OutboxLine, Recovered, StoreError, Unit, UnitDone, UnitError, tally::Tallies};

/// The answer to a write of units.
pub(crate) type UnitAnswers = Vec<Result<UnitDone, UnitError>>;

/// Something for the writer to do.
pub(crate) enum Write {
    Units(Vec<Unit>, oneshot::Sender<Result<UnitAnswers, StoreError>>),
    Claim {
        run: i64,
        now: Timestamp,
        shares: Vec<(OutboxLine, usize)>,
        answer: oneshot::Sender<Result<Claimed, StoreError>>,
    },
    Recover {
        run: i64,
        now: Timestamp,
        answer: oneshot::Sender<Result<Recovered, StoreError>>,
    },
}

impl Write {
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Units(units, _) => units.len(),
            Self::Claim { shares, .. } => shares.iter().map(|(_, share)| share).sum(),
            Self::Recover { .. } => 1,
        }
    }
}

/// What a job came to, to be told once it is committed.
pub(crate) enum Done {
    Units(UnitAnswers),
    Claim(Result<Claimed, StoreError>),
    Recover(Result<Recovered, StoreError>),
}

impl Write {
    /// Tells the waiter. A waiter that is gone does not care, so a refused answer is no error.
    pub(crate) fn answer(self, done: Option<Done>, committed: &Result<(), StoreError>) {
        let committed = committed.clone();
        match (self, done) {
            (Self::Units(_, answer), Some(Done::Units(done))) => {
                drop(answer.send(committed.map(|()| done)));
            }
            (Self::Claim { answer, .. }, Some(Done::Claim(done))) => drop(answer.send(committed.and(done))),
            (Self::Recover { answer, .. }, Some(Done::Recover(done))) => {
                drop(answer.send(committed.and(done)));
            }
            // Only when the group could not be begun: the waiter hears why, or that nobody will answer.
            (Self::Units(_, answer), _) => drop(answer.send(committed.and(Err(StoreError::Closed)))),
            (Self::Claim { answer, .. }, _) => drop(answer.send(committed.and(Err(StoreError::Closed)))),
            (Self::Recover { answer, .. }, _) => drop(answer.send(committed.and(Err(StoreError::Closed)))),
        }
    }
}

/// What one unit changes beside its rows; thrown away with it if it fails.
#[derive(Default)]
pub(crate) struct SideEffects {
    pub(crate) tallies: Tallies,
    pub(crate) definitions_of: Option<WorkspaceId>,
}
