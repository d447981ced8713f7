//! One slice of a job: one transaction.

use std::sync::Arc;

use domain::{ContactId, JobUuid, Urn};
use flows::{Engine, EventKind, TriggerKind};
use jiff::SignedDuration;
use store::{Change, Conversation, ConversationKey, JobRow, JobStatus, StoreError, Unit, UnitError};

use super::{
    JobError, JobSpec, StartJob, StartedBy,
    recipients::{self, Place, RecipientsError, Slice, Target, same},
    spec::BroadcastJob,
};
use crate::{
    Committed, Context, Started, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    person::Person,
    start_flow::{Beginning, begin, left_out, not_active},
    turn::Turn,
};

/// People of one slice: few enough that replies go in between.
const SLICE: usize = 100;
/// Longest wait after slices that failed.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(5);
/// Failures in a row after which the one person of a slice is left out.
const FAILURES: i64 = 12;

/// Why somebody who is named twice is passed over the second time.
const MET: &str = "had their turn under their address";

/// What one recipient needs of the job.
struct Input {
    target: Target,
    task: Arc<Task>,
}

/// The job as its slices need it.
struct Task {
    spec: JobSpec,
    uuid: JobUuid,
    many: bool,
}

/// Does the next slice of a job and answers how the job stands then. A slice that fails is put off, ever smaller, so
/// that one contact who cannot be read does not keep the others from their turn.
pub async fn run_job_slice(ctx: &Context, job: JobRow) -> Result<Committed<JobRow>, JobError> {
    let Some(ws) = ctx.registry.workspace(ctx, job.workspace).await? else { return Err(JobError::Gone) };
    let read = (serde_json::from_str::<JobSpec>(&job.spec), serde_json::from_str::<Place>(&job.place));
    let (spec, place) = match read {
        (Ok(spec), Ok(place)) => (spec, place),
        (Err(error), _) | (_, Err(error)) => {
            return end(ctx, job, JobStatus::Failed, format!("the job cannot be read: {error}")).await;
        }
    };
    let limit = SLICE >> job.failures.clamp(0, 6);
    let limit = limit.max(1);
    let slice = match recipients::next(ctx, &ws, spec.recipients(), place, limit).await {
        Ok(slice) => slice,
        Err(RecipientsError::Store(error)) => return put_off(ctx, job, error.to_string()).await,
        Err(error @ RecipientsError::Query(_)) => {
            return end(ctx, job, JobStatus::Failed, error.to_string()).await;
        }
    };
    let inputs = match inputs(ctx, &ws, &spec, &job, &slice).await {
        Ok(inputs) => inputs,
        Err(error) => return put_off(ctx, job, error.to_string()).await,
    };
    let last =
        |answers: &[Result<Started, BatchError>]| Change::Job(Box::new(after(ctx, &job, &slice, answers)));
    match batch::together(ctx, &inputs, step, last).await {
        Ok((answers, outbox)) => {
            let value = JobRow { steps: job.steps + 1, ..after(ctx, &job, &slice, &answers) };
            Ok(Committed { value, outbox })
        }
        Err(BatchError::Gone) => Err(JobError::Gone),
        Err(error) if inputs.len() <= 1 && job.failures >= FAILURES => {
            skip(ctx, &job, &slice, error.to_string()).await
        }
        Err(error) => put_off(ctx, job, error.to_string()).await,
    }
}

/// The job as it stands after a slice.
fn after(ctx: &Context, job: &JobRow, slice: &Slice, answers: &[Result<Started, BatchError>]) -> JobRow {
    let now = ctx.now();
    let done = answers.iter().filter(|answer| matches!(answer, Ok(Started::Yes))).count();
    let met = answers.iter().filter(|answer| matches!(answer, Ok(Started::No(why)) if why == MET)).count();
    let broke_off = answers.iter().find_map(|answer| answer.as_ref().err()).map(ToString::to_string);
    let many = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    JobRow {
        status: if slice.is_last { JobStatus::Done } else { JobStatus::Running },
        place: serde_json::to_string(&slice.next).unwrap_or_else(|_| job.place.clone()),
        done: job.done + many(done),
        left_out: job.left_out + many(answers.len() - done - met),
        failures: 0,
        next_step: now,
        error: broke_off.or_else(|| job.error.clone()),
        modified_on: now,
        ended_on: slice.is_last.then_some(now),
        ..job.clone()
    }
}

async fn end(
    ctx: &Context,
    job: JobRow,
    status: JobStatus,
    error: String,
) -> Result<Committed<JobRow>, JobError> {
    let now = ctx.now();
    let row = JobRow { status, error: Some(error), modified_on: now, ended_on: Some(now), ..job };
    write(ctx, row).await
}

/// The next slice is tried later, and is smaller.
async fn put_off(ctx: &Context, job: JobRow, error: String) -> Result<Committed<JobRow>, JobError> {
    let now = ctx.now();
    let seconds = 1_i64 << job.failures.clamp(0, 10);
    let wait = SignedDuration::from_secs(seconds).min(LONGEST_WAIT);
    tracing::warn!(job = %job.uuid, error, "a slice of a job failed; it is tried again later");
    let row = JobRow {
        failures: job.failures + 1,
        next_step: now + wait,
        error: Some(error),
        modified_on: now,
        ..job
    };
    write(ctx, row).await
}

