//! The one writer: collects what waits, applies each unit under its own savepoint, commits once, then answers.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::mpsc;

use super::{apply, apply_feed, apply_outbox, connection::CHECKPOINT_PAGES, fences::Fences};
use crate::feed::Gathered;
pub(super) use crate::writing::SideEffects;
use crate::{
    Claimed, MAX_CHANGES_PER_UNIT, OutboxQueue, StoreError, Unit, UnitDone, UnitError, sql,
    tally::Tallies,
    writing::{Done, Write},
};

/// Pages of 4 KiB after which the log is moved into the database while more work waits.
const BACKLOG_CHECKPOINT_PAGES: u32 = 8_000;

/// A write failed that was sure to succeed, in the middle of a unit without a savepoint: the group must be applied
/// again from its start, with one for each unit.
struct Spoilt;

/// How much one commit may carry.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub units: usize,
    pub time: Duration,
}

pub(super) struct Writer {
    conn: Connection,
    limits: Limits,
    tallies: Tallies,
    fences: Fences,
    feed: Gathered,
    checkpoint_pages: u32,
}

impl Writer {
    pub fn new(conn: Connection, limits: Limits) -> Self {
        Self {
            conn,
            limits,
            tallies: Tallies::default(),
            fences: Fences::default(),
            feed: Gathered::default(),
            checkpoint_pages: CHECKPOINT_PAGES,
        }
    }

    pub fn connection(&self) -> &Connection {
        &self.conn
    }

