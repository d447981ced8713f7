//! How much a node turns off: what a person said for all nodes, or else what it measures itself. One step up when
//! something has been too slow for some seconds, one step down when all has been well for longer: it does not swing.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::WorkspaceId;
use jiff::{SignedDuration, Timestamp};
use operations::{BroadcastJob, Context, Feature, JobSpec, MAX_SHEDDING, Shed, SheddingMode, StartJob};
use store::{JobRow, StoreError};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::limits;
use crate::metrics::{Jumped, Metrics};
use crate::spool::Spool;

/// What a node turns off now. Cheap to ask.
#[derive(Debug, Default)]
pub struct Shedding {
    level: AtomicU8,
    by_hand: AtomicBool,
}

impl Shedding {
    /// The level: 0 turns nothing off.
    pub fn level(&self) -> u8 {
        self.level.load(Ordering::Relaxed)
    }

    /// Whether a person said so.
    pub fn is_by_hand(&self) -> bool {
        self.by_hand.load(Ordering::Relaxed)
    }

    /// Whether this is turned off.
    pub fn turns_off(&self, what: Shed) -> bool {
        self.level() >= what.level()
    }

    /// The jobs that need not wait because of this, or because their workspace may not send in bulk.
    ///
    /// # Errors
    /// When a workspace cannot be read.
    pub(crate) async fn let_go(&self, ctx: &Context, jobs: Vec<JobRow>) -> Result<Vec<JobRow>, StoreError> {
        let mut may_send: BTreeMap<WorkspaceId, bool> = BTreeMap::new();
        let mut is_indexed = None;
        let mut let_go = Vec::with_capacity(jobs.len());
        for job in jobs {
            let work = work_of(&job);
            if work.reports && self.turns_off(Shed::HeavyReports) {
                continue;
            }
            if work.searches {
                let indexed = match is_indexed {
                    Some(known) => known,
                    None => *is_indexed
                        .insert(!self.turns_off(Shed::SearchIndexing) && is_indexed_now(ctx).await?),
                };
                if !indexed {
                    continue;
                }
            }
            if work.bulk {
                let may_send = match may_send.get(&job.workspace) {
                    Some(known) => *known,
                    None => {
                        let workspace = ctx.registry.workspace(ctx, job.workspace).await?;
                        let may = workspace.is_none_or(|owner| owner.may_use(Feature::BulkSending));
                        may_send.insert(job.workspace, may);
                        may
                    }
                };
                if !may_send || self.turns_off(Shed::BulkSending) {
                    continue;
                }
            }
            let_go.push(job);
        }
        Ok(let_go)
    }
}

/// Whether no keys for searches were left for later, so that searches find everybody as they are.
async fn is_indexed_now(ctx: &Context) -> Result<bool, StoreError> {
    Ok(ctx.store.search_later(1).await?.is_empty())
}

/// What a job does that may be turned off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Work {
    /// It writes to many.
    bulk: bool,
    /// It reads all there is.
    reports: bool,
    /// It looks for people by a query.
    searches: bool,
}

/// One that cannot be read does nothing: it ends by itself.
fn work_of(job: &JobRow) -> Work {
    match serde_json::from_str(&job.spec) {
        Ok(
            JobSpec::StartFlow(StartJob { recipients, .. })
            | JobSpec::Broadcast(BroadcastJob { recipients, .. }),
        ) => Work { bulk: recipients.are_many(), searches: !recipients.query.is_empty(), reports: false },
        Ok(JobSpec::PlanCampaign(_) | JobSpec::PlanProgrammes(_)) => Work::default(),
        Ok(JobSpec::FillGroup(_)) => Work { searches: true, ..Work::default() },
        Ok(JobSpec::ExportContacts(export)) => {
            Work { reports: true, searches: !export.query.is_empty(), bulk: false }
        }
        Ok(JobSpec::ExportDefinitions(_) | JobSpec::ExportRows(_)) => {
            Work { reports: true, ..Work::default() }
        }
        Ok(JobSpec::ImportContacts(_) | JobSpec::ImportDefinitions(_) | JobSpec::Archive(_)) | Err(_) => {
            Work::default()
        }
    }
}

/// What the node's workers show of how they fare.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// Since when the first request of each batch in hand waits.
    taking: Mutex<Vec<Instant>>,
    /// Mean time of late commits, microseconds.
    commit: AtomicU64,
}

impl Pulse {
    fn taking(&self) -> MutexGuard<'_, Vec<Instant>> {
        self.taking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Intake has a batch in hand, whose first request waits since then.
    pub(crate) fn begin(&self, since: Option<Instant>) {
        self.taking().extend(since);
    }

