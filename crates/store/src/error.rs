//! What can go wrong, and what to do about it.

use thiserror::Error;

/// Why the store cannot do what was asked.
#[derive(Debug, Clone, Error)]
pub enum StoreError {
    /// The address of the store is not understood.
    #[error("'{0}' is not a store address; use sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")]
    BadUrl(String),
    /// The database cannot be opened.
    #[error("cannot open the database {path}: {reason}")]
    Open {
        /// Where it was looked for.
        path: String,
        /// What the engine says.
        reason: String,
    },
    /// The database was made by a newer version of the product.
    #[error(
        "the database is at schema version {found} but this program knows only {known}; \
         run the newer program that wrote it, or restore a backup made before the upgrade"
    )]
    Newer {
        /// Version in the database.
        found: i64,
        /// Newest version that this program knows.
        known: i64,
    },
    /// Another process holds the database for too long.
    #[error("the database is held by another process; stop it or try again")]
    Busy,
    /// The disk is full.
    #[error("the disk that holds the database is full; free some space")]
    DiskFull,
    /// The database cannot be written to.
    #[error(
        "the database can be read but not written: its disk is mounted read-only, or the file or its folder does not \
         belong to the user of this program"
    )]
    ReadOnly,
    /// The disk or the file system failed.
    #[error("the disk that holds the database fails: {0}; look at the system's log")]
    Disk(String),
    /// The database's own structure is broken.
    #[error(
        "the database is damaged: {0}; stop the node, keep a copy of the files, and restore a backup \
         (docs/when-things-go-wrong.md)"
    )]
    Corrupt(String),
    /// The database server does not answer, or not as one that takes writes. Nothing of it is committed.
    #[error("the database server is away: {0}")]
    Away(String),
    /// The connection was lost while a group of writes was being committed.
    #[error("the connection was lost during a commit, so it is not known whether it is kept; give it again")]
    Unknown,
    /// The run of the node that wrote is not alive any more, as far as the others know, or its lease is another's.
    /// Nothing of it is committed.
    #[error("this node was taken for dead, and others go on with its work; it starts anew")]
    Fenced,
    /// A newer version cannot work beside nodes of an older one.
    #[error(
        "{node} still runs an older version (schema {found}), which cannot work on the tables of this one; stop it \
         first, or upgrade to a version in between (this one works beside schema {from} and later)"
    )]
    OlderNode {
        /// Its name.
        node: String,
        /// The schema that it knows.
        found: i64,
        /// The oldest schema that may run beside.
        from: i64,
    },
    /// A call that has a key of its own was done before. Nothing of this one is committed.
    #[error("a call with this key was done before")]
    Repeated,
    /// The writer has ended.
    #[error("the store is closed")]
    Closed,
    /// A row holds what no version of this program writes: reading it again does not help.
    #[error("a row cannot be read: {0}")]
    Unreadable(String),
    /// Any other refusal of the database engine.
    #[error("database error: {0}")]
    Database(String),
}

/// Why one unit was not committed while others of its group were.
#[derive(Debug, Clone, Error)]
pub enum UnitError {
    /// Somebody changed the same contact (or claimed the same address) since it was loaded: load and try again.
    #[error("the contact changed meanwhile")]
    Conflict,
    /// Its inbound message is known: the same line, external id, sender and text.
    #[error("this message was received before")]
    Duplicate,
    /// What the unit was to finish (a timer, an outbox row) is no longer there: somebody else did it.
    #[error("already done")]
    Gone,
    /// A name or key is already in use.
    #[error("{0} is already in use")]
    Taken(&'static str),
    /// The unit holds more changes than one commit should carry.
    #[error("a unit of {0} changes is too large; split it")]
    TooLarge(usize),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StoreError {
    /// Whether it is no fault of what was asked, so that the same may succeed later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Busy
            | Self::DiskFull
            | Self::ReadOnly
            | Self::Disk(_)
            | Self::Away(_)
            | Self::Unknown
            | Self::Fenced
            | Self::Closed => true,
            Self::BadUrl(_)
            | Self::Open { .. }
            | Self::Newer { .. }
            | Self::Corrupt(_)
            | Self::OlderNode { .. }
            | Self::Repeated
            | Self::Unreadable(_)
            | Self::Database(_) => false,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error::{
            FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
        };
        if matches!(
            error,
            FromSqlConversionFailure(..)
                | IntegralValueOutOfRange(..)
                | InvalidColumnType(..)
                | Utf8Error(..)
        ) {
            return Self::Unreadable(error.to_string());
        }
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => Self::Busy,
            Some(rusqlite::ErrorCode::DiskFull) => Self::DiskFull,
            Some(rusqlite::ErrorCode::ReadOnly) => Self::ReadOnly,
            Some(rusqlite::ErrorCode::SystemIoFailure | rusqlite::ErrorCode::CannotOpen) => {
                Self::Disk(error.to_string())
            }
            Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase) => {
                Self::Corrupt(error.to_string())
            }
            _ => Self::Database(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for UnitError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}
