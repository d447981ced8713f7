//! What flows achieved: append-only rows, and their counts by day.

use domain::{ContactId, FlowId, OutcomeId, SessionId, TicketUuid, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

/// Characters of a value under which outcomes are counted; longer ones are counted together by their beginning.
pub const MAX_COUNTED_CHARS: usize = 64;

/// An outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct OutcomeRow {
    /// Row number.
    pub id: OutcomeId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// The person.
    pub contact: ContactId,
    /// The session that recorded it.
    pub session: SessionId,
    /// The flow that recorded it.
    pub flow: FlowId,
    /// The ticket it belongs to.
    pub ticket: Option<TicketUuid>,
    /// Its name.
    pub name: SmolStr,
    /// Its value; may be empty.
    pub value: SmolStr,
    /// Local day of the workspace, days since 1970-01-01.
    pub day: i32,
    /// When.
    pub created_on: Timestamp,
}

/// Outcomes of one name and value in one flow on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeCount {
    /// Days since 1970-01-01 in the workspace's zone.
    pub day: i32,
    /// The flow.
    pub flow: FlowId,
    /// Name.
    pub name: SmolStr,
    /// Value, cut to [`MAX_COUNTED_CHARS`].
    pub value: SmolStr,
    /// How many.
    pub count: i64,
}
