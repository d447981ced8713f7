//! A writer: collects what waits, applies it in one transaction, commits, then answers.
//!
//! Units are written in batches, as a few statements for all of them. If one meets something that its guards did not
//! foresee, the group is applied again one by one, each unit under a savepoint, so that it spoils no other.
//!
//! A connection that is lost before the commit costs nothing: the same group is applied on another one. Lost while the
//! commit is under way it leaves open whether the group is kept; those who wait are told so ([`StoreError::Unknown`])
//! and give their input again, which changes nothing if it was kept.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use domain::OutboxId;
use tokio::sync::mpsc;

use super::{
    address::PostgresUrl,
    batch::{Batch, Fit},
    claim, guards,
    outcome::{Outcome, Spoilt},
    session::{Session, Trouble},
    tables::Tables,
    telegraph,
    wire::{Bind, Table},
};
use crate::{
    Change, MAX_CHANGES_PER_UNIT, StoreError, StoreOptions, Unit, UnitDone, UnitError,
    doorbell::{self, Topics},
    feed::Gathered,
    sql::{self, Connection, Param, Row},
    sqlite::{apply, fences::Fences},
    tally::Tallies,
    writing::{Done, SideEffects, Write},
};

/// How often a group is applied again because the server broke a circle of waits.
const TRIES: usize = 5;

/// The shortest time between two small groups. What comes meanwhile shares the next: a transaction costs the server
/// as much as some ten messages in it.
const PACE: Duration = Duration::from_millis(2);

/// Units that are worth a transaction at once.
const ENOUGH: usize = 64;

/// How long rows are looked for that a commit of which nothing is known may have put into a hand.
const LOOSE_TIME: Duration = Duration::from_secs(300);

pub(super) struct Writer {
    url: PostgresUrl,
    /// Which rows of counts this writer adds to.
    shard: i64,
    session: Option<Session>,
    units_max: usize,
    /// How long to go on connecting before those who wait are told.
    patience: Duration,
    /// Whether other processes are told with each commit: by a process that does not listen itself, as a command.
    rings: bool,
    loose: Loose,
}

/// Outbox rows that a commit of which nothing is known put into a hand: into nobody's, because those who waited
/// were not told. With the run whose hand it is, and how long they are looked for: until the server must have given the
/// commit up. All writers of a node know them: another one may take such a row after it was given back.
#[derive(Clone, Default)]
pub(super) struct Loose(Arc<Mutex<BTreeMap<i64, (i64, Instant)>>>);

impl Loose {
    fn rows(&self) -> MutexGuard<'_, BTreeMap<i64, (i64, Instant)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that are still looked for, with their runs.
    fn now(&self) -> Vec<(i64, i64)> {
        let mut rows = self.rows();
        if !rows.is_empty() {
            let now = Instant::now();
            rows.retain(|_, (_, until)| now < *until);
        }
        rows.iter().map(|(id, (run, _))| (*id, *run)).collect()
    }
}

/// Why a group was not committed.
enum Failed {
    /// Nothing is kept; the same again may succeed.
    Again(StoreError),
    /// Nothing is kept; the same again one by one will find who is to blame.
    Spoilt,
    /// Nothing is kept, and the same again would fail.
    Refused(StoreError),
    /// Whether it is kept is not known.
    Unknown,
}

impl From<sql::Error> for Failed {
    fn from(error: sql::Error) -> Self {
        Self::Refused(error.into())
    }
}

impl Writer {
    pub(super) fn new(
        url: PostgresUrl,
        session: Option<Session>,
        shard: i64,
        loose: Loose,
        options: &StoreOptions,
    ) -> Self {
        Self {
            url,
            shard,
            session,
            units_max: options.group_units,
            patience: options.busy_timeout,
            rings: !options.listens,
            loose,
        }
    }

