//! One slice of a job: one transaction. Which kind of job does what is told here, and what becomes of slices that fail.

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use store::{Change, JobRow, JobStatus, LeftOut, NewLeftOut, StoreError, Unit, UnitError};

use super::{
    JobError, JobSpec, archive, campaigns, contacts_in, contacts_out, definitions, groups, people,
    recipients::RecipientsError, rows_out, told, zone,
};
use crate::{Committed, Context, batch::BatchError, context::Left};

/// Longest wait after slices that failed.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(5);
/// Failures in a row after which the one person of a slice is left out. With the waits in between, some 25 minutes.
pub(super) const FAILURES: i64 = 12;
/// Failures in a row after which the job itself ends as failed, unless the store is only away.
const FAILURES_MAX: i64 = 30;

/// What a slice did, to be written with it.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Where the next slice begins: JSON.
    pub place: String,
    /// Whether there is no next slice.
    pub is_last: bool,
    /// For how many it was done.
    pub done: usize,
    /// For whom it was not, and why; places are given later.
    pub left_out: Vec<LeftOut>,
    /// For how many the job is, if that became known.
    pub total: Option<i64>,
    /// What went wrong although the slice was done.
    pub error: Option<String>,
    /// Whether the job rests now, and until when.
    pub hold: Hold,
}

/// Whether a job rests after a slice.
#[derive(Debug, Default)]
pub(super) enum Hold {
    /// It goes on.
    #[default]
    No,
    /// Until a person lets it go on.
    Paused,
    /// Until then, or a person lets it go on earlier.
    Until(Timestamp),
}

/// Why a slice was not done.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Somebody else moved the job.
    Gone,
    /// The job can never go on.
    Never(String),
    /// It may go well later. With one person at fault, and when trying again does not help, they are left out.
    Later { error: StoreError, alone: Option<Box<Progress>> },
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Later { error, alone: None }
    }
}

impl From<RecipientsError> for Trouble {
    fn from(error: RecipientsError) -> Self {
        match error {
            RecipientsError::Store(error) => error.into(),
            RecipientsError::Query(_) => Self::Never(error.to_string()),
        }
    }
}

impl From<BatchError> for Trouble {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Gone => Self::Gone,
            BatchError::Store(error) => error.into(),
            BatchError::Busy => StoreError::Busy.into(),
            BatchError::Duplicate | BatchError::NoWorkspace | BatchError::BrokeOff(_) => {
                StoreError::Database(error.to_string()).into()
            }
        }
    }
}

impl From<UnitError> for Trouble {
    fn from(error: UnitError) -> Self {
        match error {
            UnitError::Gone => Self::Gone,
            UnitError::Store(error) => error.into(),
            UnitError::Conflict => StoreError::Busy.into(),
            other => StoreError::Database(other.to_string()).into(),
        }
    }
}

/// Reads how far a job is.
pub(super) fn place_of<P: DeserializeOwned>(job: &JobRow) -> Result<P, Trouble> {
    serde_json::from_str(&job.place)
        .map_err(|error| Trouble::Never(format!("the job cannot be read: {error}")))
}

/// Writes down how far a job is.
pub(super) fn place_text<P: Serialize>(place: &P) -> String {
    serde_json::to_string(place).unwrap_or_else(|_| "{}".to_owned())
}

/// Does the next slice of a job and answers how the job stands then. A slice that fails is put off, ever smaller, so
/// that one contact who cannot be read does not keep the others from their turn. The log of who changed what names who
/// began the job, not each of its slices, whoever runs them.
pub async fn run_job_slice(ctx: &Context, job: JobRow) -> Result<Committed<JobRow>, JobError> {
    let ctx = &ctx.unattended();
    let Some(ws) = ctx.registry.workspace(ctx, job.workspace).await? else { return Err(JobError::Gone) };
    let spec = match serde_json::from_str::<JobSpec>(&job.spec) {
        Ok(spec) => spec,
        Err(error) => {
            return end(ctx, job, JobStatus::Failed, format!("the job cannot be read: {error}")).await;
        }
    };
    let done = match &spec {
        JobSpec::Broadcast(broadcast) => told::slice(ctx, &ws, &job, &spec, broadcast).await,
        JobSpec::StartFlow(start) => people::slice(ctx, &ws, &job, &spec, &start.recipients).await,
        JobSpec::FillGroup(fill) => groups::slice(ctx, &ws, &job, fill).await,
        JobSpec::PlanCampaign(planned) => campaigns::slice(ctx, &ws, &job, planned).await,
        JobSpec::PlanProgrammes(_) => zone::slice(ctx, &ws, &job).await,
        JobSpec::ImportContacts(import) => contacts_in::slice(ctx, &ws, &job, import).await,
        JobSpec::ExportContacts(export) => contacts_out::slice(ctx, &ws, &job, export).await,
        JobSpec::ExportRows(export) => rows_out::slice(ctx, &ws, &job, export).await,
        JobSpec::ImportDefinitions(import) => definitions::bring_in(ctx, &job, import).await,
        JobSpec::ExportDefinitions(export) => definitions::write_out(ctx, &job, export).await,
        JobSpec::Archive(_) => archive::slice(ctx, &ws, &job).await,
    };
    match done {
        Ok(committed) => Ok(committed),
        Err(Trouble::Gone) => Err(JobError::Gone),
        Err(Trouble::Never(error)) => end(ctx, job, JobStatus::Failed, error).await,
        Err(Trouble::Later { error, alone: Some(progress) }) if job.failures >= FAILURES => {
            tracing::error!(job = %job.uuid, %error, "somebody is left out of a job");
            write(ctx, &job, *progress, Vec::new()).await
        }
        Err(Trouble::Later { error, .. }) => put_off(ctx, job, &error).await,
    }
}

