//! A person lets a job rest, go on, or end.

use domain::{JobId, WorkspaceId};
use store::{Change, JobKind, JobRow, JobStatus, StoreError, Unit, UnitError};

use super::{
    JobError, JobSpec,
    recipients::{Place, Stage},
    slice::place_text,
};
use crate::Context;

/// Why messages of a broadcast that was ended fail.
const ENDED: &str = "the broadcast was stopped";

/// Pauses a job, lets it go on, or ends it for good. A slice that is under way while this is written is not. What a
/// broadcast has written and nobody has sent yet is taken back with it: for the time of the pause, or for good. That
/// holds also for one of which all is written.
pub async fn set_job_status(
    ctx: &Context,
    workspace: WorkspaceId,
    id: JobId,
    status: JobStatus,
) -> Result<(), JobError> {
    for _ in 0..crate::batch::MAX_TRIES {
        let job = ctx.store.job(workspace, id).await?.ok_or(JobError::Gone)?;
        let changes = steering(ctx, job, status).await?;
        if write(ctx, changes).await? {
            return Ok(());
        }
    }
    Err(JobError::Gone)
}

/// Lets the others follow those whom a broadcast told first.
///
/// # Errors
/// [`JobError::Gone`] if the broadcast does not wait for that.
pub async fn release_broadcast(ctx: &Context, workspace: WorkspaceId, id: JobId) -> Result<(), JobError> {
    for _ in 0..crate::batch::MAX_TRIES {
        let job = ctx.store.job(workspace, id).await?.ok_or(JobError::Gone)?;
        let Some(mut place) = held(&job) else { return Err(JobError::Gone) };
        if let Some(soft) = &mut place.soft {
            soft.released = true;
        }
        let now = ctx.now();
        let (status, place) = (JobStatus::Running, place_text(&place));
        let job = JobRow { status, place, modified_on: now, next_step: now, ..job };
        if write(ctx, vec![Change::Job(Box::new(job))]).await? {
            return Ok(());
        }
    }
    Err(JobError::Gone)
}

/// Whether a broadcast has told a few and waits to tell the others.
pub fn held_since_soft_start(job: &JobRow) -> bool {
    held(job).is_some()
}

fn held(job: &JobRow) -> Option<Place> {
    let place: Place = serde_json::from_str(&job.place).ok()?;
    let soft = place.soft?;
    let waits = soft.stage == Stage::Held && !soft.released && job.ended_on.is_none();
    waits.then_some(place)
}

/// What is written to give a job a status.
async fn steering(ctx: &Context, mut job: JobRow, status: JobStatus) -> Result<Vec<Change>, JobError> {
    let is_broadcast = job.kind == JobKind::Broadcast;
    let was_done = job.status == JobStatus::Done && is_broadcast;
    let now = ctx.now();
    let (workspace, id) = (job.workspace, job.id);
    let drop = Change::DropJob(workspace, id, ENDED.to_owned(), now);
    if job.ended_on.is_some() {
        return match status {
            JobStatus::Cancelled if was_done => Ok(vec![drop]),
            JobStatus::Paused if was_done && is_under_way(ctx, &job).await? => {
                (job.status, job.modified_on, job.next_step, job.ended_on) = (status, now, now, None);
                park(&mut job);
                Ok(vec![Change::ReopenJob(Box::new(job)), Change::ParkJob(workspace, id)])
            }
            _ => Err(JobError::Gone),
        };
    }
    (job.status, job.modified_on, job.next_step) = (status, now, now);
    job.ended_on = status.has_ended().then_some(now);
    Ok(match status {
        JobStatus::Paused if is_broadcast => {
            park(&mut job);
            vec![Change::Job(Box::new(job)), Change::ParkJob(workspace, id)]
        }
        JobStatus::Cancelled if is_broadcast => vec![Change::Job(Box::new(job)), drop],
        _ => vec![Change::Job(Box::new(job))],
    })
}

/// Whether anything of a job waits in the outbox.
async fn is_under_way(ctx: &Context, job: &JobRow) -> Result<bool, StoreError> {
    ctx.store.job_is_under_way(job.workspace, job.id).await
}

/// Notes that what the job has written may rest.
fn park(job: &mut JobRow) {
    if let Ok(mut place) = serde_json::from_str::<Place>(&job.place)
        && serde_json::from_str::<JobSpec>(&job.spec).is_ok()
    {
        place.parked = true;
        job.place = place_text(&place);
    }
}

/// `false` if a slice came in between.
async fn write(ctx: &Context, changes: Vec<Change>) -> Result<bool, JobError> {
    match ctx.write_one(Unit::new(changes)).await {
        Ok(done) => {
            ctx.withdrawn.add(&done.dropped);
            ctx.jobs.notify_one();
            Ok(true)
        }
        Err(UnitError::Gone) => Ok(false),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}
