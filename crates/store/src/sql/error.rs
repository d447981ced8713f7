//! What a statement can fail with, whichever database ran it.

use thiserror::Error as ThisError;

use crate::{StoreError, UnitError};

/// A statement that failed, or a column that is not what it should be.
#[derive(Debug, ThisError)]
pub(crate) enum Error {
    /// SQLite refused.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
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

impl Error {
    /// Whether a uniqueness of the schema was broken.
    pub(crate) fn is_taken(&self) -> bool {
        match self {
            Self::Sqlite(error) => {
                error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
            }
            Self::Unreadable { .. } | Self::Json(_) => false,
        }
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::Sqlite(error) => error.into(),
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
