//! SQLite: one writer that commits groups, and a pool of readers.

mod access;
pub(crate) mod apply;
mod apply_dead;
mod apply_definitions;
pub(crate) mod apply_early;
mod apply_erase;
mod apply_extensions;
mod apply_feed;
pub(crate) mod apply_jobs;
mod apply_merge;
pub(crate) mod apply_messages;
pub(crate) mod apply_nodes;
pub(crate) mod apply_outbox;
mod apply_parked;
mod apply_past;
mod apply_people;
pub(crate) mod apply_search;
mod apply_sessions;
mod apply_settings;
mod apply_tickets;
mod archives;
mod audit;
mod channel_events;
mod codes;
pub(crate) mod connection;
mod consents;
mod desk;
pub(crate) mod fences;
mod households;
mod kept_calls;
mod media;
mod message_search;
mod programmes;
mod read_contacts;
pub(crate) mod read_conversations;
mod read_definitions;
mod read_extensions;
mod read_feed;
mod read_history;
pub(crate) mod read_jobs;
mod read_messages;
pub(crate) mod read_nodes;
mod read_past;
pub(crate) mod read_queues;
mod read_runs;
mod read_search;
mod read_settings;
pub(crate) mod read_tickets;
mod read_totals;
mod read_verify;
pub(crate) mod recount;
mod schedules;
mod table_sources;
mod tallies;
mod template_syncs;
mod tokens;
mod webhooks;
mod writer;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::{
    Claimed, Execution, OutboxQueue, StoreError, StoreOptions, Unit, bulk, sql,
    writing::{Aside, UnitAnswers, Write},
};
use writer::{Limits, Writer};

/// Typed reads over one connection; each `impl` block is beside its tables.
pub(crate) struct Rows<'c> {
    pub(crate) conn: &'c sql::Connection<'c>,
}

/// A SQLite database in use.
pub(crate) struct Sqlite {
    highest: i64,
    in_memory: bool,
    engine: Engine,
}

enum Engine {
    Threads(Threads),
    Inline(Arc<Mutex<Writer>>),
}

struct Threads {
    /// Empty only while the store is being dropped.
    jobs: Option<mpsc::Sender<Write>>,
    writer: Option<std::thread::JoinHandle<()>>,
    readers: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sqlite {
    /// Opens a file, or a database in memory.
    pub(crate) fn open(path: Option<&Path>, options: StoreOptions) -> Result<Self, StoreError> {
        let conn = connection::open_writer(path, &options)?;
        let shown = path.map_or_else(String::new, |path| path.display().to_string());
        bulk::check_whole(&sql::Connection::Sqlite(&conn), &shown)?;
        let highest = read_nodes::highest_id(&sql::Connection::Sqlite(&conn))?;
        let limits = Limits { units: options.group_units, time: options.group_time };
        let writer = Writer::new(conn, limits);
        let engine = match (path, options.execution) {
            (None, _) | (_, Execution::Inline) => Engine::Inline(Arc::new(Mutex::new(writer))),
            (Some(path), Execution::Threads) => {
                let readers = (0..options.readers.max(1))
                    .map(|_| connection::open_reader(path, &options))
                    .collect::<Result<Vec<_>, _>>()?;
                Engine::Threads(Threads::start(writer, readers, &options)?)
            }
        };
        Ok(Self { highest, in_memory: path.is_none(), engine })
    }

    /// The highest row number that was in use when it was opened.
    pub(crate) fn highest_id(&self) -> i64 {
        self.highest
    }

    pub(crate) fn write_queue_length(&self) -> usize {
        match &self.engine {
            Engine::Threads(threads) => {
                threads.jobs.as_ref().map_or(0, |jobs| jobs.max_capacity() - jobs.capacity())
            }
            Engine::Inline(_) => 0,
        }
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
        shares: Vec<(OutboxQueue, usize)>,
    ) -> Result<Claimed, StoreError> {
        self.submit(|answer| Write::Claim { run, now, shares, answer }).await
    }

    /// Whether it ends with the store.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.in_memory
    }

    /// Does something in a transaction, in its turn.
    pub(crate) async fn aside(&self, work: Aside) -> Result<(), StoreError> {
        self.submit(|answer| Write::Aside { work, answer }).await
    }

    async fn submit<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Write,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        match &self.engine {
            Engine::Threads(threads) => {
                let jobs = threads.jobs.as_ref().ok_or(StoreError::Closed)?;
                jobs.send(job(answer)).await.map_err(|_| StoreError::Closed)?;
            }
            Engine::Inline(writer) => lock(writer).commit(vec![job(answer)]),
        }
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Runs a read on a consistent view of the database.
    pub(crate) async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Rows<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        match &self.engine {
            Engine::Inline(writer) => {
                read(&Rows { conn: &sql::Connection::Sqlite(lock(writer).connection()) })
            }
            Engine::Threads(threads) => {
                let permit = threads.permits.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
                let readers = threads.readers.clone();
                let work = move || {
                    let lease = Lease::take(readers)?;
                    let out = snapshot(lease.connection()?, read);
                    drop(lease);
                    drop(permit);
                    out
                };
                match tokio::task::spawn_blocking(work).await {
                    Ok(out) => out,
                    Err(error) => Err(StoreError::Database(format!("a read was cut off: {error}"))),
                }
            }
        }
    }
}

/// Several statements of one read see the same state.
fn snapshot<T>(
    conn: &Connection,
    read: impl FnOnce(&Rows<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let conn = &sql::Connection::Sqlite(conn);
    sql::exec(conn, "BEGIN", &[])?;
    let out = read(&Rows { conn });
    sql::exec(conn, "COMMIT", &[])?;
    out
}

/// A reader out of the pool, given back even if the read panics.
struct Lease {
    readers: Arc<Mutex<Vec<Connection>>>,
    conn: Option<Connection>,
}

impl Lease {
    fn take(readers: Arc<Mutex<Vec<Connection>>>) -> Result<Self, StoreError> {
        let conn = lock(&readers).pop();
        Ok(Self { readers, conn })
    }

    fn connection(&self) -> Result<&Connection, StoreError> {
        self.conn.as_ref().ok_or(StoreError::Closed)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            if !conn.is_autocommit() && conn.execute_batch("ROLLBACK").is_err() {
                tracing::error!("a reader could not end its transaction");
            }
            lock(&self.readers).push(conn);
        }
    }
}

impl Threads {
    fn start(writer: Writer, readers: Vec<Connection>, options: &StoreOptions) -> Result<Self, StoreError> {
        let (jobs, queue) = mpsc::channel(options.write_queue.max(1));
        let handle = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run(queue))
            .map_err(|error| StoreError::Database(format!("cannot start the writer: {error}")))?;
        let permits = Arc::new(Semaphore::new(readers.len()));
        Ok(Self { jobs: Some(jobs), writer: Some(handle), readers: Arc::new(Mutex::new(readers)), permits })
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.jobs = None;
        lock(&self.readers).clear();
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer ended with a panic");
        }
    }
}
