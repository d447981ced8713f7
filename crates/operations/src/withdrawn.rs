//! Outbox rows that were taken back after a dispatcher had them in hand: a person opted out. Operations write it when
//! they have committed, the dispatcher asks just before something leaves.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use domain::OutboxId;

/// Rows that are remembered; none is in hand for so long that so many others are taken back meanwhile, and if one
/// were, the look into the store before it leaves finds it gone.
const REMEMBERED: usize = 100_000;

/// What must not leave any more.
#[derive(Debug, Default)]
pub struct Withdrawn {
    /// How many are remembered: nearly always none, and then nobody waits for the lock.
    count: AtomicUsize,
    rows: Mutex<Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    known: HashSet<OutboxId>,
    order: VecDeque<OutboxId>,
}

impl Withdrawn {
    /// Remembers that these rows were taken back.
    pub fn add(&self, ids: &[OutboxId]) {
        if ids.is_empty() {
            return;
        }
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        for id in ids {
            if rows.known.insert(*id) {
                rows.order.push_back(*id);
            }
            if rows.order.len() > REMEMBERED
                && let Some(oldest) = rows.order.pop_front()
            {
                rows.known.remove(&oldest);
            }
        }
        self.count.store(rows.known.len(), Ordering::Release);
    }

    /// Whether this row was taken back.
    pub fn has(&self, id: OutboxId) -> bool {
        self.count.load(Ordering::Acquire) > 0
            && self.rows.lock().unwrap_or_else(PoisonError::into_inner).known.contains(&id)
    }
}

#[cfg(test)]
mod tests {
    use domain::OutboxId;

    use super::{REMEMBERED, Withdrawn};

    #[test]
    fn remembers_the_latest() {
        let withdrawn = Withdrawn::default();
        assert!(!withdrawn.has(OutboxId(0)));
        let most = i64::try_from(REMEMBERED).expect("small");
        let ids: Vec<OutboxId> = (0..=most).map(OutboxId).collect();
        withdrawn.add(&ids);
        withdrawn.add(&ids[1..]);
        assert!(!withdrawn.has(OutboxId(0)) && withdrawn.has(OutboxId(1)) && withdrawn.has(OutboxId(most)));
    }
}
