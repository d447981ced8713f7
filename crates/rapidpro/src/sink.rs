//! Where what is brought goes: into a store, or nowhere.

use std::cell::Cell;

use jiff::Timestamp;
use operations::{Context, SharedHost, bring_in};
use store::{StoreError, Unit, UnitError};
use tokio::runtime::Runtime;

/// Where what is brought goes.
pub enum Sink {
    /// Nowhere: a rehearsal, with the clock and chance of this machine.
    Nowhere(SharedHost, Cell<i64>),
    /// Into a store.
    Store(Box<Context>, Runtime),
}

impl Sink {
    /// Nowhere.
    pub fn nowhere(host: SharedHost) -> Self {
        Self::Nowhere(host, Cell::new(0))
    }

    /// Into the store of a context. `runtime` is the one that the store was opened in.
    pub fn store(context: Context, runtime: Runtime) -> Self {
        Self::Store(Box::new(context), runtime)
    }

    /// Whether what is given is written.
    pub(crate) fn writes(&self) -> bool {
        matches!(self, Self::Store(..))
    }

    pub(crate) fn host(&self) -> &SharedHost {
        match self {
            Self::Nowhere(host, _) => host,
            Self::Store(context, _) => &context.host,
        }
    }

    /// The present moment in the microseconds that the store keeps.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.host().now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// A new row number.
    pub(crate) fn next_id(&self) -> i64 {
        match self {
            Self::Nowhere(_, last) => {
                last.set(last.get() + 1);
                last.get()
            }
            Self::Store(context, _) => context.store.ids().next(self.now()),
        }
    }

    /// Writes units, each whole or not at all, and answers each.
    pub(crate) fn write(&self, units: Vec<Unit>) -> Result<Vec<Result<(), UnitError>>, StoreError> {
        match self {
            Self::Nowhere(..) => Ok(units.iter().map(|_| Ok(())).collect()),
            Self::Store(context, runtime) => runtime.block_on(bring_in(context, units)),
        }
    }

    /// Reads from the store; the default if there is none.
    pub(crate) fn read<T: Default>(
        &self,
        read: impl AsyncFnOnce(&Context) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match self {
            Self::Nowhere(..) => Ok(T::default()),
            Self::Store(context, runtime) => runtime.block_on(read(context)),
        }
    }
}
