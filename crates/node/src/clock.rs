//! Fires timers when they are due: waits that time out, conversations that expire, effects without an answer, and
//! behind these reminders and ends of windows, which may come due for very many people at once.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use operations::Context;
use store::{LeaseName, OutboxLine, TimerKind, Topic};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::dispatcher::Handover;
use crate::feed;
use crate::limits;
use crate::metrics::Metrics;
use crate::node::Worker;
use crate::shedding::Pulse;

/// The clock's state.
struct Clock {
    ctx: Context,
    /// While lines are full, what timers send waits in the store with what waits there, and each line takes its share.
    unclaimed: Context,
    handover: Handover,
    metrics: Arc<Metrics>,
    urgent: Vec<TimerKind>,
    others: Vec<TimerKind>,
    /// The lines to which the last reminders wrote.
    lines: HashSet<OutboxLine>,
    /// Since when reminders wait for others.
    waiting: Option<Instant>,
    /// When schedules are looked at again.
    schedules_at: Instant,
    /// Whether more urgent timers were due than were fired at once.
    backlog: bool,
    /// Whether people's messages wait.
    pulse: Arc<Pulse>,
}

/// The clock's task. It fires once this node has the clock's lease, and ends after `stop` is notified, between two
/// operations.
pub(crate) async fn run(worker: Worker) {
    let Worker { ctx, handover, metrics, membership, shedding: _, pulse, network: _, stop } = worker;
    let fence = tokio::select! {
        biased;
        () = stop.notified() => return,
        fence = membership.lease(LeaseName::Clock) => fence,
    };
    let ctx = ctx.under(fence);
    let unclaimed = ctx.unclaimed();
    let (urgent, others) = TimerKind::ALL.into_iter().partition(|kind| kind.is_urgent());
    let (lines, waiting, schedules_at) = (HashSet::new(), None, Instant::now());
    let mut clock = Clock {
        ctx,
        unclaimed,
        handover,
        metrics,
        urgent,
        others,
        lines,
        waiting,
        schedules_at,
        backlog: false,
        pulse,
    };
    let pruning = feed::prune(clock.ctx.clone());
    tokio::select! {
        biased;
        () = clock.go_on(&stop) => {}
        () = pruning => {}
    }
}

