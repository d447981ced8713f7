//! Where the store is and how it is run.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use crate::{PostgresUrl, StoreError};

/// Where the data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A SQLite database that ends with the store, for simulations and tests. Implies [`Execution::Inline`].
    Memory,
    /// A PostgreSQL database.
    Postgres(Box<PostgresUrl>),
}

impl FromStr for StoreUrl {
    type Err = StoreError;

    /// Reads `sqlite:PATH`, `sqlite::memory:`, a bare path, or `postgres://…` ([`PostgresUrl`]).
    fn from_str(text: &str) -> Result<Self, StoreError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(Box::new(text.parse()?)));
        }
        let path = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")).unwrap_or(text);
        match path {
            "" => Err(StoreError::BadUrl(text.to_owned())),
            ":memory:" => Ok(Self::Memory),
            _ if text.contains("://") && !text.starts_with("sqlite://") => {
                Err(StoreError::BadUrl(text.split('@').next_back().unwrap_or_default().to_owned()))
            }
            _ => Ok(Self::Sqlite(PathBuf::from(path))),
        }
    }
}

impl fmt::Display for StoreUrl {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Memory => f.write_str("sqlite::memory:"),
            Self::Postgres(url) => write!(f, "{url}"),
        }
    }
}

impl From<PathBuf> for StoreUrl {
    fn from(path: PathBuf) -> Self {
        Self::Sqlite(path)
    }
}

/// Who does the work of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Execution {
    /// A writer thread that commits groups, and reads on the runtime's blocking threads.
    Threads,
    /// Everything in the caller, one connection: the order of things is then the caller's order, as virtual
    /// time and seeded simulations need.
    Inline,
}

/// How the store is run. The defaults are right for a node.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Who does the work.
    pub execution: Execution,
    /// Connections that read (each read takes one while it runs).
    pub readers: usize,
    /// Writes that may wait for the writer before [`crate::Store::write`] itself waits.
    pub write_queue: usize,
    /// Units that one commit carries at most.
    pub group_units: usize,
    /// How long a group may collect and apply work before it commits.
    pub group_time: Duration,
    /// Page cache of the writer, KiB.
    pub writer_cache_kib: u32,
    /// Page cache of each reader, KiB. Small: every commit empties it.
    pub reader_cache_kib: u32,
    /// How long to wait for another process that writes.
    pub busy_timeout: Duration,
    /// Hear what other processes ring ([`crate::Doorbell`]), and ring for them aside. A process that does not, as a
    /// command, rings for them with each commit.
    pub listens: bool,
    /// Create the database if it does not exist.
    pub create: bool,
    /// A standby of a PostgreSQL database that reports are read from ([`crate::Store::for_reports`]).
    pub reports: Option<Box<PostgresUrl>>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            execution: Execution::Threads,
            readers: 4,
            write_queue: 1_024,
            group_units: 2_000,
            group_time: Duration::from_millis(20),
            writer_cache_kib: 96 * 1_024,
            reader_cache_kib: 4 * 1_024,
            busy_timeout: Duration::from_secs(10),
            listens: false,
            create: true,
            reports: None,
        }
    }
}
