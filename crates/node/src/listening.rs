//! Hears what this node and others have committed, and wakes whoever works on it: so what another node leaves is taken up
//! at once, and what an opt-out took back anywhere does not leave here. What a ring does not reach is found a little later,
//! as everybody looks into the store from time to time all the same.

use std::sync::Arc;

use operations::Context;
use store::Topic;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::dispatcher::Handover;
use crate::limits;
use crate::lines::Lines;

/// The listening task. It ends after `stop` is notified.
pub(crate) async fn run(ctx: Context, (handover, lines): (Handover, Arc<Lines>), stop: Arc<Notify>) {
    let bell = ctx.store.doorbell();
    let mut withdrawn = bell.listen(Topic::Withdrawn);
    let mut outbox = bell.listen(Topic::Outbox);
    let mut jobs = bell.listen(Topic::Jobs);
    let mut definitions = bell.listen(Topic::Definitions);
    let (mut looked, mut clock_at) = (Instant::now(), Instant::now());
    loop {
        // A burst is one look.
        let again = looked + limits::DOORBELL_PAUSE;
        tokio::select! {
            biased;
            () = stop.notified() => return,
            () = withdrawn.rung() => ctx.withdrawn.add(&withdrawn.withdrawn()),
            () = tokio::time::sleep_until(clock_at) => {
                clock_at = Instant::now() + limits::CLOCK_LONGEST_SLEEP;
                // The clock, here or elsewhere, looks that often by itself.
                let by = ctx.now().checked_add(limits::CLOCK_LONGEST_SLEEP * 2).unwrap_or(jiff::Timestamp::MAX);
                bell.timers_looked_at(by);
            }
            () = after(again, outbox.rung()) => {
                looked = Instant::now();
                handover.look();
            }
            () = after(again, jobs.rung()) => {
                looked = Instant::now();
                ctx.jobs.notify_one();
            }
            () = after(again, definitions.rung()) => {
                looked = Instant::now();
                ctx.registry.ask_again();
                lines.ask_again();
            }
        }
    }
}

/// Waits for a ring, and for a moment before that.
async fn after(moment: Instant, ring: impl Future<Output = ()>) {
    tokio::time::sleep_until(moment).await;
    ring.await;
}