    /// Serves jobs until the last store is dropped.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Write>) {
        let mut rests_until = Instant::now();
        while let Some(first) = queue.blocking_recv() {
            if first.size() + queue.len() < ENOUGH {
                std::thread::sleep(rests_until.saturating_duration_since(Instant::now()));
            }
            let mut taken = first.size();
            let mut jobs = vec![first];
            while taken < self.units_max
                && let Ok(job) = queue.try_recv()
            {
                taken += job.size();
                jobs.push(job);
            }
            self.commit_group(jobs, taken);
            rests_until = Instant::now() + PACE;
        }
    }

    fn commit_group(&mut self, jobs: Vec<Write>, units: usize) {
        let deadline = Instant::now() + self.patience;
        let (mut tries, mut carefully) = (1, false);
        let (done, committed) = loop {
            match self.attempt(&jobs, carefully, deadline) {
                Ok(done) => break (done, Ok(())),
                Err(Failed::Again(error)) if Instant::now() < deadline && tries < TRIES => {
                    tries += 1;
                    tracing::warn!(%error, units, "a group of writes is applied again");
                }
                Err(Failed::Spoilt) if !carefully => carefully = true,
                Err(Failed::Spoilt) => break (Vec::new(), Err(StoreError::Busy)),
                Err(Failed::Again(error) | Failed::Refused(error)) => break (Vec::new(), Err(error)),
                Err(Failed::Unknown) => break (Vec::new(), Err(StoreError::Unknown)),
            }
        };
        if let Err(error) = &committed {
            tracing::error!(%error, units, "a group was not committed");
        }
        let mut done = done.into_iter();
        for job in jobs {
            job.answer(done.next(), &committed);
        }
    }

    /// What other processes are told with the commit of these jobs, if this one tells them so.
    fn rung(&self, jobs: &[Write], done: &[Done]) -> String {
        let (mut topics, mut rows) = (Topics::NONE, Vec::new());
        for job in jobs.iter().zip(done).filter(|_| self.rings) {
            if let (Write::Units(units, _), Done::Units(ends)) = job {
                topics.extend(Topics::of(units, i64::MAX));
                rows.extend(doorbell::withdrawn(ends));
            }
        }
        telegraph::words(topics, &rows)
    }

    /// Applies and commits all jobs, or none of them.
    fn attempt(&mut self, jobs: &[Write], carefully: bool, deadline: Instant) -> Result<Vec<Done>, Failed> {
        let session = match self.session.take().filter(|session| session.trouble().is_none()) {
            Some(session) => session,
            None => Session::open_by(&self.url, deadline)
                .and_then(Session::goes_by_key)
                .map_err(|error| Failed::Again(error.into()))?,
        };
        let loose = self.loose.now();
        let mut group = Group {
            session: &session,
            shard: self.shard,
            fences: Fences::default(),
            tallies: Tallies::default(),
            feed: Gathered::default(),
        };
        session.begin(&self.url.begin_by_key());
        let applied = group.give_back(&loose).and_then(|back| Ok((back, group.apply(jobs, carefully)?)));
        if let Some(trouble) = session.trouble() {
            if trouble == Trouble::Again && session.roll_back().is_ok() {
                session.clear_trouble();
                self.session = Some(session);
            }
            return Err(Failed::Again(match applied {
                Err(Failed::Again(error) | Failed::Refused(error)) => error,
                Ok(_) | Err(Failed::Unknown | Failed::Spoilt) => {
                    StoreError::Away("the connection was lost".to_owned())
                }
            }));
        }
        let (back, done) = match applied {
            Ok(done) => done,
            Err(failed) => {
                if session.roll_back().is_ok() {
                    self.session = Some(session);
                }
                return Err(failed);
            }
        };
        let in_hand = in_hand(jobs, &done);
        match group.commit(&self.rung(jobs, &done)) {
            Ok(()) => {
                // Given back, or taken by somebody since: in either case not loose any more.
                if !loose.is_empty() {
                    self.loose.rows().retain(|id, _| !back.contains(id) && !in_hand.contains_key(id));
                }
                self.session = Some(session);
                Ok(done)
            }
            Err(failed) => {
                if let Failed::Unknown = failed {
                    let until = Instant::now() + LOOSE_TIME;
                    self.loose.rows().extend(in_hand.into_iter().map(|(id, run)| (id, (run, until))));
                }
                Err(failed)
            }
        }
    }
}

/// Units of a group that are not written yet, and the answers of all so far, in order.
#[derive(Default)]
struct Waiting<'u> {
    batch: Batch<'u>,
    /// Where the answers of the batch's units belong.
    places: Vec<usize>,
    answers: Vec<Option<Result<UnitDone, UnitError>>>,
}

/// The outbox rows that these writes put into the hand of those who wait for them, each with its run.
fn in_hand(jobs: &[Write], done: &[Done]) -> BTreeMap<i64, i64> {
    let mut rows = BTreeMap::new();
    for job in jobs.iter().zip(done) {
        match job {
            (Write::Units(units, _), Done::Units(ends)) => {
                for (unit, end) in units.iter().zip(ends) {
                    let claimed = end.iter().flat_map(|end| &end.claimed);
                    rows.extend(claimed.map(|id| (id.0, claimed_for(unit, *id))));
                }
            }
            (Write::Claim { run, .. }, Done::Claim(claimed)) => {
                let items = claimed.iter().flat_map(|claimed| &claimed.items);
                rows.extend(items.map(|item| (item.id.0, *run)));
            }
            (Write::Units(..) | Write::Claim { .. } | Write::Aside { .. }, _) => {}
        }
    }
    rows
}