/// A slice of a job broke off in a way that was not foreseen: it is tried again later, as after any failure.
pub async fn job_broke_off(ctx: &Context, job: JobRow, said: &str) -> Result<(), JobError> {
    put_off(ctx, job, &StoreError::Database(format!("a slice broke off: {said}"))).await.map(drop)
}

/// How many are taken together: fewer after each failure.
pub(super) fn fewer(full: usize, job: &JobRow) -> usize {
    (full >> job.failures.clamp(0, 10)).max(1)
}

/// The job as it stands after a slice, and the changes that say so.
pub(super) fn after(ctx: &Context, job: &JobRow, progress: Progress) -> (JobRow, Vec<Change>) {
    let now = ctx.now();
    let many = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let Progress { place, is_last, done, mut left_out, total, error, hold } = progress;
    let (status, next_step) = match hold {
        _ if is_last => (JobStatus::Done, now),
        Hold::No => (JobStatus::Running, now),
        Hold::Paused => (JobStatus::Paused, now),
        Hold::Until(at) => (JobStatus::Running, at.max(now)),
    };
    let row = JobRow {
        status,
        place,
        total: total.or(job.total),
        done: job.done + many(done),
        left_out: job.left_out + many(left_out.len()),
        failures: 0,
        next_step,
        error: error.or_else(|| job.error.clone()),
        modified_on: now,
        ended_on: is_last.then_some(now),
        ..job.clone()
    };
    let mut changes = vec![Change::Job(Box::new(row.clone()))];
    if !left_out.is_empty() {
        left_out.iter_mut().zip(job.left_out..).for_each(|(row, place)| row.place = place);
        let new = NewLeftOut { workspace: job.workspace, job: job.id, rows: left_out };
        changes.push(Change::LeftOut(Box::new(new)));
    }
    (row, changes)
}

/// The job after the commit.
pub(super) fn committed(row: JobRow) -> JobRow {
    JobRow { steps: row.steps + 1, ..row }
}

/// Commits a slice that is nothing but these changes.
pub(super) async fn commit(
    ctx: &Context,
    job: &JobRow,
    progress: Progress,
    mut changes: Vec<Change>,
) -> Result<Committed<JobRow>, Trouble> {
    let (row, mut own) = after(ctx, job, progress);
    changes.append(&mut own);
    ctx.write_one(Unit::new(changes)).await?;
    Ok(Committed::new(committed(row), Left::default()))
}

async fn end(
    ctx: &Context,
    job: JobRow,
    status: JobStatus,
    error: String,
) -> Result<Committed<JobRow>, JobError> {
    let now = ctx.now();
    write_row(ctx, JobRow { status, error: Some(error), modified_on: now, ended_on: Some(now), ..job }).await
}

/// The next slice is tried later, and is smaller; or never, if it has failed too often.
async fn put_off(ctx: &Context, job: JobRow, error: &StoreError) -> Result<Committed<JobRow>, JobError> {
    if job.failures >= FAILURES_MAX && !error.is_passing() {
        return end(ctx, job, JobStatus::Failed, error.to_string()).await;
    }
    let now = ctx.now();
    let seconds = 1_i64 << job.failures.clamp(0, 10);
    let wait = SignedDuration::from_secs(seconds).min(LONGEST_WAIT);
    tracing::warn!(job = %job.uuid, %error, "a slice of a job failed; it is tried again later");
    let row = JobRow {
        failures: job.failures + 1,
        next_step: now + wait,
        error: Some(error.to_string()),
        modified_on: now,
        ..job
    };
    write_row(ctx, row).await
}

async fn write(
    ctx: &Context,
    job: &JobRow,
    progress: Progress,
    changes: Vec<Change>,
) -> Result<Committed<JobRow>, JobError> {
    match commit(ctx, job, progress, changes).await {
        Ok(done) => Ok(done),
        Err(Trouble::Later { error, .. }) => Err(error.into()),
        Err(Trouble::Gone | Trouble::Never(_)) => Err(JobError::Gone),
    }
}

async fn write_row(ctx: &Context, row: JobRow) -> Result<Committed<JobRow>, JobError> {
    match ctx.write_one(Unit::new(vec![Change::Job(Box::new(row.clone()))])).await {
        Ok(_) => Ok(Committed::new(committed(row), Left::default())),
        Err(UnitError::Gone) => Err(JobError::Gone),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}

/// Somebody who is left out.
pub(super) fn left_out(
    contact: Option<domain::ContactId>,
    what: impl Into<smol_str::SmolStr>,
    reason: impl Into<String>,
) -> LeftOut {
    LeftOut { place: 0, contact, contact_uuid: None, what: what.into(), reason: reason.into() }
}
