//! Commits whose answer was lost: what they wrote may be there and nobody in this process was told. Rows that such a
//! commit claimed for a running node are in its hand without its knowing, so it must look ([`crate::Store::outbox_in_hand`]).

use std::sync::atomic::{AtomicU64, Ordering};

use crate::StoreError;

/// How many doubts there were, and how many are settled.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    raised: AtomicU64,
    settled: AtomicU64,
}

impl Doubts {
    /// Takes note if the answer leaves open whether something is committed.
    pub(crate) fn note<T>(&self, answer: &Result<T, StoreError>) {
        if matches!(answer, Err(StoreError::Unknown)) {
            self.raised.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn raised(&self) -> u64 {
        self.raised.load(Ordering::Relaxed)
    }

    pub(crate) fn any(&self) -> bool {
        self.raised() != self.settled.load(Ordering::Relaxed)
    }

    pub(crate) fn settle(&self, until: u64) {
        self.settled.fetch_max(until, Ordering::Relaxed);
    }
}
