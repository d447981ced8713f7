//! Puts the words of messages into the index by which they are searched, behind everything else: while search indexing
//! is turned off it waits, and while others write it takes no more than half of the time.

use std::sync::Arc;
use std::time::Duration;

use operations::{Context, Shed, index_messages};
use store::StoreError;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::limits;
use crate::metrics::Metrics;
use crate::shedding::Shedding;

/// What the worker is given.
pub(crate) struct Indexer {
    pub(crate) ctx: Context,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) shedding: Arc<Shedding>,
}

/// The task that indexes. It ends after `stop` is notified.
pub(crate) async fn run(indexer: Indexer, stop: Arc<Notify>) {
    loop {
        let stepping = async {
            let pause = indexer.step().await;
            tokio::time::sleep(pause).await;
        };
        tokio::select! {
            biased;
            () = stop.notified() => return,
            () = stepping => {}
        }
    }
}

impl Indexer {
    /// Takes some messages. Answers how long to wait then.
    async fn step(&self) -> Duration {
        let is_busy = self.ctx.store.write_queue_length() > limits::JOB_WRITES_FIRST;
        if is_busy || self.shedding.turns_off(Shed::SearchIndexing) {
            return limits::INDEX_MESSAGES_LOOK;
        }
        let since = Instant::now();
        match index_messages(&self.ctx, limits::INDEX_MESSAGES).await {
            Ok(found) => {
                self.metrics.indexed_messages.inc_by(found as u64);
                if found >= limits::INDEX_MESSAGES {
                    return since.elapsed().max(limits::INDEX_MESSAGES_PAUSE);
                }
            }
            // The node begins anew, or the store is away: others say so.
            Err(StoreError::Fenced) => {}
            Err(error) => tracing::warn!(%error, "messages could not be made searchable; trying again later"),
        }
        limits::INDEX_MESSAGES_LOOK
    }
}
