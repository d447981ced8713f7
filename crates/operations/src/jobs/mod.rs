//! Long work that must not delay anybody's replies: it is written down as a job in the transaction that decides it,
//! and goes on in slices. A slice is one transaction: what it does for its people, and how far the job is then. So
//! after a crash a job goes on exactly where it was.

mod archive;
mod campaigns;
mod contact_errors;
mod contact_file;
mod contact_intake;
mod contacts_in;
mod contacts_out;
mod definitions;
mod exclude;
mod files;
mod groups;
mod made_files;
mod parked;
mod people;
mod recipients;
mod rows_file;
mod rows_out;
mod slice;
mod soft_start;
mod spec;
mod steer;
mod told;
mod zone;

use std::time::Duration;

use domain::{GroupUuid, JobId, JobUuid, WorkspaceId};
use flows::{
    Event,
    events::{BroadcastCreated, SessionTriggered},
};
use smol_str::SmolStr;
use store::{Change, JobRow, JobStatus, StoreError, Unit, UnitError};
use thiserror::Error;

pub use contact_errors::ImportErrors;
pub use contact_file::{ColumnError, ContactColumn};
pub use contact_intake::{
    ContactFileError, ContactIntake, MAX_CONTACT_FILE_BYTES, MAX_CONTACT_LINES, confirm_import,
    import_contacts,
};
pub use contacts_out::export_contacts;
pub use definitions::{export_definitions_later, import_definitions_later};
pub(crate) use exclude::Excluded;
pub use files::{forget_old_files, read_job_file};
pub use made_files::{MadeFile, MadeFileError};
pub(crate) use recipients::all_contacts;
pub use rows_out::export_rows;
pub use slice::{job_broke_off, run_job_slice};
pub use spec::{
    ArchiveJob, BroadcastJob, Exclude, ExportContactsJob, ExportDefinitionsJob, ExportRowsJob, FillGroupJob,
    ImportContactsJob, ImportDefinitionsJob, JobSpec, PlanCampaignJob, PlanProgrammesJob, Recipients,
    RowsFormat, RowsKind, SheetFormat, SoftStart, StartJob, StartedBy,
};
pub use steer::{held_since_soft_start, release_broadcast, set_job_status};
pub(crate) use told::{Told, Whole, message_to, people};

use crate::{Context, Workspace, turn::Turn};
pub(crate) use recipients::RecipientsError;

/// Longest pause between two looks at a job that is waited for.
const LONGEST_LOOK: Duration = Duration::from_secs(1);

