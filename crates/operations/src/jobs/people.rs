//! Slices of jobs that step conversations: a flow is started for many, or somebody who may not be known yet is told
//! something.

use std::sync::Arc;

use domain::{ContactId, JobId, JobUuid, Urn};
use flows::{Engine, EventKind, TriggerKind};
use jiff::Timestamp;
use store::{Conversation, ConversationKey, JobRow, Priority, Rank, StoreError};

use super::{
    JobSpec, StartJob, StartedBy,
    exclude::Excluded,
    recipients::{self, Place, Slice, Target, same},
    slice::{Progress, Trouble, after, committed, fewer, left_out, place_of, place_text},
    spec::{BroadcastJob, Recipients},
};
use crate::{
    Committed, Context, Started, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    person::Person,
    start_flow::{Beginning, begin, left_out as nothing_for, not_active},
    turn::Turn,
};

/// People of one slice: few enough that replies go in between.
const SLICE: usize = 100;

/// Why somebody who is named twice is passed over the second time.
pub(super) const MET: &str = "had their turn under their address";

/// What one recipient needs of the job.
struct Input {
    target: Target,
    task: Arc<Task>,
}

/// The job as its slices need it.
struct Task {
    spec: JobSpec,
    named: Vec<Urn>,
    uuid: JobUuid,
    job: JobId,
    many: bool,
    rank: Rank,
}

/// Does the next slice of a flow that is started for many.
pub(super) async fn slice(
    ctx: &Context,
    ws: &Arc<Workspace>,
    job: &JobRow,
    spec: &JobSpec,
    wanted: &Recipients,
) -> Result<Committed<JobRow>, Trouble> {
    let place: Place = place_of(job)?;
    let total = total(ctx, ws, job, wanted).await?;
    let slice = recipients::next(ctx, ws, wanted, place, fewer(SLICE, job)).await?;
    step_people(ctx, ws, job, (spec, wanted), &slice, total).await
}

/// For how many a job is, asked once, with its first slice.
pub(super) async fn total(
    ctx: &Context,
    ws: &Workspace,
    job: &JobRow,
    wanted: &Recipients,
) -> Result<Option<i64>, Trouble> {
    if job.total.is_some() || job.steps > 0 {
        return Ok(job.total);
    }
    Ok(recipients::count(ctx, ws, wanted).await?)
}

/// Steps the people of a slice.
pub(super) async fn step_people(
    ctx: &Context,
    ws: &Arc<Workspace>,
    job: &JobRow,
    (spec, wanted): (&JobSpec, &Recipients),
    slice: &Slice,
    total: Option<i64>,
) -> Result<Committed<JobRow>, Trouble> {
    let inputs = inputs(ctx, ws, (spec, wanted), job, slice).await?;
    let stands = |answers: &[Result<Started, BatchError>]| after(ctx, job, progress(slice, answers, total));
    match batch::together(ctx, &inputs, step, |answers| stands(answers).1).await {
        Ok((answers, left)) => Ok(Committed::new(committed(stands(&answers).0), left)),
        Err(error) if inputs.len() <= 1 => match Trouble::from(error) {
            Trouble::Later { error, .. } => {
                let failed = Progress {
                    left_out: slice.targets.iter().map(|target| named(target, error.to_string())).collect(),
                    error: Some(error.to_string()),
                    total,
                    ..progress(slice, &[], total)
                };
                Err(Trouble::Later { error, alone: Some(Box::new(failed)) })
            }
            other => Err(other),
        },
        Err(error) => Err(error.into()),
    }
}

fn named(target: &Target, reason: String) -> store::LeftOut {
    match target {
        Target::Urn(urn) => left_out(None, urn.to_string(), reason),
        Target::New => left_out(None, "the new contact", reason),
        Target::Contact(id) => left_out(Some(*id), "", reason),
    }
}

/// What a slice came to.
fn progress(slice: &Slice, answers: &[Result<Started, BatchError>], total: Option<i64>) -> Progress {
    let mut progress =
        Progress { place: place_text(&slice.next), is_last: slice.is_last, total, ..Progress::default() };
    for (target, answer) in slice.targets.iter().zip(answers) {
        match answer {
            Ok(Started::Yes) => progress.done += 1,
            Ok(Started::No(why)) if why == MET => {}
            Ok(Started::No(why)) => progress.left_out.push(named(target, why.clone())),
            Err(error) => {
                progress.error = Some(error.to_string());
                progress.left_out.push(named(target, error.to_string()));
            }
        }
    }
    progress
}

