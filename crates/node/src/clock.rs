//! Fires timers when they are due: waits that time out, conversations that expire, effects without an answer.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use operations::Context;
use tokio::sync::Notify;

use crate::dispatcher::Handover;
use crate::limits;
use crate::metrics::Metrics;

/// The clock's task. It ends after `stop` is notified, between two operations.
pub(crate) async fn run(ctx: Context, handover: Handover, metrics: Arc<Metrics>, stop: Arc<Notify>) {
    // While lines are full, what timers send waits in the store with what waits there, and each line takes its share.
    let mut unclaimed = ctx.clone();
    unclaimed.run = 0;
    loop {
        let full = !handover.full().is_empty();
        let firing = operations::fire_timers(if full { &unclaimed } else { &ctx }, limits::TIMER_BATCH);
        // A defect that breaks one batch must not end the clock.
        let pause = match AssertUnwindSafe(firing).catch_unwind().await {
            Ok(Ok(committed)) => {
                let fired = handover.take(committed);
                metrics.timers.inc_by(fired.due as u64);
                if full && fired.due > 0 {
                    handover.look();
                }
                metrics.timers_put_off.inc_by(fired.put_off as u64);
                if fired.due + fired.put_off >= limits::TIMER_BATCH {
                    Duration::ZERO
                } else if fired.left > 0 {
                    limits::CLOCK_SHORTEST_SLEEP
                } else {
                    until_next(&ctx).await
                }
            }
            Ok(Err(error)) => {
                metrics.errors.inc();
                tracing::error!(%error, "timers could not be read; trying again");
                limits::CLOCK_LONGEST_SLEEP
            }
            Err(_) => {
                metrics.errors.inc();
                tracing::error!("firing timers broke off; trying again");
                limits::CLOCK_LONGEST_SLEEP
            }
        };
        tokio::select! {
            biased;
            () = stop.notified() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// The time until the next timer, within bounds: another program may set one that is due earlier.
async fn until_next(ctx: &Context) -> Duration {
    let next = ctx.store.next_timer_due().await.ok().flatten();
    let wait = next.map(|due: Timestamp| due.duration_since(ctx.now()));
    let wait = wait.and_then(|wait| Duration::try_from(wait).ok()).unwrap_or(if next.is_some() {
        Duration::ZERO
    } else {
        limits::CLOCK_LONGEST_SLEEP
    });
    wait.clamp(limits::CLOCK_SHORTEST_SLEEP, limits::CLOCK_LONGEST_SLEEP)
}
