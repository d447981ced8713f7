//! What is handed to a writer, and what units leave behind beside their rows.

use domain::WorkspaceId;
use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::{
    Claimed, OutboxQueue, StoreError, Unit, UnitDone, UnitError,
    feed::Gathered,
    sql::{self, Connection},
    tally::Tallies,
};

/// The answer to a write of units.
pub(crate) type UnitAnswers = Vec<Result<UnitDone, UnitError>>;

/// Something for the writer to do.
pub(crate) enum Write {
    Units(Vec<Unit>, oneshot::Sender<Result<UnitAnswers, StoreError>>),
    Claim {
        run: i64,
        now: Timestamp,
        shares: Vec<(OutboxQueue, usize)>,
        answer: oneshot::Sender<Result<Claimed, StoreError>>,
    },
    /// Something beside the units; it keeps its answer itself.
    Aside {
        work: Aside,
        answer: oneshot::Sender<Result<(), StoreError>>,
    },
}

/// Work in a transaction, of which nothing is kept if it fails. It may be done again.
pub(crate) type Aside = Box<dyn Fn(&Connection<'_>) -> sql::Result<()> + Send>;

impl Write {
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Units(units, _) => units.len(),
            Self::Claim { shares, .. } => shares.iter().map(|(_, share)| share).sum(),
            Self::Aside { .. } => 1,
        }
    }
}

/// What a job came to, to be told once it is committed.
pub(crate) enum Done {
    Units(UnitAnswers),
    Claim(Result<Claimed, StoreError>),
    Aside(Result<(), StoreError>),
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
            (Self::Aside { answer, .. }, Some(Done::Aside(done))) => drop(answer.send(committed.and(done))),
            // Only when the group could not be begun: the waiter hears why, or that nobody will answer.
            (Self::Units(_, answer), _) => drop(answer.send(committed.and(Err(StoreError::Closed)))),
            (Self::Claim { answer, .. }, _) => drop(answer.send(committed.and(Err(StoreError::Closed)))),
            (Self::Aside { answer, .. }, _) => drop(answer.send(committed.and(Err(StoreError::Closed)))),
        }
    }
}

/// What one unit changes beside its rows; thrown away with it if it fails.
#[derive(Default)]
pub(crate) struct SideEffects {
    pub(crate) tallies: Tallies,
    pub(crate) feed: Gathered,
    pub(crate) definitions_of: Option<WorkspaceId>,
    /// Whether keys for searches are made later.
    pub(crate) search_later: bool,
}