impl Clock {
    /// Fires until `stop` is notified.
    async fn go_on(&mut self, stop: &Notify) {
        let mut earlier = self.ctx.store.doorbell().listen(Topic::Timers);
        loop {
            let pause = self.step().await;
            tokio::select! {
                biased;
                () = stop.notified() => return,
                () = earlier.rung() => tokio::time::sleep(limits::CLOCK_SHORTEST_SLEEP).await,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Fires what is due and may go. Answers how long to wait then.
    async fn step(&mut self) -> Duration {
        self.fire_schedules().await;
        let limit = match (self.backlog, self.people_wait()) {
            (false, _) => limits::TIMER_BATCH,
            (true, false) => limits::BACKLOG_BATCH,
            (true, true) => limits::BUSY_BACKLOG_BATCH,
        };
        let begun = Instant::now();
        let (urgent, _) = self.fire(true, limit).await;
        let took = begun.elapsed();
        // So many at once are not waited for one by one: what people write goes in between.
        self.backlog = urgent == Some(Duration::ZERO);
        let others = if self.others_may_go() {
            let (pause, lines) = self.fire(false, limits::REMINDER_BATCH).await;
            if !lines.is_empty() || pause.is_none() {
                self.lines = lines;
            }
            pause
        } else {
            Some(limits::JOB_PAUSE)
        };
        match urgent.into_iter().chain(others).min() {
            // While people's messages wait, the machine is theirs at least half of the time.
            Some(pause) if self.backlog && self.people_wait() => {
                pause.max(took.clamp(limits::CLOCK_SHORTEST_SLEEP, limits::CLOCK_LONGEST_SLEEP))
            }
            Some(pause) if self.backlog => pause.max(limits::CLOCK_SHORTEST_SLEEP),
            Some(pause) => pause,
            None => self.until_next().await,
        }
    }

    /// Whether somebody who wrote waits for this node: timers that are due in great number let them go first.
    fn people_wait(&self) -> bool {
        self.pulse.has_work() || self.ctx.store.write_queue_length() > limits::JOB_WRITES_FIRST
    }

    /// Begins the jobs of schedules that are due.
    async fn fire_schedules(&mut self) {
        if Instant::now() < self.schedules_at {
            return;
        }
        self.schedules_at = Instant::now() + limits::SCHEDULES_EVERY;
        let firing = AssertUnwindSafe(operations::fire_schedules(&self.ctx, limits::SCHEDULE_BATCH));
        match firing.catch_unwind().await {
            Ok(Ok(fired)) => {
                self.metrics.schedules.inc_by(fired.jobs as u64);
                if fired.due >= limits::SCHEDULE_BATCH {
                    self.schedules_at = Instant::now();
                }
            }
            Ok(Err(error)) => {
                self.metrics.errors.inc();
                tracing::error!(%error, "schedules could not be fired; trying again");
            }
            Err(_) => {
                self.metrics.errors.inc();
                tracing::error!("firing schedules broke off; trying again");
            }
        }
    }

    /// Whether reminders need not let others go first.
    fn others_may_go(&mut self) -> bool {
        let busy = self.ctx.store.write_queue_length() > limits::JOB_WRITES_FIRST
            || self.handover.any_busy(&self.lines);
        let since = *self.waiting.get_or_insert_with(Instant::now);
        let may_go = !busy || since.elapsed() >= limits::REMINDER_LONGEST_PAUSE;
        if may_go {
            self.waiting = None;
        }
        may_go
    }

    /// Fires a batch of timers. Answers when there is more to do, if that is known, and the lines it wrote to.
    async fn fire(&self, urgent: bool, limit: usize) -> (Option<Duration>, HashSet<OutboxLine>) {
        let full = self.handover.is_crowded();
        let ctx = if full { &self.unclaimed } else { &self.ctx };
        let kinds = if urgent { &self.urgent } else { &self.others };
        let firing = operations::fire_timers_of(ctx, kinds, limit);
        // A defect that breaks one batch must not end the clock.
        match AssertUnwindSafe(firing).catch_unwind().await {
            Ok(Ok(committed)) => {
                let lines = committed.outbox.iter().map(|item| item.channel).collect();
                let fired = self.handover.take(committed);
                self.metrics.timers.inc_by(fired.due as u64);
                if full && fired.due > 0 {
                    self.handover.look();
                }
                self.metrics.timers_put_off.inc_by(fired.put_off as u64);
                let pause = if fired.due + fired.put_off >= limit {
                    Some(Duration::ZERO)
                } else if fired.left > 0 {
                    Some(limits::CLOCK_SHORTEST_SLEEP)
                } else {
                    None
                };
                (pause, lines)
            }
            Ok(Err(error)) => {
                self.metrics.errors.inc();
                tracing::error!(%error, "timers could not be read; trying again");
                (Some(limits::CLOCK_LONGEST_SLEEP), HashSet::new())
            }
            Err(_) => {
                self.metrics.errors.inc();
                tracing::error!("firing timers broke off; trying again");
                (Some(limits::CLOCK_LONGEST_SLEEP), HashSet::new())
            }
        }
    }

    /// The time until the next timer, within bounds: another program may set one that is due earlier.
    async fn until_next(&self) -> Duration {
        let next = self.ctx.store.next_timer_due().await.ok().flatten();
        let wait = next.map(|due: Timestamp| due.duration_since(self.ctx.now()));
        let wait = wait.and_then(|wait| Duration::try_from(wait).ok()).unwrap_or(if next.is_some() {
            Duration::ZERO
        } else {
            limits::CLOCK_LONGEST_SLEEP
        });
        wait.clamp(limits::CLOCK_SHORTEST_SLEEP, limits::CLOCK_LONGEST_SLEEP)
    }
}
