//! The ways into a sprint: a trigger, a resume, or the answer to an effect.

use std::sync::Arc;

use domain::{Contact, SessionUuid};

use super::{
    Engine, EngineError, ResumeError, ResumeReason, Sprint, steps::Next, waits::accepts, work::Work,
};
use crate::{
    context::Resumed,
    definition::FlowType,
    effect::EffectResult,
    events::CallRef,
    program::NodeIx,
    resume::Resume,
    session::{RunStatus, Session, SessionStatus, TriggerSlot},
    trigger::Trigger,
};

pub(super) fn start(
    engine: &Engine<'_>,
    contact: &mut Contact,
    trigger: Trigger,
    call: Option<&CallRef>,
) -> Result<Sprint, EngineError> {
    trigger.check()?;
    let program = engine.assets.flow(trigger.flow.uuid).ok_or(EngineError::UnknownFlow(trigger.flow.uuid))?;
    if program.flow_type == FlowType::Voice && call.is_none() {
        return Err(EngineError::NeedsCall);
    }
    let uuid = SessionUuid(engine.host.uuid_v7());
    let created_on = engine.host.now();
    let trigger = Arc::new(trigger);
    let session = Session {
        uuid,
        flow_type: program.flow_type,
        created_on,
        trigger: TriggerSlot::new(Arc::clone(&trigger)),
        contact: contact.uuid,
        call: call.cloned(),
        runs: Vec::with_capacity(1),
        status: SessionStatus::Active,
        input: None,
        sprints: 1,
        pending: None,
        offered: Vec::new(),
        collected: Vec::new(),
    };
    engine.host.uuid_v4();
    let received = trigger.received();
    if let Some((event, _)) = received {
        contact.last_seen_on = Some(event.created_on);
    }
    let mut work = Work::new(engine, contact, session);
    if let Some((event, received)) = received {
        let input = work.input_of(event, &received.msg);
        work.session.input = Some(input);
    }
    work.check_groups();
    work.begin_run(program, false);
    if work.session.input.is_some() {
        record_input(&mut work);
    }
    let next = work.enter_flow(program);
    work.advance(next);
    Ok(work.finish())
}

pub(super) fn resume(
    engine: &Engine<'_>,
    session: Session,
    contact: &mut Contact,
    resume: &Resume,
) -> Result<Sprint, ResumeError> {
    if session.contact != contact.uuid {
        return Err(ResumeError::new(ResumeReason::WrongContact, session));
    }
    let waiting = session.runs.iter().rposition(|run| run.status == RunStatus::Waiting);
    let (Some(index), SessionStatus::Waiting) = (waiting, session.status) else {
        return Err(ResumeError::new(ResumeReason::NotWaiting, session));
    };
    let run = &session.runs[index];
    let node = run.path.last().map(|step| NodeIx(step.node));
    let wait = run.program.as_ref().zip(node).and_then(|(program, node)| program.node(node).wait().cloned());
    if let Some(wait) = &wait
        && let Err(reason) = accepts(wait, resume, !session.collected.is_empty())
    {
        return Err(ResumeError::new(reason, session));
    }
    if let Some((event, _)) = resume.received() {
        contact.last_seen_on = Some(event.created_on);
    }
    let mut work = Work::new(engine, contact, session);
    work.run = Some(index);
    work.resumed = Some(Resumed { name: resume.name(), dial: resume.dial() });
    work.last_node = work.node_uuid().unwrap_or_default();
    let next = begin_resumed(&mut work, resume, wait.is_some());
    work.advance(next);
    Ok(work.finish())
}

/// Brings a session that waited back to life and says where it goes on.
fn begin_resumed(work: &mut Work<'_>, resume: &Resume, still_waits: bool) -> Next {
    work.session.status = SessionStatus::Active;
    work.session.sprints += 1;
    work.host.uuid_v4();
    work.session.input = None;
    if let Some((event, received)) = resume.received() {
        let input = work.input_of(event, &received.msg);
        work.session.input = Some(input);
    }
    work.check_groups();
    if work.session.input.is_some() {
        record_input(work);
    }
    let now = work.now();
    if let Some(run) = work.current_mut() {
        run.status = RunStatus::Active;
        run.modified_on = now;
    }
    if work.session.sprints > work.limits.sprints_per_session {
        let limit = work.limits.sprints_per_session;
        return work.fail(format!("Reached maximum number of sprints per session ({limit})"));
    }
    match resume {
        Resume::WaitExpiration(_) => Next::End(RunStatus::Expired),
        Resume::Msg(_) | Resume::WaitTimeout(_) | Resume::Dial(_) if !still_waits => {
            work.fail("the flow changed and no longer waits where the contact was")
        }
        Resume::Msg(_) => Next::Collect,
        Resume::Dial(_) => Next::Route { timed_out: false },
        Resume::WaitTimeout(_) => Next::Route { timed_out: !work.end_collecting() },
    }
}

pub(super) fn complete(
    engine: &Engine<'_>,
    mut session: Session,
    contact: &mut Contact,
    result: EffectResult,
) -> Result<Sprint, ResumeError> {
    if session.contact != contact.uuid {
        return Err(ResumeError::new(ResumeReason::WrongContact, session));
    }
    let fits = session.pending.as_ref().is_some_and(|pending| result.answers(&pending.effect));
    let Some(pending) = session.pending.take_if(|_| fits) else {
        return Err(ResumeError::new(ResumeReason::NotPending, session));
    };
    let mut work = Work::new(engine, contact, session);
    work.run = Some(pending.run as usize);
    work.steps = pending.steps as usize;
    work.resumed = pending
        .resumed
        .as_ref()
        .and_then(|(name, dial)| Some(Resumed { name: Resume::known_name(name)?, dial: *dial }));
    work.last_node = work.node_uuid().unwrap_or_default();
    let current = work.current().and_then(|run| run.program.clone()).zip(work.node());
    let next = match current {
        Some((program, node)) => {
            work.run_actions(&program, node, pending.action, Some((pending.effect, result)))
        }
        None => work.fail("the flow changed and no longer has the node that called a service"),
    };
    work.advance(next);
    Ok(work.finish())
}

fn record_input(work: &mut Work<'_>) {
    let now = work.now();
    if let Some(run) = work.current_mut() {
        run.had_input = true;
        run.modified_on = now;
    }
}
