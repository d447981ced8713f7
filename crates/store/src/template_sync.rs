//! When templates are asked for at their carriers.

use domain::{ChannelId, WorkspaceId};
use jiff::Timestamp;

/// The asking for the templates of a line, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateSyncRow {
    /// The line.
    pub channel: ChannelId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// When it is asked next.
    pub next_sync: Timestamp,
    /// When it answered last.
    pub synced_on: Option<Timestamp>,
    /// How many templates it had then, counting each language.
    pub templates: i64,
    /// Failures in a row.
    pub failures: i64,
    /// Why it failed last; the templates stay as they were.
    pub error: Option<String>,
    /// Changes so far: guards the next one.
    pub steps: i64,
}

/// A change of when templates are asked for.
#[derive(Debug, Clone)]
pub enum TemplateSyncChange {
    /// Somebody wants them asked for at this moment.
    Ask(WorkspaceId, ChannelId, Timestamp),
    /// They were; the unit is [`crate::UnitError::Gone`] if the `steps` are not those given, which this raises by one.
    Done(Box<TemplateSyncRow>),
}
