//! What to do when the answer to a commit was lost: rows that it claimed for this run are in its hand, and it was not
//! told. So it looks what the store says it has in hand, and takes what it did not know of. Until then it claims nothing,
//! and what is written meanwhile waits in the store: it could overtake.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use domain::OutboxId;
use store::{Claimed, OutboxItem, StoreError};
use tokio::time::Instant;

use super::{BusyLines, Dispatcher, LaneKey, Report, SentRecord, outcome};

/// A commit whose connection broke may come to its end in the database after that: it is looked again then.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// What is known of rows in hand, to tell those that are not.
#[derive(Debug, Default)]
pub(super) struct Known {
    rows: HashMap<OutboxId, Instant>,
    /// While it is looked: rows that came to their end since.
    ended: Option<HashSet<OutboxId>>,
    again_at: Option<Instant>,
}

impl Known {
    /// A row is in hand.
    pub(super) fn add(&mut self, id: OutboxId) {
        self.rows.insert(id, Instant::now());
    }

    /// Since when a row is in hand, by our own steady clock.
    pub(super) fn since(&self, id: OutboxId) -> Option<Instant> {
        self.rows.get(&id).copied()
    }

    /// A row is no longer in hand.
    pub(super) fn remove(&mut self, id: OutboxId) {
        self.rows.remove(&id);
        if let Some(ended) = &mut self.ended {
            ended.insert(id);
        }
    }
}

impl Dispatcher {
    /// Whether it is to be looked what is in hand, before anything is claimed.
    pub(super) fn must_look(&self) -> bool {
        self.shared.ctx.store.in_doubt() || self.known.again_at.is_some_and(|at| Instant::now() >= at)
    }

    /// Asks the store what is in hand. Nothing is claimed or recorded meanwhile.
    pub(super) fn look_what_is_in_hand(&mut self) {
        self.claiming = true;
        self.known.ended = Some(HashSet::new());
        self.known.again_at = None;
        let (shared, reports) = (self.shared.clone(), self.reports.clone());
        let doubts = shared.ctx.store.doubts();
        tokio::spawn(async move {
            let found = shared.ctx.store.outbox_in_hand(shared.ctx.run).await;
            if found.is_err() {
                tokio::time::sleep(outcome::STORE_PAUSE).await;
            }
            let _ = reports.send(Report::Looked(doubts, found));
        });
    }

    /// Takes what the store says is in hand and was not known.
    pub(super) fn looked(&mut self, doubts: u64, found: Result<Claimed, StoreError>) {
        self.claiming = false;
        let ended = self.known.ended.take().unwrap_or_default();
        match found {
            Ok(Claimed { items, parts_sent, .. }) => {
                let here: HashSet<OutboxId> = self.arrivals.rows().map(|item| item.id).collect();
                let is_new = |item: &OutboxItem| {
                    let known = self.known.rows.contains_key(&item.id) || ended.contains(&item.id);
                    !known && !here.contains(&item.id)
                };
                let lost: Vec<OutboxItem> = items.into_iter().filter(is_new).collect();
                if !lost.is_empty() {
                    let rows = lost.len();
                    tracing::warn!(
                        rows,
                        "the answer to a commit was lost; what it left in hand goes out now"
                    );
                }
                for item in &lost {
                    // It may still be handed over by whoever wrote it.
                    self.remember_stale(item.id);
                    self.shared.bell.ring_for(item);
                }
                let parts = parts_sent.into_iter();
                self.progress.extend(parts.filter(|(id, _)| lost.iter().any(|item| item.id == *id)));
                self.arrivals.found(lost, self.shared.ctx.on_the_way.next());
                if self.shared.ctx.store.in_doubt() {
                    self.known.again_at = Some(Instant::now() + LOOK_AGAIN);
                }
                self.shared.ctx.store.settle_doubts(doubts);
                self.claim_at = Instant::now();
            }
            Err(error) => {
                self.shared.metrics.errors.inc();
                self.known.again_at = Some(Instant::now());
                tracing::error!(%error, "it could not be read what is in hand; trying again");
            }
        }
    }

    /// A row may have gone back with what is behind it, which another node may have by now: that is forgotten. What is in
    /// our hand all the same comes again with the next look.
    pub(super) fn doubt_what_is_behind(&mut self, key: &LaneKey, record: &SentRecord) {
        if !outcome::gives_back(&record.outcome) || !self.shared.ctx.store.in_doubt() {
            return;
        }
        for id in self.lanes.forget_behind(key, &record.item) {
            self.known.remove(id);
            self.progress.remove(&id);
        }
        let on_the_way = self.arrivals.doubt(record.item.contact, self.shared.ctx.on_the_way.next());
        self.not_taken(&on_the_way);
    }

    /// What was handed over and may be in another hand by now: the next look says which of it is in ours.
    pub(super) fn not_taken(&mut self, rows: &[OutboxItem]) {
        if rows.is_empty() {
            return;
        }
        self.lanes.hands().busy().arrived(&BusyLines::on_the_way(rows));
        self.known.again_at = Some(Instant::now());
    }
}
