//! Files that jobs take and make. They lie in the store in parts, because any node may go on with any job and nodes
//! share nothing else.

use domain::{JobId, WorkspaceId};
use jiff::SignedDuration;
use store::{Change, JOB_CHUNK_BYTES, JobChunk, JobFile, JobRow, JobStatus, StoreError, Unit, UnitError};

use super::{JobError, NewJob, job_row};
use crate::Context;

/// How long the files of a job are kept after it has ended.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24 * 7);
/// Parts that are written in one transaction.
const PARTS_AT_ONCE: usize = 8;
/// Jobs whose old files are removed in one go.
const FORGOTTEN_AT_ONCE: usize = 20;
/// Why a job with a file does not begin: somebody was cut off while the file was handed in.
const NOT_WHOLE: &str = "its file was not handed in to the end; cancel it and hand the file in again";

/// Writes a job down with the parts of its file. It does not begin before the last part is there.
pub(super) async fn create_with_file(
    ctx: &Context,
    new: NewJob,
    total: Option<i64>,
    parts: Vec<Vec<u8>>,
) -> Result<JobRow, JobError> {
    let uuid = domain::JobUuid(ctx.host.uuid_v7());
    let row = job_row(ctx, new.workspace, uuid, &new.spec, new.unique_key)
        .map_err(|error| JobError::Unwritable(error.to_string()))?;
    let mut row = JobRow { total, status: JobStatus::Paused, error: Some(NOT_WHOLE.to_owned()), ..row };
    write(ctx, vec![Change::NewJob(Box::new(row.clone()))]).await?;
    // One of the same kind and key may go on; then this one was not written.
    if ctx.store.job(row.workspace, row.id).await?.is_none() {
        return Err(JobError::Twice);
    }
    let chunks = chunks(&row, JobFile::Given, 0, parts);
    let mut changes = Vec::new();
    for chunk in chunks {
        changes.push(chunk);
        if changes.len() >= PARTS_AT_ONCE {
            write(ctx, std::mem::take(&mut changes)).await?;
        }
    }
    (row.status, row.error) = (JobStatus::Queued, None);
    changes.push(Change::Job(Box::new(row.clone())));
    write(ctx, changes).await?;
    ctx.jobs.notify_one();
    Ok(JobRow { steps: row.steps + 1, ..row })
}

async fn write(ctx: &Context, changes: Vec<Change>) -> Result<(), JobError> {
    match ctx.write_one(Unit::new(changes)).await {
        Ok(_) => Ok(()),
        Err(UnitError::Gone) => Err(JobError::Gone),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}

/// Parts of a file as changes, from a place on.
pub(super) fn chunks(
    job: &JobRow,
    file: JobFile,
    from: i64,
    parts: Vec<Vec<u8>>,
) -> impl Iterator<Item = Change> + use<> {
    let (workspace, job) = (job.workspace, job.id);
    (from..)
        .zip(parts)
        .map(move |(place, body)| Change::JobChunk(Box::new(JobChunk { workspace, job, file, place, body })))
}

/// Cuts bytes into parts.
pub(super) fn cut(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.chunks(JOB_CHUNK_BYTES).map(<[u8]>::to_vec).collect()
}

/// Reads a whole file of a job; `None` if it has none, or none any more.
pub(super) async fn read_whole(
    ctx: &Context,
    workspace: WorkspaceId,
    job: JobId,
    file: JobFile,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut bytes = Vec::new();
    for place in 0.. {
        match ctx.store.job_chunk(workspace, job, file, place).await? {
            Some(mut part) => bytes.append(&mut part),
            None => return Ok((place > 0).then_some(bytes)),
        }
    }
    Ok(None)
}

/// Hands out the file that a job made, part by part. Answers whether there is one.
///
/// # Errors
/// When the store cannot be read, or when `take` fails.
pub async fn read_job_file<E: From<StoreError>>(
    ctx: &Context,
    workspace: WorkspaceId,
    job: JobId,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<bool, E> {
    for place in 0.. {
        match ctx.store.job_chunk(workspace, job, JobFile::Made, place).await? {
            Some(part) => take(&part)?,
            None => return Ok(place > 0),
        }
    }
    Ok(false)
}

/// Removes files of jobs that ended more than a week ago. Answers of how many jobs.
pub async fn forget_old_files(ctx: &Context) -> Result<usize, StoreError> {
    let old = ctx.store.jobs_with_old_files(ctx.now() - KEPT_FOR, FORGOTTEN_AT_ONCE).await?;
    for (workspace, job) in &old {
        let unit = Unit::new(vec![Change::ForgetJobFiles(*workspace, *job)]);
        match ctx.write_one(unit).await {
            Ok(_) => {}
            Err(UnitError::Store(error)) => return Err(error),
            Err(other) => return Err(StoreError::Database(other.to_string())),
        }
    }
    Ok(old.len())
}
