//! Long work that goes on in slices: what is to be done, and how far it is.

use domain::{JobId, JobUuid, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::text_codes::text_codes;

text_codes! {
    /// What a job does.
    JobKind {
        /// Starts a flow for many.
        StartFlow = "start_flow",
        /// Says something to many.
        Broadcast = "broadcast",
    }
}

text_codes! {
    /// How a job stands.
    JobStatus {
        /// Nothing was done yet.
        Queued = "queued",
        /// Some was done.
        Running = "running",
        /// A person stopped it for now.
        Paused = "paused",
        /// All was done.
        Done = "done",
        /// It cannot go on; the error says why.
        Failed = "failed",
        /// A person stopped it for good.
        Cancelled = "cancelled",
    }
}

impl JobStatus {
    /// Whether nothing more will happen.
    pub fn has_ended(self) -> bool {
        match self {
            Self::Queued | Self::Running | Self::Paused => false,
            Self::Done | Self::Failed | Self::Cancelled => true,
        }
    }
}

/// A job as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRow {
    /// Row number.
    pub id: JobId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Public identifier.
    pub uuid: JobUuid,
    /// What it does.
    pub kind: JobKind,
    /// How it stands.
    pub status: JobStatus,
    /// Of a kind and key, one goes on at a time; `None` for those that do not care.
    pub unique_key: Option<SmolStr>,
    /// JSON of what is to be done.
    pub spec: String,
    /// JSON of how far it is.
    pub place: String,
    /// Slices so far: guards the next one.
    pub steps: i64,
    /// People for whom it was done.
    pub done: i64,
    /// People who were left out, for a reason that the job itself states.
    pub left_out: i64,
    /// Slices that failed in a row.
    pub failures: i64,
    /// When the next slice is due.
    pub next_step: Timestamp,
    /// What went wrong last.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_on: Timestamp,
    /// When it last moved.
    pub modified_on: Timestamp,
    /// When it ended.
    pub ended_on: Option<Timestamp>,
}
