//! Work that begins at moments set beforehand.

use domain::{ScheduleId, ScheduleUuid, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::text_codes::text_codes;

text_codes! {
    /// What becomes of moments at which nobody was there to begin the work.
    CatchUp {
        /// They are left out; the next one comes as if nothing had been.
        Skip = "skip",
        /// The work begins once for all of them.
        Once = "once",
        /// The work begins for each of them, the first ones up to a limit.
        Each = "each",
    }
}

/// A schedule as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleRow {
    /// Row number.
    pub id: ScheduleId,
    /// Owner.
    pub workspace: WorkspaceId,
    /// Public identifier.
    pub uuid: ScheduleUuid,
    /// Name; no two of a workspace are the same, whatever their case.
    pub name: SmolStr,
    /// When, as [`domain::Cron`] reads it; `None` for one moment.
    pub cron: Option<SmolStr>,
    /// IANA name of the zone; `None` for the workspace's.
    pub zone: Option<SmolStr>,
    /// What becomes of moments that were missed.
    pub catch_up: CatchUp,
    /// Of [`CatchUp::Each`], how many at most.
    pub catch_up_limit: i64,
    /// JSON of the job that begins.
    pub spec: String,
    /// Whether it rests.
    pub paused: bool,
    /// When the work begins next; `None` if it will not any more.
    pub next_due: Option<Timestamp>,
    /// The last moment that had its turn.
    pub last_due: Option<Timestamp>,
    /// Jobs that it began.
    pub fired: i64,
    /// Moments that were left out.
    pub skipped: i64,
    /// Why it cannot go on.
    pub error: Option<String>,
    /// Changes so far: guards the next one.
    pub steps: i64,
    /// When it was made.
    pub created_on: Timestamp,
    /// When it last changed.
    pub modified_on: Timestamp,
}

/// The moment for which a schedule began a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduledFor {
    /// The schedule.
    pub schedule: ScheduleId,
    /// The moment.
    pub due: Timestamp,
}
