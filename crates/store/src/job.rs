//! Long work that goes on in slices: what is to be done, and how far it is.

use domain::{ContactId, ContactUuid, JobId, JobUuid, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::{ScheduledFor, text_codes::text_codes};

text_codes! {
    /// What a job does.
    JobKind {
        /// Starts a flow for many.
        StartFlow = "start_flow",
        /// Says something to many.
        Broadcast = "broadcast",
        /// Brings the members of a group that is defined by a query up to date.
        FillGroup = "fill_group",
        /// Plans the points of a campaign for everybody it is for.
        PlanCampaign = "plan_campaign",
        /// Plan the messages of programmes anew, after the workspace got another zone.
        PlanProgrammes = "plan_programmes",
        /// Brings in contacts from a file.
        ImportContacts = "import_contacts",
        /// Writes contacts into a file.
        ExportContacts = "export_contacts",
        /// Brings in flows, fields, groups, triggers and campaigns from an export.
        ImportDefinitions = "import_definitions",
        /// Writes an export of flows with everything that they need.
        ExportDefinitions = "export_definitions",
        /// Writes messages, or what flows kept, into a file.
        ExportRows = "export_rows",
        /// Puts what is older than it is kept into files.
        Archive = "archive",
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
    /// The moment of a schedule for which it was begun. No moment begins two jobs: the second is not written.
    pub scheduled_for: Option<ScheduledFor>,
    /// JSON of what is to be done.
    pub spec: String,
    /// JSON of how far it is.
    pub place: String,
    /// Slices so far: guards the next one.
    pub steps: i64,
    /// For how many it is, where that is known. Who comes and goes meanwhile makes it differ in the end.
    pub total: Option<i64>,
    /// People, or lines of a file, for whom it was done.
    pub done: i64,
    /// Those who were left out: [`LeftOut`] says who and why.
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

/// People or lines left out that one job names, the first ones; beyond these they are only counted.
pub const MAX_LEFT_OUT: i64 = 10_000;
/// Bytes of one part of a job's file.
pub const JOB_CHUNK_BYTES: usize = 256 * 1_024;

/// Somebody, or a line of a file, for whom a job could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Counts from 0 within the job.
    pub place: i64,
    /// Who, if it is a contact that is known.
    pub contact: Option<ContactId>,
    /// Public identifier of the contact; read, not written.
    pub contact_uuid: Option<ContactUuid>,
    /// Who or what in words: an address, `line 17`.
    pub what: SmolStr,
    /// Why.
    pub reason: String,
}

/// Those who were left out of a job in one slice.
#[derive(Debug, Clone)]
pub struct NewLeftOut {
    /// Owner.
    pub workspace: WorkspaceId,
    /// The job.
    pub job: JobId,
    /// Who and why. Those at [`MAX_LEFT_OUT`] or beyond are not kept.
    pub rows: Vec<LeftOut>,
}

/// Which of a job's two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobFile {
    /// What it was given.
    Given,
    /// What it made.
    Made,
}

impl JobFile {
    pub(crate) fn code(self) -> i64 {
        match self {
            Self::Given => 0,
            Self::Made => 1,
        }
    }
}

/// A part of a file of a job.
#[derive(Debug, Clone)]
pub struct JobChunk {
    /// Owner.
    pub workspace: WorkspaceId,
    /// The job.
    pub job: JobId,
    /// Which file.
    pub file: JobFile,
    /// Counts from 0.
    pub place: i64,
    /// At most [`JOB_CHUNK_BYTES`], give or take a line.
    pub body: Vec<u8>,
}

/// The next slices of one workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct DueJobs {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its share of the time for jobs, compared with those of others: at least 1.
    pub weight: i64,
    /// Its due jobs, the one that waited longest first.
    pub jobs: Vec<JobRow>,
}