/// Leaves out the one person with whom a slice fails again and again.
async fn skip(
    ctx: &Context,
    job: &JobRow,
    slice: &Slice,
    error: String,
) -> Result<Committed<JobRow>, JobError> {
    tracing::error!(job = %job.uuid, error, "somebody is left out of a job");
    let mut row = after(ctx, job, slice, &[]);
    row.left_out += 1;
    row.error = Some(error);
    write(ctx, row).await
}

async fn write(ctx: &Context, row: JobRow) -> Result<Committed<JobRow>, JobError> {
    match ctx.write_one(Unit::new(vec![Change::Job(Box::new(row.clone()))])).await {
        Ok(_) => Ok(Committed { value: JobRow { steps: row.steps + 1, ..row }, outbox: Vec::new() }),
        Err(UnitError::Gone) => Err(JobError::Gone),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}

/// The people of a slice.
async fn inputs(
    ctx: &Context,
    ws: &Workspace,
    spec: &JobSpec,
    job: &JobRow,
    slice: &Slice,
) -> Result<Vec<(ConversationKey, Input)>, StoreError> {
    let workspace = ws.row.id;
    let many = spec.recipients().are_many();
    let task = Arc::new(Task { spec: spec.clone(), uuid: job.uuid, many });
    let mut inputs = Vec::with_capacity(slice.targets.len());
    for target in &slice.targets {
        let key = match target {
            Target::Urn(urn) => match ctx.store.address_owner(workspace, urn.clone()).await? {
                Some((owner, _)) => ConversationKey::Contact(workspace, owner),
                None => ConversationKey::Urn(workspace, urn.clone()),
            },
            // Nobody has this number.
            Target::New => ConversationKey::Contact(workspace, ContactId(0)),
            Target::Contact(id) => ConversationKey::Contact(workspace, *id),
        };
        inputs.push((key, Input { target: target.clone(), task: task.clone() }));
    }
    Ok(inputs)
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    input: &'a Input,
) -> StepFuture<'a, Started> {
    Box::pin(async move {
        let now = ctx.now();
        let turn = match (conversation, &input.target) {
            (Some(conversation), target) => {
                if named_before(target, &conversation.urns, &input.task.spec.recipients().urns) {
                    return Ok(left_out(MET));
                }
                Turn::of(ctx, ws, now, conversation)
            }
            (None, Target::Urn(urn)) => {
                let person = Person::unknown(ctx, &ws, urn, None, None, now);
                Turn::new(ctx, ws, now, person)
            }
            (None, Target::New) => {
                let person = Person::nameless(ctx, &ws, now);
                Turn::new(ctx, ws, now, person)
            }
            (None, Target::Contact(_)) => return Ok(left_out("there is no such contact")),
        };
        match &input.task.spec {
            JobSpec::StartFlow(start) => begin(turn, beginning(start, input.task.many)).await,
            JobSpec::Broadcast(broadcast) => Ok(say(turn, broadcast, input.task.uuid)),
        }
    })
}

/// Whether somebody with these addresses had their turn before: who is named in several ways is met as the first of
/// their addresses that is named.
fn named_before(target: &Target, theirs: &[store::UrnRow], named: &[Urn]) -> bool {
    let is_theirs = |urn: &Urn| theirs.iter().any(|row| row.scheme == urn.scheme && row.path == urn.path);
    match target {
        Target::Urn(urn) => named.iter().take_while(|other| !same(other, urn)).any(is_theirs),
        Target::Contact(_) | Target::New => named.iter().any(is_theirs),
    }
}

fn beginning(start: &StartJob, many: bool) -> Beginning {
    let (kind, history) = match &start.started_by {
        StartedBy::Person { user, origin } => {
            (TriggerKind::Manual { user: user.clone(), origin: origin.clone() }, None)
        }
        StartedBy::Flow { run_summary, history } => {
            (TriggerKind::FlowAction { run_summary: run_summary.clone() }, *history)
        }
    };
    Beginning {
        flow: start.flow,
        kind,
        params: start.params.clone(),
        history,
        batch: many,
        skip_in_a_flow: start.skip_in_a_flow,
    }
}

/// Says what a broadcast says to the contact of a turn.
fn say(mut turn: Turn<'_>, job: &BroadcastJob, uuid: JobUuid) -> Stepped<Started> {
    if let Some(reason) = not_active(turn.person.contact.status) {
        return left_out(reason);
    }
    let (ctx, ws) = (turn.ctx, turn.ws.clone());
    let engine = Engine::new(&ws.assets, &ws.env, &*ctx.host);
    let event = engine.broadcast_message(&turn.person.contact, &job.broadcast, uuid.0);
    if let EventKind::MsgCreated(created) = &event.kind {
        turn.send_alone(&event, &created.msg);
    }
    Stepped { unit: Some(turn.finish()), value: Started::Yes }
}