    fn sql(&self) -> sql::Connection<'_> {
        sql::Connection::Sqlite(&self.conn)
    }

    /// Serves jobs until the last store is dropped.
    pub fn run(mut self, mut queue: mpsc::Receiver<Write>) {
        while let Some(first) = queue.blocking_recv() {
            let (started, limits) = (Instant::now(), self.limits);
            self.checkpoint_by(queue.len());
            self.commit_group(first, |taken| {
                let full = taken >= limits.units || started.elapsed() >= limits.time;
                if full { None } else { queue.try_recv().ok() }
            });
        }
        if let Err(error) = self.conn.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)") {
            tracing::warn!(%error, "the database could not be tidied at its end; the next start will do it");
        }
    }

    /// Under a backlog the log is moved into the database less often: fewer pages are written twice, at the price of
    /// longer pauses, which a backlog has anyway.
    fn checkpoint_by(&mut self, waiting: usize) {
        let pages = if waiting > 0 { BACKLOG_CHECKPOINT_PAGES } else { CHECKPOINT_PAGES };
        if pages != self.checkpoint_pages
            && self.conn.pragma_update(None, "wal_autocheckpoint", pages).is_ok()
        {
            self.checkpoint_pages = pages;
        }
    }

    /// Commits these jobs as one group.
    pub fn commit(&mut self, jobs: Vec<Write>) {
        let mut jobs = jobs.into_iter();
        if let Some(first) = jobs.next() {
            self.commit_group(first, |_| jobs.next());
        }
    }

    /// `more` is asked for another job after each, with the number of units taken so far.
    fn commit_group(&mut self, first: Write, mut more: impl FnMut(usize) -> Option<Write>) {
        let mut jobs = Vec::new();
        let mut done = Vec::new();
        let mut taken = 0;
        let mut spoilt = false;
        let mut begun = self.begin();
        let mut next = Some(first);
        while let Some(job) = next {
            taken += job.size();
            if begun.is_ok() && !spoilt {
                match self.apply(&job, false) {
                    Ok(end) => done.push(end),
                    Err(Spoilt) => spoilt = true,
                }
            }
            jobs.push(job);
            next = more(taken);
        }
        if spoilt {
            done.clear();
            self.tallies.clear();
            self.feed.clear();
            begun = self.roll_back().and_then(|()| self.begin());
            if begun.is_ok() {
                done = jobs.iter().filter_map(|job| self.apply(job, true).ok()).collect();
            }
        }
        let committed = begun.and_then(|()| self.finish());
        if let Err(error) = &committed {
            tracing::error!(%error, units = taken, "a group was not committed");
        }
        let mut done = done.into_iter();
        for job in jobs {
            job.answer(done.next(), &committed);
        }
    }

    fn begin(&mut self) -> Result<(), StoreError> {
        self.fences = Fences::default();
        sql::exec(&self.sql(), "BEGIN IMMEDIATE", &[])?;
        Ok(())
    }

    fn roll_back(&self) -> Result<(), StoreError> {
        if !self.conn.is_autocommit() {
            sql::exec(&self.sql(), "ROLLBACK", &[])?;
        }
        Ok(())
    }

    fn apply(&mut self, job: &Write, carefully: bool) -> Result<Done, Spoilt> {
        Ok(match job {
            Write::Units(units, _) => {
                let ends: Result<Vec<_>, Spoilt> =
                    units.iter().map(|unit| self.apply_unit(unit, carefully)).collect();
                Done::Units(ends?)
            }
            Write::Claim { run, now, shares, .. } => Done::Claim(self.claim(*run, *now, shares)),
            Write::Aside { work, .. } => {
                // It may end a run.
                self.fences = Fences::default();
                Done::Aside(self.whole(|conn| work(conn)))
            }
        })
    }

    fn claim(
        &mut self,
        run: i64,
        now: Timestamp,
        shares: &[(OutboxQueue, usize)],
    ) -> Result<Claimed, StoreError> {
        let conn = sql::Connection::Sqlite(&self.conn);
        if !self.fences.is_alive(&conn, run)? {
            return Err(StoreError::Fenced);
        }
        self.whole(|conn| apply_outbox::claim(conn, run, now, shares))
    }

    /// All of it or nothing: half a claim would leave rows in the hand of nobody.
    fn whole<T>(&self, work: impl FnOnce(&sql::Connection<'_>) -> sql::Result<T>) -> Result<T, StoreError> {
        if self.conn.is_autocommit() {
            return Err(given_up());
        }
        sql::exec(&self.sql(), "SAVEPOINT whole", &[])?;
        let done = work(&self.sql());
        if !self.conn.is_autocommit() {
            if done.is_err() {
                sql::exec(&self.sql(), "ROLLBACK TO whole", &[])?;
            }
            sql::exec(&self.sql(), "RELEASE whole", &[])?;
        }
        Ok(done?)
    }

    fn apply_unit(&mut self, unit: &Unit, carefully: bool) -> Result<Result<UnitDone, UnitError>, Spoilt> {
        if unit.changes.len() > MAX_CHANGES_PER_UNIT {
            return Ok(Err(UnitError::TooLarge(unit.changes.len())));
        }
        // Without the group's transaction each statement would commit by itself.
        if self.conn.is_autocommit() {
            return if carefully { Ok(Err(given_up().into())) } else { Err(Spoilt) };
        }
        match self.fences.allow(&sql::Connection::Sqlite(&self.conn), unit) {
            Ok(true) => {}
            Ok(false) => return Ok(Err(StoreError::Fenced.into())),
            Err(error) => return Ok(Err(error.into())),
        }
        if carefully {
            return Ok(self.apply_in_savepoint(unit));
        }
        match apply::check(&self.sql(), unit) {
            Err(refused) => return Ok(Err(refused)),
            Ok(false) => return Ok(self.apply_in_savepoint(unit)),
            Ok(true) => {}
        }
        let mut side = SideEffects::default();
        match apply::unit(&self.sql(), unit, &mut side) {
            Ok(done) => {
                self.keep(side);
                Ok(Ok(done))
            }
            Err(_) => Err(Spoilt),
        }
    }

    fn apply_in_savepoint(&mut self, unit: &Unit) -> Result<UnitDone, UnitError> {
        sql::exec(&self.sql(), "SAVEPOINT unit", &[])?;
        let mut side = SideEffects::default();
        match apply::unit(&self.sql(), unit, &mut side) {
            Ok(done) => {
                sql::exec(&self.sql(), "RELEASE unit", &[])?;
                self.keep(side);
                Ok(done)
            }
            Err(error) => {
                // A full disk or a lost file makes SQLite give up the whole group; then there is no savepoint
                // left, and the commit will say so to everyone.
                if !self.conn.is_autocommit() {
                    sql::exec(&self.sql(), "ROLLBACK TO unit", &[])?;
                    sql::exec(&self.sql(), "RELEASE unit", &[])?;
                }
                Err(error)
            }
        }
    }

    fn keep(&mut self, side: SideEffects) {
        self.tallies.take_all(side.tallies);
        self.feed.append(side.feed);
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        let (tallies, feed) = (std::mem::take(&mut self.tallies), self.feed.rows());
        if self.conn.is_autocommit() {
            return Err(given_up());
        }
        let done = write_tallies(&self.sql(), &tallies)
            .and_then(|()| apply_feed::insert(&self.sql(), &feed))
            .and_then(|()| sql::exec(&self.sql(), "COMMIT", &[]).map(drop));
        if let Err(error) = done {
            self.roll_back()?;
            return Err(error.into());
        }
        Ok(())
    }
}

/// A full disk or a lost file made SQLite roll the whole group back.
fn given_up() -> StoreError {
    StoreError::Database("the database gave up the group of writes".to_owned())
}

/// SQLite has one writer, so there is one shard.
fn write_tallies(conn: &sql::Connection<'_>, tallies: &Tallies) -> sql::Result<()> {
    for ((workspace, day, kind, subject, name), by) in tallies.rows() {
        sql::exec(
            conn,
            "INSERT INTO tally (workspace_id, day, kind, subject, name, shard, count)
             VALUES ($1, $2, $3, $4, $5, 0, $6)
             ON CONFLICT (workspace_id, day, kind, subject, name, shard)
             DO UPDATE SET count = tally.count + excluded.count",
            &[&workspace, &day, &kind, &subject, &name, &by],
        )?;
    }
    Ok(())
}
