//! PostgreSQL: a writer that commits groups, and a pool of connections that read.
//!
//! Reads and changes are those of `crate::sqlite`, on another connection; what is here is what differs: how
//! connections are made and lost (`session`, `address`), the schema (`schema`), and how a group of units is committed
//! (`writer`): the changes that conversations are made of as a few statements for all units together (`batch` and
//! what it uses), all others one by one.

mod address;
mod aside;
mod batch;
mod claim;
mod guards;
mod load;
mod outcome;
mod schema;
mod session;
mod tables;
mod wire;
mod writer;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::{
    Claimed, IdSource, OutboxLine, StoreError, StoreOptions, Unit,
    sql::Connection,
    sqlite::{Rows, read_nodes},
    writing::{Aside, UnitAnswers, Write},
};
pub use address::PostgresUrl;
use aside::Asides;
pub(crate) use load::load_conversations;
pub(crate) use session::Session;
pub(crate) use wire::Bind;
use writer::Writer;

/// How often a read is tried on another connection if its own was lost.
const READ_TRIES: usize = 3;

/// A PostgreSQL database in use.
pub(crate) struct Postgres {
    highest: i64,
    /// Empty only while the store is being dropped.
    jobs: Option<mpsc::Sender<Write>>,
    writer: Option<std::thread::JoinHandle<()>>,
    readers: Arc<Readers>,
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
    pub(crate) fn open(url: &PostgresUrl, options: StoreOptions) -> Result<Self, StoreError> {
        let mine = url.clone();
        // A thread of its own: the caller may be inside a runtime, where nothing may block on another.
        let opened = std::thread::Builder::new().name("store-open".to_owned()).spawn(move || {
            let session = Session::open(&mine).map_err(|error| cannot_open(&mine, &error.to_string()))?;
            schema::migrate(&session, &mine, options.create)?;
            let highest = read_nodes::highest_id(&Connection::Postgres(&session))?;
            Ok::<_, StoreError>((session, highest, options))
        });
        let opened = opened.map_err(|error| cannot_open(url, &error.to_string()))?.join();
        let (session, highest, options) = opened.map_err(|_| cannot_open(url, "opening it broke off"))??;
        let (jobs, queue) = mpsc::channel(options.write_queue.max(1));
        // Writers of several nodes rarely count on the same rows then.
        let shard = i64::from(std::process::id() % u32::from(IdSource::SLOTS));
        let writer = Writer::new(url.clone(), session, shard, &options);
        let handle = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run(queue))
            .map_err(|error| StoreError::Database(format!("cannot start the writer: {error}")))?;
        let asides = Asides::new(url.clone());
        let readers =
            Readers { url: url.clone(), idle: Mutex::new(Vec::new()), patience: options.busy_timeout };
        Ok(Self {
            highest,
            jobs: Some(jobs),
            writer: Some(handle),
            readers: Arc::new(readers),
            asides: Arc::new(asides),
            permits: Arc::new(Semaphore::new(options.readers.max(1))),
        })
    }

    /// The highest row number that was in use when it was opened.
    pub(crate) fn highest_id(&self) -> i64 {
        self.highest
    }

    pub(crate) fn write_queue_length(&self) -> usize {
        self.jobs.as_ref().map_or(0, |jobs| jobs.max_capacity() - jobs.capacity())
    }

    pub(crate) async fn write(&self, units: Vec<Unit>) -> Result<UnitAnswers, StoreError> {
        if units.is_empty() {
            return Ok(Vec::new());
        }
        self.submit(|answer| Write::Units(units, answer)).await
    }

    pub(crate) async fn claim_outbox(
        &self,
        run: i64,
        now: Timestamp,
        shares: Vec<(OutboxLine, usize)>,
    ) -> Result<Claimed, StoreError> {
        self.submit(|answer| Write::Claim { run, now, shares, answer }).await
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
        job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Write,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        jobs.send(job(answer)).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs a read on a consistent view of the database, again on another connection if its own was lost.
    pub(crate) async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Rows<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let readers = self.readers.clone();
        let work = move || {
            let out = readers.read(&read);
            drop(permit);
            out
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(out) => out,
            Err(error) => Err(StoreError::Database(format!("a read was cut off: {error}"))),
        }
    }
}

fn cannot_open(url: &PostgresUrl, reason: &str) -> StoreError {
    StoreError::Open { path: url.to_string(), reason: reason.to_owned() }
}

impl Readers {
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
        self.jobs = None;
        lock(&self.readers.idle).clear();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer ended with a panic");
        }
    }
}
