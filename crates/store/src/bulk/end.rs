//! One of the two ends of a transfer: a database of which nobody else makes use meanwhile.

use std::{collections::BTreeMap, fs::File, path::Path, time::Duration};

use super::{cells::Owned, plan};
use crate::{
    StoreError, StoreOptions, StoreUrl,
    postgres::{self, Session},
    sql::{self, Connection},
    sqlite::connection,
};

/// Name of the file that a serving node holds locked beside its SQLite database.
const LOCK_FILE: &str = "serving.lock";

/// How long the row of a node must stand still before the node counts as gone: longer than nodes themselves wait.
const STILL_FOR: Duration = Duration::from_secs(12);

/// An open database, by itself.
pub(crate) enum End {
    /// With the lock that keeps nodes away.
    Sqlite(rusqlite::Connection, #[expect(dead_code, reason = "held until the end is dropped")] File),
    Postgres(Box<Session>),
}

impl End {
    /// Opens a store for a transfer, with its schema brought up to date. Refuses one that a node serves.
    pub fn open(url: &StoreUrl, create: bool) -> Result<Self, StoreError> {
        let options = StoreOptions { create, ..StoreOptions::default() };
        let end = match url {
            StoreUrl::Memory => return Err(StoreError::BadUrl("sqlite::memory:".to_owned())),
            StoreUrl::Sqlite(path) => {
                if !create && !path.is_file() {
                    let reason = "there is no such file".to_owned();
                    return Err(StoreError::Open { path: path.display().to_string(), reason });
                }
                let lock = keep_nodes_away(path)?;
                Self::Sqlite(connection::open_writer(Some(path), &options)?, lock)
            }
            StoreUrl::Postgres(url) => Self::Postgres(Box::new(postgres::open_alone(url, create)?)),
        };
        end.refuse_living_nodes(&url.to_string())?;
        Ok(end)
    }

    pub fn conn(&self) -> Connection<'_> {
        match self {
            Self::Sqlite(conn, _) => Connection::Sqlite(conn),
            Self::Postgres(session) => Connection::Postgres(session),
        }
    }

    /// Runs statements without parameters.
    pub fn plain(&self, text: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(conn, _) => conn.execute_batch(text)?,
            Self::Postgres(session) => session.plain(text)?,
        }
        Ok(())
    }

    /// All that follows until the end sees one state.
    pub fn begin_reading(&self) -> Result<(), StoreError> {
        self.plain(match self {
            Self::Sqlite(..) => "BEGIN",
            Self::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        })
    }

    /// Nodes write down that they live, and go on doing so. A row that stands still is of one that was killed.
    fn refuse_living_nodes(&self, shown: &str) -> Result<(), StoreError> {
        let first = self.beats()?;
        if first.is_empty() {
            return Ok(());
        }
        std::thread::sleep(STILL_FOR);
        let then = self.beats()?;
        let lives = then.iter().find(|(run, beat)| first.get(*run) != Some(beat));
        match lives {
            None => Ok(()),
            Some((run, _)) => Err(StoreError::Open {
                path: shown.to_owned(),
                reason: format!("a node serves it (run {run}); stop it first"),
            }),
        }
    }

    fn beats(&self) -> Result<BTreeMap<i64, i64>, StoreError> {
        if !plan::TABLES.iter().any(|(name, ..)| *name == "node") {
            return Ok(BTreeMap::new());
        }
        let rows: Vec<(i64, i64)> =
            sql::all::<_, StoreError>(&self.conn(), "SELECT run, beat FROM node ORDER BY run", &[], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        Ok(rows.into_iter().collect())
    }

    /// Flushes less often until [`End::settle`]. A page that was committed may be lost then, but pages stay whole; what
    /// is not `resumable` may be of no use at all after a crash, which the store then says of itself.
    pub fn hurry(&self, resumable: bool) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(conn, _) if resumable => {
                conn.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -262144;")?;
            }
            Self::Sqlite(conn, _) => {
                conn.execute_batch(
                    "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
                     PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -262144;",
                )?;
            }
            // A page is large enough to be worth its flush, and a pooler may stand between.
            Self::Postgres(_) => {}
        }
        Ok(())
    }

    /// Safe again: what was written is on the disk before this answers.
    pub fn settle(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(conn, _) => {
                conn.execute_batch(
                    "PRAGMA locking_mode = NORMAL; PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL;
                     PRAGMA optimize; BEGIN IMMEDIATE; COMMIT; PRAGMA wal_checkpoint(TRUNCATE);",
                )?;
                sync(conn)?;
            }
            Self::Postgres(session) => session.plain("ANALYZE")?,
        }
        Ok(())
    }

    /// Writes rows of cells, all in one transaction.
    pub fn insert(&self, table: &str, columns: &str, rows: &[Vec<Owned>]) -> Result<(), StoreError> {
        let Some(first) = rows.first() else { return Ok(()) };
        match self {
            Self::Sqlite(conn, _) => {
                let places = plan::Table::places(1, first.len());
                conn.execute_batch("BEGIN IMMEDIATE")?;
                {
                    let text = format!("INSERT INTO {table} ({columns}) VALUES ({places})");
                    let mut statement = conn.prepare_cached(&text)?;
                    for row in rows {
                        statement.execute(rusqlite::params_from_iter(row.iter().map(sql::Param::value)))?;
                    }
                }
                conn.execute_batch("COMMIT")?;
            }
            Self::Postgres(session) => postgres::copy_in(session, table, columns, rows)?,
        }
        Ok(())
    }
}

/// Without a journal nothing flushed the file while it was filled.
fn sync(conn: &rusqlite::Connection) -> Result<(), StoreError> {
    let Some(path) = conn.path().filter(|path| !path.is_empty()) else { return Ok(()) };
    let file = File::open(path).and_then(|file| file.sync_all());
    file.map_err(|error| StoreError::Database(format!("{path} could not be flushed to the disk: {error}")))
}

/// Takes the lock that a serving node holds, until the file is dropped.
fn keep_nodes_away(database: &Path) -> Result<File, StoreError> {
    let path = database.with_file_name(LOCK_FILE);
    let refuse = |reason: String| StoreError::Open { path: database.display().to_string(), reason };
    let open = || {
        let mut options = File::options();
        options.create(true).truncate(false).write(true).open(&path)
    };
    let file = open().map_err(|error| refuse(format!("cannot write {}: {error}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(refuse("a node serves it; stop it first".to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(refuse(error.to_string())),
    }
}