/// The run that a unit wrote a row for.
fn claimed_for(unit: &Unit, id: OutboxId) -> i64 {
    let of_row = |change: &Change| match change {
        Change::Outbox(new) if new.id == id => Some(new.claim_for),
        _ => None,
    };
    unit.changes.iter().find_map(of_row).unwrap_or(unit.by)
}

/// One transaction.
struct Group<'s> {
    session: &'s Session,
    shard: i64,
    fences: Fences,
    tallies: Tallies,
    feed: Gathered,
}

impl<'s> Group<'s> {
    fn conn(&self) -> Connection<'s> {
        Connection::Postgres(self.session)
    }

    fn apply(&mut self, jobs: &[Write], carefully: bool) -> Result<Vec<Done>, Failed> {
        let mut waiting = Waiting::default();
        let mut others = Vec::new();
        for job in jobs {
            match job {
                Write::Units(units, _) => {
                    for unit in units {
                        self.admit(unit, carefully, &mut waiting)?;
                    }
                }
                Write::Claim { run, now, shares, .. } => {
                    self.flush(&mut waiting)?;
                    let claimed = if self.is_alive(*run)? {
                        self.whole(|_| claim::claim(self.session, *run, *now, shares))?
                    } else {
                        Err(StoreError::Fenced)
                    };
                    others.push(Done::Claim(claimed));
                }
                Write::Aside { work, .. } => {
                    self.flush(&mut waiting)?;
                    others.push(Done::Aside(self.whole(work)?));
                }
            }
        }
        self.flush(&mut waiting)?;
        let (mut answers, mut others) = (waiting.answers.into_iter(), others.into_iter());
        let done = jobs.iter().filter_map(|job| match job {
            Write::Units(units, _) => {
                let own = answers.by_ref().take(units.len());
                Some(Done::Units(
                    own.map(|answer| answer.unwrap_or_else(|| Err(StoreError::Closed.into()))).collect(),
                ))
            }
            Write::Claim { .. } | Write::Aside { .. } => others.next(),
        });
        Ok(done.collect())
    }

    /// Takes one unit into the batch, or applies it by itself after the batch.
    fn admit<'u>(
        &mut self,
        unit: &'u Unit,
        carefully: bool,
        waiting: &mut Waiting<'u>,
    ) -> Result<(), Failed> {
        if unit.changes.len() > MAX_CHANGES_PER_UNIT {
            waiting.answers.push(Some(Err(UnitError::TooLarge(unit.changes.len()))));
            return Ok(());
        }
        let mut fit = if carefully { Fit::Alone } else { waiting.batch.take(unit) };
        if fit == Fit::Later {
            self.flush(waiting)?;
            fit = waiting.batch.take(unit);
        }
        match fit {
            Fit::Here => {
                waiting.places.push(waiting.answers.len());
                waiting.answers.push(None);
            }
            // An empty batch stands against nothing, so nothing is later than it.
            Fit::Later | Fit::Alone => {
                self.flush(waiting)?;
                let answer = self.unit(unit)?;
                waiting.answers.push(Some(answer));
            }
        }
        Ok(())
    }

    /// Puts loose rows back into the queue, as far as they are there. Answers which.
    fn give_back(&self, loose: &[(i64, i64)]) -> Result<Vec<i64>, Failed> {
        if loose.is_empty() {
            return Ok(Vec::new());
        }
        let mut ids = Table::default();
        loose.iter().for_each(|(id, run)| ids.push(&[id, run]));
        // Only out of that hand: another run may have taken a row since, if this one was given up.
        let text = "UPDATE outbox AS o SET claimed_by = 0 FROM {rows} AS w (id, run)
             WHERE o.id = w.id AND o.claimed_by = w.run RETURNING o.id";
        let answer = self.session.run(&ids.unfold(text), &ids.binds())?;
        Ok(answer.rows.iter().map(|row| Row::Postgres(row).get(0)).collect::<sql::Result<_>>()?)
    }

    /// Writes the batch.
    fn flush(&mut self, waiting: &mut Waiting<'_>) -> Result<(), Failed> {
        let batch = std::mem::take(&mut waiting.batch);
        let places = std::mem::take(&mut waiting.places);
        if batch.units.is_empty() {
            return Ok(());
        }
        let known = guards::known(self.session, &batch.units).map_err(|error| self.spoilt(&error))?;
        let tallies = std::mem::take(&mut self.tallies);
        let mut outcome =
            Outcome { known, tables: Tables::default(), tallies, feed: std::mem::take(&mut self.feed) };
        for (unit, place) in batch.units.into_iter().zip(places) {
            let answer = outcome.unit(unit).map_err(|Spoilt| Failed::Spoilt)?;
            waiting.answers[place] = Some(answer);
        }
        self.tallies = outcome.tallies;
        self.feed = outcome.feed;
        let written = outcome.tables.write(self.session, &outcome.known, &mut self.tallies);
        written.map_err(|error| self.spoilt(&error))?.map_err(|Spoilt| Failed::Spoilt)
    }

    /// A statement for many failed: one by one will show whose fault it was, unless it was nobody's.
    fn spoilt(&self, error: &sql::Error) -> Failed {
        if self.session.trouble().is_some() {
            return Failed::Again(StoreError::Away(error.to_string()));
        }
        tracing::debug!(%error, "a batch is applied again one by one");
        Failed::Spoilt
    }

    /// One unit by itself, which spoils no other if it fails. The outer error is the group's.
    fn unit(&mut self, unit: &Unit) -> Result<Result<UnitDone, UnitError>, Failed> {
        if unit.changes.len() > MAX_CHANGES_PER_UNIT {
            return Ok(Err(UnitError::TooLarge(unit.changes.len())));
        }
        // Before the savepoint: what it locks stays locked if the unit is taken back.
        match self.fences.allow(&Connection::Postgres(self.session), unit) {
            Ok(true) => {}
            Ok(false) => return Ok(Err(StoreError::Fenced.into())),
            Err(error) => return Err(self.spoilt(&error)),
        }
        self.session.plain("SAVEPOINT unit")?;
        let mut side = SideEffects::default();
        let done = apply::unit(&self.conn(), unit, &mut side);
        self.settle(done.is_ok())?;
        if done.is_ok() {
            self.tallies.take_all(side.tallies);
            self.feed.append(side.feed);
        }
        Ok(done)
    }

    fn is_alive(&mut self, run: i64) -> Result<bool, Failed> {
        let conn = Connection::Postgres(self.session);
        self.fences.is_alive(&conn, run).map_err(|error| self.spoilt(&error))
    }

    /// All of it or nothing: half a claim would leave rows in the hand of nobody.
    fn whole<T>(
        &self,
        work: impl FnOnce(&Connection<'_>) -> sql::Result<T>,
    ) -> Result<Result<T, StoreError>, Failed> {
        self.session.plain("SAVEPOINT unit")?;
        let done = work(&self.conn());
        self.settle(done.is_ok())?;
        Ok(done.map_err(StoreError::from))
    }

    /// Ends what was begun with a savepoint, unless the whole transaction is of no use any more.
    fn settle(&self, keep: bool) -> Result<(), Failed> {
        if self.session.trouble().is_some() {
            return Err(Failed::Again(StoreError::Busy));
        }
        self.session.plain(if keep { "RELEASE unit" } else { "ROLLBACK TO unit; RELEASE unit" })?;
        Ok(())
    }

    fn commit(mut self, rung: &str) -> Result<(), Failed> {
        let mut table = Table::default();
        for ((workspace, day, kind, subject, name), by) in &self.tallies.rows() {
            table.push(&[workspace, day, kind, subject, name, &self.shard, by]);
        }
        let mut statements = Vec::new();
        if table.rows() > 0 {
            statements.push((table.unfold(TALLIES), table.binds()));
        }
        let mut feed = Table::default();
        for row in self.feed.rows() {
            let entries = row.entries.as_slice();
            feed.push(&[&row.first, &row.count, &row.workspace, &entries, &row.on]);
        }
        if feed.rows() > 0 {
            statements.push((feed.unfold(FEED), feed.binds()));
        }
        if !rung.is_empty() {
            let text = format!("SELECT pg_notify('{}', $1)", telegraph::CHANNEL);
            statements.push((text, vec![Bind::One((&rung).value())]));
        }
        if !self.session.is_open() {
            return Ok(());
        }
        match self.session.together(&statements, true) {
            Ok((_, Ok(()))) => Ok(()),
            Ok((_, Err(sql::Error::Away(_)))) => Err(Failed::Unknown),
            Ok((_, Err(error))) => Err(Failed::Again(error.into())),
            // A statement was refused, so what followed it ended the transaction without keeping anything.
            Err(sql::Error::Away(_)) => Err(Failed::Unknown),
            Err(error) => Err(Failed::Again(error.into())),
        }
    }
}

// The number of the transaction, by which readers see what is committed for good.
const FEED: &str = "INSERT INTO feed (tx, first, count, workspace_id, entries, created_on)
     SELECT pg_current_xact_id()::text::bigint, w.* FROM {rows} AS w (first, count, workspace_id, entries, created_on)";
/// At the end of the transaction and in the order of the keys: a row that another writer counts in is waited for only
/// while that one commits, and nobody waits in a circle.
const TALLIES: &str = "INSERT INTO tally (workspace_id, day, kind, subject, name, shard, count)
     SELECT * FROM {rows}
     ON CONFLICT (workspace_id, day, kind, subject, name, shard)
     DO UPDATE SET count = tally.count + excluded.count";
