//! Why a migration broke off. What was brought until then stays; the same call goes on.

use store::StoreError;
use thiserror::Error;

/// Why a migration broke off.
#[derive(Debug, Error)]
pub enum MigrateError {
    /// The source is not what is expected.
    #[error("this is no database of RapidPro 9: {0}")]
    NotRapidPro(String),
    /// There is no such workspace.
    #[error("there is no workspace {0} in use in that RapidPro; without --org all are brought over")]
    NoWorkspace(i64),
    /// A row cannot be read.
    #[error("a row of {what} cannot be read: {reason}")]
    Row {
        /// Of what.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// What was to be written was refused.
    #[error("{what} of {workspace} cannot be written: {reason}")]
    Refused {
        /// What.
        what: &'static str,
        /// Of which workspace.
        workspace: String,
        /// Why.
        reason: String,
    },
    /// A database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