    /// That batch is done; it took so long.
    pub(crate) fn end(&self, since: Option<Instant>, took: Duration) {
        let mut taking = self.taking();
        if let Some(place) = taking.iter().position(|other| Some(*other) == since) {
            taking.swap_remove(place);
        }
        drop(taking);
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let mean = self.commit.load(Ordering::Relaxed);
        // An eighth of the new one: a single slow commit is no pressure.
        self.commit.store(mean - mean / 8 + took / 8, Ordering::Relaxed);
    }

    /// Whether intake has a batch in hand.
    pub(crate) fn has_work(&self) -> bool {
        !self.taking().is_empty()
    }

    fn oldest(&self, now: Instant) -> Duration {
        let since = self.taking().iter().min().copied();
        since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// The mean, and nothing when no commit comes any more.
    fn commit(&self) -> Duration {
        let mean = self.commit.load(Ordering::Relaxed);
        self.commit.store(mean - mean / 4, Ordering::Relaxed);
        Duration::from_micros(mean)
    }
}

/// How a node fares at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pressure {
    /// Age of the oldest item that is not taken.
    pub(crate) oldest: Duration,
    /// Writes that wait for the writer.
    pub(crate) writes: usize,
    /// Mean time of a commit.
    pub(crate) commit: Duration,
    /// How late the event loop was.
    pub(crate) lag: Duration,
}

impl Pressure {
    fn is_high(self) -> bool {
        self.oldest >= limits::SHED_OLDEST.1
            || self.writes >= limits::SHED_WRITES.1
            || self.commit >= limits::SHED_COMMIT.1
            || self.lag >= limits::SHED_LAG.1
    }

    fn is_low(self) -> bool {
        self.oldest <= limits::SHED_OLDEST.0
            && self.writes <= limits::SHED_WRITES.0
            && self.commit <= limits::SHED_COMMIT.0
            && self.lag <= limits::SHED_LAG.0
    }
}

/// The level that is measured.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    level: u8,
    high_since: Option<Instant>,
    low_since: Option<Instant>,
}

impl Gauge {
    /// The level after this measure.
    pub(crate) fn measure(&mut self, pressure: Pressure, now: Instant) -> u8 {
        self.high_since = pressure.is_high().then(|| self.high_since.unwrap_or(now));
        self.low_since = pressure.is_low().then(|| self.low_since.unwrap_or(now));
        let has_been =
            |since: Option<Instant>, long: Duration| since.is_some_and(|since| now - since >= long);
        if has_been(self.high_since, limits::SHED_UP_AFTER) && self.level < MAX_SHEDDING {
            self.level += 1;
            self.high_since = Some(now);
        } else if has_been(self.low_since, limits::SHED_DOWN_AFTER) && self.level > 0 {
            self.level -= 1;
            self.low_since = Some(now);
        }
        self.level
    }
}

pub(crate) struct Watch {
    pub(crate) ctx: Context,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) shedding: Arc<Shedding>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) spool: Option<Spool>,
}

/// The task that measures and follows what people say. It ends after `stop` is notified.
pub(crate) async fn run(watch: Watch, stop: Arc<Notify>) {
    let (mut gauge, mut mode) = (Gauge::default(), SheddingMode::Auto);
    let (mut reported, mut reported_at, mut asked_at) = (0, Instant::now(), None::<Instant>);
    let mut index_at = Instant::now();
    loop {
        let (before, clock_before) = (Instant::now(), watch.ctx.now());
        tokio::select! {
            biased;
            () = stop.notified() => return,
            () = tokio::time::sleep(limits::SHED_MEASURED) => {}
        }
        let now = Instant::now();
        watch.say_if_clock_jumped(clock_before, now - before);
        let lag = (now - before).saturating_sub(limits::SHED_MEASURED);
        let measured = gauge.measure(watch.pressure(now, lag), now);
        if asked_at.is_none_or(|asked| now - asked >= limits::SHED_ASKED) {
            asked_at = Some(now);
            let asking = tokio::time::timeout(limits::SHED_ASKED, operations::shedding(&watch.ctx));
            // What was last said holds while the store is away.
            if let Ok(Ok(said)) = asking.await {
                mode = said.mode;
            }
        }
        let before = watch.shedding.level();
        watch.follow(mode, measured);
        if watch.shedding.level() < before {
            index_at = now;
        }
        if now >= index_at && !watch.shedding.turns_off(Shed::SearchIndexing) {
            index_at = now + watch.index().await;
        }
        if measured != reported || (measured > 0 && now - reported_at >= limits::SHED_REPORTED) {
            let reporting = operations::report_shedding(&watch.ctx, watch.ctx.run, measured);
            if let Ok(Ok(())) = tokio::time::timeout(limits::SHED_ASKED, reporting).await {
                (reported, reported_at) = (measured, now);
            }
        }
    }
}

