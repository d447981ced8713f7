//! What a statement can fail with, whichever database ran it.

use std::error::Error as StdError;

use thiserror::Error as ThisError;
use tokio_postgres::error::{DbError, SqlState};

use crate::{StoreError, UnitError};

/// A statement that failed, or a column that is not what it should be.
#[derive(Debug, ThisError)]
pub(crate) enum Error {
    /// SQLite refused.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL refused.
    #[error(transparent)]
    Postgres(Refusal),
    /// PostgreSQL does not answer, or not as one that takes writes.
    #[error("{0}")]
    Away(String),
    /// A column holds what no version of this program writes.
    #[error("column {column}: {reason}")]
    Unreadable {
        /// Its place in the row, from 0.
        column: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A value cannot be written as JSON.
    #[error("cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// What PostgreSQL says of a statement.
#[derive(Debug, ThisError)]
#[error("{words}")]
pub(crate) struct Refusal {
    /// Its code; `None` if the driver refused before the server saw it.
    pub code: Option<SqlState>,
    words: String,
}

impl Refusal {
    /// Whether the same transaction can be expected to succeed: the server broke a circle of waits, or a statement
    /// was planned before the schema changed.
    pub(crate) fn is_passing(&self) -> bool {
        let passing = [
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::FEATURE_NOT_SUPPORTED,
        ];
        self.code.as_ref().is_some_and(|code| passing.contains(code))
    }
}

impl Error {
    /// Whether a uniqueness of the schema was broken.
    pub(crate) fn is_taken(&self) -> bool {
        match self {
            Self::Sqlite(error) => {
                error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
            }
            Self::Postgres(refusal) => refusal.code == Some(SqlState::UNIQUE_VIOLATION),
            Self::Away(_) | Self::Unreadable { .. } | Self::Json(_) => false,
        }
    }
}

/// All that an error of the driver says.
pub(crate) fn words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(refused) => {
            let detail = refused.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
            format!("{}{detail}", refused.message())
        }
        None => match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

/// Whether the server, though it answers, is not one to work with now: starting, stopping, full, or a standby.
fn is_away(refused: &DbError) -> bool {
    let code = refused.code();
    let away = [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        SqlState::PROTOCOL_VIOLATION,
    ];
    code.code().starts_with("08") || away.contains(code)
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let lost = match error.as_db_error() {
            Some(refused) => is_away(refused),
            None => {
                error.is_closed()
                    || error.source().is_none_or(|source| source.downcast_ref::<std::io::Error>().is_some())
            }
        };
        if lost {
            return Self::Away(words(&error));
        }
        Self::Postgres(Refusal { code: error.code().cloned(), words: words(&error) })
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::Sqlite(error) => error.into(),
            Error::Postgres(refusal) => match &refusal.code {
                Some(code) if *code == SqlState::DISK_FULL => Self::DiskFull,
                Some(code) if *code == SqlState::IO_ERROR => Self::Disk(refusal.to_string()),
                Some(code) if [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED].contains(code) => {
                    Self::Corrupt(refusal.to_string())
                }
                Some(code) if *code == SqlState::LOCK_NOT_AVAILABLE => Self::Busy,
                Some(_) if refusal.is_passing() => Self::Busy,
                Some(_) | None => Self::Database(refusal.to_string()),
            },
            Error::Away(reason) => Self::Away(reason),
            Error::Unreadable { .. } => Self::Unreadable(error.to_string()),
            Error::Json(_) => Self::Database(error.to_string()),
        }
    }
}

impl From<Error> for UnitError {
    fn from(error: Error) -> Self {
        Self::Store(error.into())
    }
}
