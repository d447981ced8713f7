//! What every operation is given.

use std::sync::Arc;

use flows::Host;
use jiff::Timestamp;
use store::{OutboxItem, Store};
use tokio::sync::Notify;

use crate::{Registry, lanes::Lanes, tallies::Times};

/// Clock, randomness and identifiers of the running node. They come from outside, so that a whole node runs under
/// virtual time and one seed.
pub type SharedHost = Arc<dyn Host + Send + Sync>;

/// What every operation is given. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// Where everything is kept.
    pub store: Store,
    /// Workspaces in memory, compiled.
    pub registry: Arc<Registry>,
    /// Clock, randomness and identifiers.
    pub host: SharedHost,
    /// Number of this run of the node, never 0 and never used again: outbox rows in hand carry it. A process that
    /// has no dispatcher (a command) uses 0, and leaves what it writes to the node.
    pub run: i64,
    /// Rung when a job was written: whoever works jobs off need not look again and again.
    pub jobs: Arc<Notify>,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) times: Arc<Times>,
}

impl Context {
    /// A context for a node; takes a new run number.
    pub fn for_node(store: Store, host: SharedHost) -> Self {
        let run = store.ids().next(host.now());
        Self { run, ..Self::for_command(store, host) }
    }

    /// A context for a command beside the node, or without one.
    pub fn for_command(store: Store, host: SharedHost) -> Self {
        Self {
            store,
            registry: Arc::new(Registry::default()),
            host,
            run: 0,
            jobs: Arc::new(Notify::new()),
            lanes: Arc::new(Lanes::default()),
            times: Arc::new(Times::default()),
        }
    }

    /// The present moment, in the microseconds that the store keeps.
    pub fn now(&self) -> Timestamp {
        let now = self.host.now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// A new row number.
    pub(crate) fn next_id(&self, now: Timestamp) -> i64 {
        self.store.ids().next(now)
    }
}

/// What an operation did, and what it leaves for the dispatcher.
#[derive(Debug)]
pub struct Committed<T> {
    /// The operation's answer.
    pub value: T,
    /// Outbox rows that are committed and already claimed for this run: the dispatcher must take each of them, in
    /// this order within a contact and channel. Rows that had to queue behind earlier ones are not here; they come
    /// with [`crate::claim_outbox`].
    pub outbox: Vec<OutboxItem>,
}
