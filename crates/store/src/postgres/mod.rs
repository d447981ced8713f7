//! PostgreSQL: writers that commit groups, and a pool of connections that read.
//!
//! Reads and changes are those of `crate::sqlite`, on another connection; what is here is what differs: how
//! connections are made and lost (`session`, `address`), the schema (`schema`), and how a group of units is committed
//! (`writer`; `routing` says by whom): the changes that conversations are made of as a few statements for all units together (`batch` and
//! what it uses), all others one by one.

mod address;
mod aside;
mod batch;
pub(crate) mod claim;
mod copy_in;
mod guards;
mod load;
mod other;
mod outcome;
mod replica;
mod routing;
mod schema;
mod session;
mod tables;
mod telegraph;
mod tls;
mod wire;
mod writer;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::{
    Claimed, IdSource, OutboxQueue, StoreError, StoreOptions, Unit, UnitError, bulk,
    doorbell::Doorbell,
    sql::Connection,
    sqlite::{Rows, read_nodes},
    writing::{Aside, UnitAnswers, Write},
};
pub use address::PostgresUrl;
use aside::Asides;
pub(crate) use copy_in::copy_in;
pub(crate) use load::{load_conversations, reach};
pub use other::OtherDatabase;
use replica::Replica;
use routing::Parts;
pub(crate) use session::Session;
use telegraph::Telegraph;
pub(crate) use wire::Bind;
use writer::{Loose, Writer};

/// How often a read is tried on another connection if its own was lost.
const READ_TRIES: usize = 3;

/// A PostgreSQL database in use.
pub(crate) struct Postgres {
    highest: i64,
    /// Empty only while the store is being dropped. The first also does what belongs to no contact.
    queues: Vec<mpsc::Sender<Write>>,
    writers: Vec<std::thread::JoinHandle<()>>,
    /// Rings for other processes; only where this one listens to them.
    _telegraph: Option<Telegraph>,
    readers: Arc<Readers>,
    reports: Option<Arc<Replica>>,
    asides: Arc<Asides>,
    permits: Arc<Semaphore>,
}