/// Why a job was not written or moved.
#[derive(Debug, Clone, Error)]
pub enum JobError {
    /// There is no such job, it has ended, or somebody else moved it.
    #[error("there is no such job, or it has ended")]
    Gone,
    /// One of the same kind and key goes on.
    #[error("the same job goes on already; wait for its end, or cancel it")]
    Twice,
    /// It cannot be written down.
    #[error("the job cannot be written down: {0}")]
    Unwritable(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A job to be written.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Owner.
    pub workspace: WorkspaceId,
    /// What is to be done.
    pub spec: JobSpec,
    /// Of a kind and key, one goes on at a time: another is not written.
    pub unique_key: Option<SmolStr>,
}

/// Writes a job down. It begins as soon as a node has time.
pub async fn create_job(ctx: &Context, new: NewJob) -> Result<JobRow, JobError> {
    let uuid = JobUuid(ctx.host.uuid_v7());
    let row = job_row(ctx, new.workspace, uuid, &new.spec, new.unique_key)
        .map_err(|error| JobError::Unwritable(error.to_string()))?;
    match ctx.write_one(Unit::new(vec![Change::NewJob(Box::new(row.clone()))])).await {
        Ok(_) => {
            ctx.jobs.notify_one();
            Ok(row)
        }
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}

/// Sets the share of a workspace in the time for jobs, compared with those of others: at least 1.
pub async fn set_job_weight(ctx: &Context, workspace: WorkspaceId, weight: i64) -> Result<(), JobError> {
    match ctx.write_one(Unit::new(vec![Change::JobWeight(workspace, weight)])).await {
        Ok(_) => Ok(()),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}

/// The job that brings the members of a group up to date. It is written with what makes that necessary.
pub(crate) fn fill_group_job(
    ctx: &Context,
    workspace: WorkspaceId,
    group: GroupUuid,
) -> Result<JobRow, serde_json::Error> {
    let spec = JobSpec::FillGroup(FillGroupJob { group });
    job_row(ctx, workspace, JobUuid(ctx.host.uuid_v7()), &spec, Some(group.to_string().into()))
}

/// How many people are meant now, each once.
pub(crate) async fn count_recipients(
    ctx: &Context,
    ws: &Workspace,
    wanted: &Recipients,
) -> Result<u64, JobError> {
    Ok(recipients::count_exactly(ctx, ws, wanted).await?)
}

impl From<RecipientsError> for JobError {
    fn from(error: RecipientsError) -> Self {
        match error {
            RecipientsError::Store(error) => error.into(),
            RecipientsError::Query(_) => Self::Unwritable(error.to_string()),
        }
    }
}

/// Works one job off here and now, as a command does that waits for it. A node may do slices of it meanwhile: none is
/// done twice. `seen` is told how it stands after each. Answers how it stands at the end, or when it is paused.
pub async fn work_off(
    ctx: &Context,
    workspace: WorkspaceId,
    id: JobId,
    mut seen: impl FnMut(&JobRow),
) -> Result<JobRow, JobError> {
    loop {
        let job = ctx.store.job(workspace, id).await?.ok_or(JobError::Gone)?;
        if job.ended_on.is_some() || job.status == JobStatus::Paused {
            return Ok(job);
        }
        let wait = Duration::try_from(job.next_step.duration_since(ctx.now())).unwrap_or_default();
        if !wait.is_zero() {
            tokio::time::sleep(wait.min(LONGEST_LOOK)).await;
            continue;
        }
        match run_job_slice(ctx, job).await {
            Ok(done) => seen(&done.value),
            Err(JobError::Gone) => {}
            Err(JobError::Store(error)) if error.is_passing() => tokio::time::sleep(LONGEST_LOOK).await,
            Err(error) => return Err(error),
        }
    }
}

pub(crate) fn job_row(
    ctx: &Context,
    workspace: WorkspaceId,
    uuid: JobUuid,
    spec: &JobSpec,
    unique_key: Option<SmolStr>,
) -> Result<JobRow, serde_json::Error> {
    let now = ctx.now();
    Ok(JobRow {
        id: JobId(ctx.next_id(now)),
        workspace,
        uuid,
        kind: spec.kind(),
        status: JobStatus::Queued,
        unique_key,
        scheduled_for: None,
        spec: serde_json::to_string(spec)?,
        place: "{}".to_owned(),
        steps: 0,
        total: None,
        done: 0,
        left_out: 0,
        failures: 0,
        next_step: now,
        error: None,
        created_on: now,
        modified_on: now,
        ended_on: None,
    })
}

impl Turn<'_> {
    /// A flow asked to start a flow for others.
    pub(crate) fn start_others(&mut self, event: &Event, triggered: &SessionTriggered) {
        self.add_job(event, &JobSpec::from(triggered));
    }

    /// A flow asked to say something to others.
    pub(crate) fn tell_others(&mut self, event: &Event, created: &BroadcastCreated) {
        self.add_job(event, &JobSpec::from(created));
    }

    /// The job has the identifier of the event that asked for it.
    fn add_job(&mut self, event: &Event, spec: &JobSpec) {
        match job_row(self.ctx, self.ws.row.id, JobUuid(event.uuid.0), spec, None) {
            Ok(row) => self.changes.push(Change::NewJob(Box::new(row))),
            Err(error) => tracing::error!(%error, kind = event.kind.name(), "a job cannot be written down"),
        }
    }
}
