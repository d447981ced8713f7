//! The one writer: collects what waits, applies each unit under its own savepoint, commits once, then answers.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use domain::WorkspaceId;
use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{UnitAnswers, apply, apply_outbox, sql};
use crate::{
    Direction, MAX_CHANGES_PER_UNIT, MessageStatus, OutboxItem, Recovered, StoreError, Unit, UnitDone,
    UnitError,
};

/// Something for the writer to do.
pub(super) enum Job {
    Units(Vec<Unit>, oneshot::Sender<Result<UnitAnswers, StoreError>>),
    Claim {
        run: i64,
        now: Timestamp,
        limit: usize,
        answer: oneshot::Sender<Result<Vec<OutboxItem>, StoreError>>,
    },
    Recover {
        run: i64,
        now: Timestamp,
        answer: oneshot::Sender<Result<Recovered, StoreError>>,
    },
}

impl Job {
    fn size(&self) -> usize {
        match self {
            Self::Units(units, _) => units.len(),
            Self::Claim { limit, .. } => *limit,
            Self::Recover { .. } => 1,
        }
    }
}

/// A job that is applied but not yet committed.
enum Applied {
    Units(UnitAnswers, oneshot::Sender<Result<UnitAnswers, StoreError>>),
    Claim(Result<Vec<OutboxItem>, StoreError>, oneshot::Sender<Result<Vec<OutboxItem>, StoreError>>),
    Recover(Result<Recovered, StoreError>, oneshot::Sender<Result<Recovered, StoreError>>),
}

impl Applied {
    /// Tells the waiter. A waiter that is gone does not care, so a refused answer is no error.
    fn answer(self, committed: &Result<(), StoreError>) {
        match self {
            Self::Units(done, answer) => drop(answer.send(committed.clone().map(|()| done))),
            Self::Claim(done, answer) => drop(answer.send(committed.clone().and(done))),
            Self::Recover(done, answer) => drop(answer.send(committed.clone().and(done))),
        }
    }
}

/// How much one commit may carry.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub units: usize,
    pub time: Duration,
}

/// Workspace, day, channel (0: none), direction and status of a count.
pub(super) type CountKey = (i64, i32, i64, Direction, MessageStatus);

/// What one unit changes beside its rows; thrown away with it if it fails.
#[derive(Default)]
pub(super) struct SideEffects {
    pub counts: BTreeMap<CountKey, i64>,
    pub definitions_of: Option<WorkspaceId>,
}

impl SideEffects {
    pub fn count(&mut self, key: CountKey, by: i64) {
        *self.counts.entry(key).or_default() += by;
    }
}

pub(super) struct Writer {
    conn: Connection,
    limits: Limits,
    counts: BTreeMap<CountKey, i64>,
}

impl Writer {
    pub fn new(conn: Connection, limits: Limits) -> Self {
        Self { conn, limits, counts: BTreeMap::new() }
    }

    pub fn connection(&self) -> &Connection {
        &self.conn
    }

    /// Serves jobs until the last store is dropped.
    pub fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        while let Some(first) = queue.blocking_recv() {
            let (started, limits) = (Instant::now(), self.limits);
            self.commit_group(first, |taken| {
                let full = taken >= limits.units || started.elapsed() >= limits.time;
                if full { None } else { queue.try_recv().ok() }
            });
        }
        if let Err(error) = self.conn.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "the database could not be tidied at its end; the next start will do it");
        }
    }

    /// Commits these jobs as one group.
    pub fn commit(&mut self, jobs: Vec<Job>) {
        let mut jobs = jobs.into_iter();
        if let Some(first) = jobs.next() {
            self.commit_group(first, |_| jobs.next());
        }
    }

    /// `more` is asked for another job after each, with the number of units taken so far.
    fn commit_group(&mut self, first: Job, mut more: impl FnMut(usize) -> Option<Job>) {
        let mut applied = Vec::new();
        let mut taken = 0;
        let begun = sql::exec(&self.conn, "BEGIN IMMEDIATE", &[]).map(drop).map_err(StoreError::from);
        let mut next = Some(first);
        while let Some(job) = next {
            taken += job.size();
            applied.push(self.apply(job, &begun));
            next = more(taken);
        }
        let committed = begun.and_then(|()| self.finish());
        if let Err(error) = &committed {
            tracing::error!(%error, units = taken, "a group was not committed");
        }
        for job in applied {
            job.answer(&committed);
        }
    }

    fn apply(&mut self, job: Job, begun: &Result<(), StoreError>) -> Applied {
        let usable = begun.clone();
        match job {
            Job::Units(units, answer) => {
                let done = match usable {
                    Ok(()) => units.iter().map(|unit| self.apply_unit(unit)).collect(),
                    Err(_) => Vec::new(),
                };
                Applied::Units(done, answer)
            }
            Job::Claim { run, now, limit, answer } => {
                let done = usable.and_then(|()| Ok(apply_outbox::claim(&self.conn, run, now, limit)?));
                Applied::Claim(done, answer)
            }
            Job::Recover { run, now, answer } => {
                let done = usable.and_then(|()| Ok(apply_outbox::recover(&self.conn, run, now)?));
                Applied::Recover(done, answer)
            }
        }
    }

    fn apply_unit(&mut self, unit: &Unit) -> Result<UnitDone, UnitError> {
        if unit.changes.len() > MAX_CHANGES_PER_UNIT {
            return Err(UnitError::TooLarge(unit.changes.len()));
        }
        sql::exec(&self.conn, "SAVEPOINT unit", &[])?;
        let mut side = SideEffects::default();
        let done = apply::unit(&self.conn, unit, &mut side);
        match done {
            Ok(done) => {
                sql::exec(&self.conn, "RELEASE unit", &[])?;
                for (key, by) in side.counts {
                    *self.counts.entry(key).or_default() += by;
                }
                Ok(done)
            }
            Err(error) => {
                // A full disk or a lost file makes SQLite give up the whole group; then there is no savepoint
                // left, and the commit below will say so to everyone.
                if !self.conn.is_autocommit() {
                    sql::exec(&self.conn, "ROLLBACK TO unit", &[])?;
                    sql::exec(&self.conn, "RELEASE unit", &[])?;
                }
                Err(error)
            }
        }
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        let counts = std::mem::take(&mut self.counts);
        if self.conn.is_autocommit() {
            return Err(StoreError::Database("the database gave up the group of writes".to_owned()));
        }
        let done =
            write_counts(&self.conn, &counts).and_then(|()| sql::exec(&self.conn, "COMMIT", &[]).map(drop));
        if let Err(error) = done {
            if !self.conn.is_autocommit() {
                sql::exec(&self.conn, "ROLLBACK", &[])?;
            }
            return Err(error.into());
        }
        Ok(())
    }
}

fn write_counts(conn: &Connection, counts: &BTreeMap<CountKey, i64>) -> rusqlite::Result<()> {
    for ((workspace, day, channel, direction, status), by) in counts {
        if *by != 0 {
            sql::exec(
                conn,
                "INSERT INTO daily_count (workspace_id, day, channel_id, direction, status, count)
                 VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (workspace_id, day, channel_id, direction, status)
                 DO UPDATE SET count = daily_count.count + excluded.count",
                &[workspace, day, channel, &direction.as_str(), &status.as_str(), by],
            )?;
        }
    }
    Ok(())
}
