//! Rows of lists of runs.

use domain::{ContactId, ContactUuid, FlowId, JobUuid, RunId, RunUuid};
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::Walk;

/// Which runs are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunsOf {
    /// All.
    Everything,
    /// Those that have ended.
    Ended,
    /// Those of a flow.
    Flow(FlowId),
    /// Those of a contact.
    Contact(ContactId),
    /// The one with this public identifier.
    Uuid(RunUuid),
    /// The one with this row number.
    Id(RunId),
}

/// A list of runs in the order of their last changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunList {
    /// Which.
    pub of: RunsOf,
    /// Only those in which the person wrote.
    pub responded: bool,
    /// Not changed before this moment, in microseconds.
    pub after: i64,
    /// Not changed after this one.
    pub before: i64,
    /// Where in the list.
    pub walk: Walk,
}

/// A run of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedRun {
    /// Row number.
    pub id: RunId,
    /// Public identifier.
    pub uuid: RunUuid,
    /// The flow.
    pub flow: FlowId,
    /// The person: identifier and name.
    pub contact: (ContactUuid, SmolStr),
    /// Their preferred address: scheme, path and display.
    pub urn: Option<(SmolStr, SmolStr, Option<SmolStr>)>,
    /// The start that began it.
    pub start: Option<JobUuid>,
    /// `active`, `waiting`, `completed`, `expired`, `failed` or `interrupted`.
    pub status: SmolStr,
    /// Whether the person wrote within it.
    pub responded: bool,
    /// JSON object of results by key.
    pub results: String,
    /// JSON of the nodes it went through, of one that ended by itself.
    pub path: Option<String>,
    /// The state of its session, of one that has not ended.
    pub state: Option<Vec<u8>>,
    /// When it began.
    pub created_on: Timestamp,
    /// When it last changed.
    pub modified_on: Timestamp,
    /// When it ended.
    pub exited_on: Option<Timestamp>,
}