impl Watch {
    /// Timers and planned attempts follow the clock of the machine: people should know when it does not go steadily.
    fn say_if_clock_jumped(&self, before: Timestamp, passed: Duration) {
        let passed = SignedDuration::try_from(passed).unwrap_or(SignedDuration::ZERO);
        let jump = self.ctx.now().duration_since(before).saturating_sub(passed);
        if jump.abs() < limits::CLOCK_JUMP {
            return;
        }
        let (seconds, direction) =
            (jump.as_secs(), if jump.is_negative() { "backwards" } else { "forwards" });
        self.metrics.clock_jumps.get_or_create(&Jumped { direction }).inc();
        tracing::warn!(
            seconds,
            "the machine's clock jumped {direction}; what is planned follows it: run a time service such as chrony \
             that keeps it steady"
        );
    }

    fn pressure(&self, now: Instant, lag: Duration) -> Pressure {
        let spooled = self.spool.as_ref().and_then(|spool| spool.status().oldest);
        let spooled = spooled.map(|oldest| self.ctx.now().duration_since(oldest));
        let spooled = spooled.and_then(|age| Duration::try_from(age).ok()).unwrap_or_default();
        Pressure {
            oldest: self.pulse.oldest(now).max(spooled),
            writes: self.ctx.store.write_queue_length(),
            commit: self.pulse.commit(),
            lag,
        }
    }

    /// Makes some of the keys for searches that were left for later. Answers how long to wait then.
    async fn index(&self) -> Duration {
        let indexing = operations::index_later(&self.ctx, limits::INDEX_BATCH);
        match tokio::time::timeout(limits::INDEX_WITHIN, indexing).await {
            Ok(Ok(found)) => {
                self.metrics.indexed_later.inc_by(found as u64);
                if found >= limits::INDEX_BATCH {
                    return Duration::ZERO;
                }
                if found > 0 {
                    // Jobs that look for people by a query may go on.
                    self.ctx.jobs.notify_one();
                }
                limits::INDEX_LOOK
            }
            Ok(Err(StoreError::Fenced)) | Err(_) => limits::INDEX_LOOK,
            Ok(Err(error)) => {
                tracing::warn!(%error, "keys for searches could not be made; trying again later");
                limits::INDEX_LOOK
            }
        }
    }

    fn follow(&self, mode: SheddingMode, measured: u8) {
        let (level, by_hand) = match mode {
            SheddingMode::Auto => (measured, false),
            SheddingMode::Level(level) => (level, true),
        };
        self.shedding.by_hand.store(by_hand, Ordering::Relaxed);
        self.ctx.search_later.store(level >= Shed::SearchIndexing.level(), Ordering::Relaxed);
        let before = self.shedding.level.swap(level, Ordering::Relaxed);
        if before == level {
            return;
        }
        let off: Vec<&str> =
            Shed::ALL.into_iter().filter(|what| what.level() <= level).map(Shed::word).collect();
        let off = off.join(", ");
        if level > before {
            tracing::warn!(level, by_hand, off, "more is turned off");
        } else {
            tracing::info!(level, by_hand, off, "less is turned off");
            // Jobs that waited may go on.
            self.ctx.jobs.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Gauge, Pressure};

    const HIGH: Pressure =
        Pressure { oldest: Duration::from_secs(9), writes: 0, commit: Duration::ZERO, lag: Duration::ZERO };
    const MIDDLING: Pressure = Pressure { oldest: Duration::from_secs(1), ..HIGH };
    const NONE: Pressure = Pressure { oldest: Duration::ZERO, ..HIGH };

    #[test]
    fn goes_up_while_pressure_lasts_and_comes_down_slower() {
        let (mut gauge, start) = (Gauge::default(), Instant::now());
        let mut seconds = 0;
        let mut fares = |pressure: Pressure, long: u64| {
            let mut level = 0;
            for _ in 0..long {
                seconds += 1;
                level = gauge.measure(pressure, start + Duration::from_secs(seconds));
            }
            level
        };
        assert_eq!(fares(HIGH, 2), 0, "a short spell is none");
        assert_eq!(fares(NONE, 1), 0);
        assert_eq!(fares(HIGH, 4), 1);
        assert_eq!(fares(HIGH, 6), 3);
        assert_eq!(fares(MIDDLING, 100), 3, "neither high nor low");
        assert_eq!(fares(NONE, 10), 3);
        assert_eq!(fares(NONE, 10), 2);
        assert_eq!(fares(HIGH, 100), 5, "there is a highest");
        assert_eq!(fares(NONE, 200), 0);
    }

    #[test]
    fn each_measure_counts_by_itself() {
        let slow = [
            HIGH,
            Pressure { writes: 10_000, ..NONE },
            Pressure { commit: Duration::from_secs(9), ..NONE },
            Pressure { lag: Duration::from_secs(9), ..NONE },
        ];
        for pressure in slow {
            assert!(pressure.is_high() && !pressure.is_low(), "{pressure:?}");
        }
        assert!(NONE.is_low() && !NONE.is_high());
        assert!(!MIDDLING.is_low() && !MIDDLING.is_high());
    }
}