/// Connections that wait for a read.
struct Readers {
    url: PostgresUrl,
    idle: Mutex<Vec<Session>>,
    patience: Duration,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Postgres {
    /// Connects, brings the schema up to date and starts the writer. Blocks.
    pub(crate) fn open(
        url: &PostgresUrl,
        options: StoreOptions,
        bell: &Doorbell,
    ) -> Result<Self, StoreError> {
        let mine = url.clone();
        // A thread of its own: the caller may be inside a runtime, where nothing may block on another.
        let opened = std::thread::Builder::new().name("store-open".to_owned()).spawn(move || {
            let session = Session::open(&mine).map_err(|error| cannot_open(&mine, &error.to_string()))?;
            schema::migrate(&session, &mine, options.create)?;
            bulk::check_whole(&Connection::Postgres(&session), &mine.to_string())?;
            schema::drop_feed_of_others(&session)?;
            let highest = read_nodes::highest_id(&Connection::Postgres(&session))?;
            let session = session.goes_by_key().map_err(|error| cannot_open(&mine, &error.to_string()))?;
            Ok::<_, StoreError>((session, highest, options))
        });
        let opened = opened.map_err(|error| cannot_open(url, &error.to_string()))?.join();
        let (session, highest, options) = opened.map_err(|_| cannot_open(url, "opening it broke off"))??;
        let (queues, writers) = start_writers(url, session, &options)?;
        let readers = Readers::new(url.clone(), options.busy_timeout);
        Ok(Self {
            highest,
            queues,
            writers,
            _telegraph: if options.listens { Telegraph::start(url, bell.clone()) } else { None },
            readers: Arc::new(readers),
            reports: options.reports.as_ref().map(|url| Arc::new(Replica::new((**url).clone()))),
            asides: Arc::new(Asides::new(url.clone())),
            permits: Arc::new(Semaphore::new(options.readers.max(1))),
        })
    }

    /// The highest row number that was in use when it was opened.
    pub(crate) fn highest_id(&self) -> i64 {
        self.highest
    }

    pub(crate) fn write_queue_length(&self) -> usize {
        self.queues.iter().map(|queue| queue.max_capacity() - queue.capacity()).sum()
    }

    /// Each writer commits its units by itself: what one cannot commit is refused unit by unit if another can.
    pub(crate) async fn write(&self, units: Vec<Unit>) -> Result<UnitAnswers, StoreError> {
        if units.is_empty() {
            return Ok(Vec::new());
        }
        let mut dealt = Parts::of(units, self.queues.len());
        let parts = std::mem::take(&mut dealt.parts);
        let counts: Vec<usize> = parts.iter().map(Vec::len).collect();
        let ends = join_all(parts.into_iter().enumerate().map(|(writer, part)| async move {
            if part.is_empty() {
                return Ok(Vec::new());
            }
            self.submit(writer, |answer| Write::Units(part, answer)).await
        }))
        .await;
        let busy = counts.iter().zip(&ends).filter(|(count, _)| **count > 0);
        if busy.clone().all(|(_, end)| end.is_err())
            && let Some((_, Err(error))) = busy.into_iter().next()
        {
            return Err(error.clone());
        }
        let answers = ends
            .into_iter()
            .zip(counts)
            .map(|(end, count)| end.unwrap_or_else(|error| vec![Err(UnitError::Store(error)); count]));
        Ok(dealt.gather(answers.collect(), || Err(UnitError::Store(StoreError::Closed))))
    }

    pub(crate) async fn claim_outbox(
        &self,
        run: i64,
        now: Timestamp,
        shares: Vec<(OutboxQueue, usize)>,
    ) -> Result<Claimed, StoreError> {
        self.submit(0, |answer| Write::Claim { run, now, shares, answer }).await
    }

    /// Does something small in a transaction of its own, on a connection that waits neither for the writer nor for
    /// reads.
    pub(crate) async fn aside(&self, work: Aside) -> Result<(), StoreError> {
        let asides = self.asides.clone();
        match tokio::task::spawn_blocking(move || asides.work(&work)).await {
            Ok(done) => done,
            Err(error) => Err(StoreError::Database(format!("a write was cut off: {error}"))),
        }
    }

    async fn submit<T>(
        &self,
        writer: usize,
        job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Write,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let queue = self.queues.get(writer).ok_or(StoreError::Closed)?;
        queue.send(job(answer)).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Whether there is a replica for reports that does not answer.
    pub(crate) fn reports_are_away(&self) -> bool {
        self.reports.as_ref().is_some_and(|replica| replica.rests())
    }

    /// Runs a read on a consistent view of the database, again on another connection if its own was lost. A report is
    /// read from the replica, if there is one that answers.
    pub(crate) async fn read<T, F>(&self, report: bool, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Rows<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let readers = self.readers.clone();
        let reports = self.reports.clone().filter(|_| report);
        let work = move || {
            let report = reports.and_then(|replica| replica.read(&read));
            let out = report.map_or_else(|| readers.read(&read), Ok);
            drop(permit);
            out
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(out) => out,
            Err(error) => Err(StoreError::Database(format!("a read was cut off: {error}"))),
        }
    }
}

/// What hands work to writers, and their threads.
type Writers = (Vec<mpsc::Sender<Write>>, Vec<std::thread::JoinHandle<()>>);

/// Starts the writers; the first goes on with the session that opened the database.
fn start_writers(url: &PostgresUrl, session: Session, options: &StoreOptions) -> Result<Writers, StoreError> {
    let (mut queues, mut threads) = (Vec::new(), Vec::new());
    let (mut session, loose) = (Some(session), Loose::default());
    for writer in 0..url.writers() {
        let (jobs, queue) = mpsc::channel(options.write_queue.max(1));
        // Counts of its own, so that no writer waits for the commit of another; those of several nodes rarely do.
        let (node, slots) = (std::process::id() % u32::from(IdSource::SLOTS), i64::from(IdSource::SLOTS));
        let shard = i64::from(node) + slots * i64::try_from(writer).unwrap_or_default();
        let writer = Writer::new(url.clone(), session.take(), shard, loose.clone(), options);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run(queue))
            .map_err(|error| StoreError::Database(format!("cannot start the writer: {error}")))?;
        queues.push(jobs);
        threads.push(thread);
    }
    Ok((queues, threads))
}

/// A connection by itself, with the schema brought up to date.
pub(crate) fn open_alone(url: &PostgresUrl, create: bool) -> Result<Session, StoreError> {
    let mine = url.clone();
    // A thread of its own: the caller may be inside a runtime, where nothing may block on another.
    let opened = std::thread::Builder::new().name("store-open".to_owned()).spawn(move || {
        let session = Session::open(&mine).map_err(|error| cannot_open(&mine, &error.to_string()))?;
        schema::migrate(&session, &mine, create)?;
        Ok::<_, StoreError>(session)
    });
    let opened = opened.map_err(|error| cannot_open(url, &error.to_string()))?.join();
    opened.map_err(|_| cannot_open(url, "opening it broke off"))?
}

fn cannot_open(url: &PostgresUrl, reason: &str) -> StoreError {
    StoreError::Open { path: url.to_string(), reason: reason.to_owned() }
}

impl Readers {
    fn new(url: PostgresUrl, patience: Duration) -> Self {
        Self { url, idle: Mutex::new(Vec::new()), patience }
    }

    fn read<T>(&self, read: &impl Fn(&Rows<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut last = StoreError::Closed;
        for _ in 0..READ_TRIES {
            let kept = lock(&self.idle).pop();
            let session = match kept {
                Some(session) => session,
                None => Session::open_by(&self.url, Instant::now() + self.patience)?,
            };
            session.begin(&self.url.begin_reading());
            let out = read(&Rows { conn: &Connection::Postgres(&session) });
            if session.trouble().is_none() {
                if session.roll_back().is_ok() {
                    lock(&self.idle).push(session);
                }
                return out;
            }
            match out {
                Ok(out) => return Ok(out),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.queues.clear();
        lock(&self.readers.idle).clear();
        for writer in self.writers.drain(..) {
            if writer.join().is_err() {
                tracing::error!("a writer ended with a panic");
            }
        }
    }
}
