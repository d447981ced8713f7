//! What was written elsewhere before: messages that are brought in with what became of them.

use domain::{LabelId, WorkspaceId};
use jiff::Timestamp;

use crate::{NewMessage, Visibility};

/// A message with what became of it. It is counted on its day as if it had been written here; it is no news to those who
/// follow the feed.
#[derive(Debug, Clone)]
pub struct PastMessage {
    /// The message, in the status that it has.
    pub message: NewMessage,
    /// Where people see it.
    pub visibility: Visibility,
    /// When its carrier had it.
    pub sent_on: Option<Timestamp>,
    /// When it last changed.
    pub modified_on: Timestamp,
    /// Attempts that failed.
    pub error_count: i64,
    /// Labels on it.
    pub labels: Vec<LabelId>,
}

/// A table whose rows keep the numbers that they had elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptNumbers {
    /// People.
    Contacts,
    /// Messages.
    Messages,
    /// Sessions.
    Sessions,
    /// Runs.
    Runs,
    /// Tickets.
    Tickets,
}

impl KeptNumbers {
    pub(crate) fn table(self) -> &'static str {
        match self {
            Self::Contacts => "contact",
            Self::Messages => "message",
            Self::Sessions => "session",
            Self::Runs => "run",
            Self::Tickets => "ticket",
        }
    }
}

/// Rows of one workspace whose numbers lie in a range, both ends excluded.
#[derive(Debug, Clone, Copy)]
pub struct NumberedRows {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Of which table.
    pub table: KeptNumbers,
    /// Above this.
    pub above: i64,
    /// Below this.
    pub below: i64,
}
