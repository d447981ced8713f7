//! Files of old messages and runs, and how long rows are kept before they are put into them.

use domain::{ArchiveId, ArchiveUuid, EventId, MessageId, RunId, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::text_codes::text_codes;

text_codes! {
    /// What is in a file.
    ArchiveKind {
        /// Messages.
        Message = "message",
        /// Runs of flows that ended.
        Run = "run",
    }
}

text_codes! {
    /// How long a span a file covers.
    ArchivePeriod {
        /// One day of UTC.
        Daily = "daily",
        /// One month of UTC.
        Monthly = "monthly",
    }
}

/// For how many days a workspace keeps rows; `None` for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionRow {
    /// Whose.
    pub workspace: WorkspaceId,
    /// Messages, which are put into files then.
    pub messages: Option<u32>,
    /// Runs that ended, which are put into files then.
    pub runs: Option<u32>,
    /// Entries of contacts' histories, which are removed then.
    pub events: Option<u32>,
    /// Rows of the log of who changed what, which are removed then.
    pub audit: Option<u32>,
    /// What happened on lines beside messages, which is removed then.
    pub channel_events: Option<u32>,
    /// The last day of the workspace's zone on which it was looked what is too old, days since 1970-01-01.
    pub looked_on: Option<i32>,
}

impl RetentionRow {
    /// Of a workspace that keeps all for good.
    pub fn for_good(workspace: WorkspaceId) -> Self {
        let (messages, runs, events, audit, channel_events) = (None, None, None, None, None);
        Self { workspace, messages, runs, events, audit, channel_events, looked_on: None }
    }

    /// Whether anything is too old one day.
    pub fn has_end(&self) -> bool {
        [self.messages, self.runs, self.events, self.audit, self.channel_events].iter().any(Option::is_some)
    }
}

/// A file of messages or runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveRow {
    /// Row number.
    pub id: ArchiveId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Public identifier.
    pub uuid: ArchiveUuid,
    /// What is in it.
    pub kind: ArchiveKind,
    /// How long its span is.
    pub period: ArchivePeriod,
    /// The first day of its span, in UTC, days since 1970-01-01.
    pub start_day: i32,
    /// How many rows are in it, a line for each.
    pub records: i64,
    /// Its size.
    pub bytes: i64,
    /// MD5 of the file, in hex.
    pub md5: SmolStr,
    /// Its name in the store of archives; empty once its rows lie in the file of the month.
    pub file: String,
    /// The file of the month in which its rows lie.
    pub rollup: Option<ArchiveId>,
    /// How often it was changed.
    pub steps: i64,
    /// When it was made.
    pub created_on: Timestamp,
    /// When it was last changed.
    pub changed_on: Timestamp,
}

/// Rows that go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Past {
    /// Messages that have not changed from this moment on.
    Messages(Vec<MessageId>, Timestamp),
    /// Runs that ended and have not changed from this moment on, with their sessions once no run is left of these.
    Runs(Vec<RunId>, Timestamp),
    /// Entries of histories.
    Events(Vec<EventId>),
    /// Rows of a log, by their numbers.
    Logged(KeptLog, Vec<i64>),
}

/// A log that goes for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptLog {
    /// Who changed what.
    Audit,
    /// What happened on lines beside messages.
    ChannelEvents,
}

impl KeptLog {
    pub(crate) fn table(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::ChannelEvents => "channel_event",
        }
    }
}

/// An entry of somebody's history, as far as it matters whether it is too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OldEvent {
    /// Row number.
    pub id: EventId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// When it happened.
    pub created_on: Timestamp,
}