/// The people of a slice.
async fn inputs(
    ctx: &Context,
    ws: &Workspace,
    (spec, wanted): (&JobSpec, &Recipients),
    job: &JobRow,
    slice: &Slice,
) -> Result<Vec<(ConversationKey, Input)>, StoreError> {
    let workspace = ws.row.id;
    let (many, named) = (wanted.are_many(), wanted.urns.clone());
    // Jobs for many share a line with each other; what a job does for one person goes before them.
    let rank =
        if many { Rank { priority: Priority::Bulk, source: job.id.0 } } else { Rank::of(Priority::OneOff) };
    let task = Arc::new(Task { spec: spec.clone(), named, uuid: job.uuid, job: job.id, many, rank });
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
                if named_before(target, &conversation.urns, &input.task.named) {
                    return Ok(nothing_for(MET));
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
            (None, Target::Contact(_)) => return Ok(nothing_for("there is no such contact")),
        };
        if let Some(reason) = excluded(&turn, &input.task.spec, now).await? {
            return Ok(nothing_for(reason));
        }
        let turn = turn.ranked(input.task.rank).part_of(input.task.job);
        match &input.task.spec {
            JobSpec::StartFlow(start) if was_in(&turn, start).await? => {
                Ok(nothing_for("the contact was in the flow before"))
            }
            JobSpec::StartFlow(start) => begin(turn, beginning(start, input.task.many)).await,
            JobSpec::Broadcast(broadcast) => Ok(say(turn, broadcast, input.task.uuid)),
            JobSpec::FillGroup(_)
            | JobSpec::PlanCampaign(_)
            | JobSpec::PlanProgrammes(_)
            | JobSpec::ImportContacts(_)
            | JobSpec::ExportContacts(_)
            | JobSpec::ExportRows(_)
            | JobSpec::ImportDefinitions(_)
            | JobSpec::ExportDefinitions(_)
            | JobSpec::Archive(_) => Ok(nothing_for("the job is not about conversations")),
        }
    })
}

/// Why the contact of a turn is left out of the job, if they are.
async fn excluded(
    turn: &Turn<'_>,
    spec: &JobSpec,
    now: Timestamp,
) -> Result<Option<&'static str>, StoreError> {
    let rule = match spec {
        JobSpec::StartFlow(start) => &start.recipients.exclude,
        JobSpec::Broadcast(broadcast) => &broadcast.recipients.exclude,
        JobSpec::FillGroup(_)
        | JobSpec::PlanCampaign(_)
        | JobSpec::PlanProgrammes(_)
        | JobSpec::ImportContacts(_)
        | JobSpec::ExportContacts(_)
        | JobSpec::ExportRows(_)
        | JobSpec::ImportDefinitions(_)
        | JobSpec::ExportDefinitions(_)
        | JobSpec::Archive(_) => return Ok(None),
    };
    let excluded = Excluded::of(&turn.ws, rule, now);
    let excluded = excluded.map_err(|error| StoreError::Database(error.to_string()))?;
    let Some(excluded) = excluded else { return Ok(None) };
    let excluded = excluded.asking(turn.ctx, &turn.ws, &[turn.person.row.id]).await?;
    let flow = turn.person.row.flow.and_then(|id| turn.ws.flow_by_id(id)).map(|flow| flow.uuid);
    Ok(excluded.why(&turn.person.contact, flow))
}

/// Whether somebody with these addresses had their turn before: who is named in several ways is met as the first of
/// their addresses that is named.
pub(super) fn named_before(target: &Target, theirs: &[store::UrnRow], named: &[Urn]) -> bool {
    let is_theirs = |urn: &Urn| theirs.iter().any(|row| row.scheme == urn.scheme && row.path == urn.path);
    match target {
        Target::Urn(urn) => named.iter().take_while(|other| !same(other, urn)).any(is_theirs),
        Target::Contact(_) | Target::New => named.iter().any(is_theirs),
    }
}

/// Whether the contact of a turn was in the flow before, where that matters.
async fn was_in(turn: &Turn<'_>, start: &StartJob) -> Result<bool, StoreError> {
    if !start.not_again || turn.person.is_new() {
        return Ok(false);
    }
    let Some(flow) = turn.ws.flow(start.flow) else { return Ok(false) };
    turn.ctx.store.was_in_flow(turn.ws.row.id, turn.person.row.id, flow.id).await
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
        return nothing_for(reason);
    }
    let (ctx, ws) = (turn.ctx, turn.ws.clone());
    let engine = Engine::new(&ws.assets, &ws.env, &*ctx.host);
    let contact = &turn.person.contact;
    let event = if job.evaluate {
        engine.evaluated_broadcast_message(contact, &job.broadcast, uuid.0)
    } else {
        engine.broadcast_message(contact, &job.broadcast, uuid.0)
    };
    if let EventKind::MsgCreated(created) = &event.kind {
        turn.send_alone(&event, &created.msg);
    }
    Stepped { unit: Some(turn.finish()), value: Started::Yes }
}
