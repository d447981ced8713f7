//! What a sprint leaves behind: messages, history, runs, session, timers, effects.

use domain::{ContactStatus, EventId, EventUuid, FlowId, MessageUuid, OutboxId, RunId, RunUuid, SessionId};
use flows::{
    Effect, Event, EventKind, Session, Sprint,
    engine::WaitKind as EngineWait,
    events::{InputLabelsAdded, MsgOut},
    session::{Run, RunStatus, SessionStatus as EngineStatus},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use store::{
    Change, Direction, DueTimer, MessageStatus, NewEvent, NewMessage, NewMessageLabel, OutboxItem,
    OutboxKind, ResthookEventRow, RunRow, SessionRow, SessionStatus, TimerKind, WaitKind, WebhookChange,
};

use crate::{
    outgoing::{Recipient, outbox_row, outgoing},
    start_flow::not_active,
    tallies::AnswersBefore,
    turn::{Live, Turn},
};

/// How long an effect may take before the flow goes on without its answer.
pub const EFFECT_DEADLINE: SignedDuration = SignedDuration::from_secs(300);

/// How far a session was before the sprint.
pub(crate) struct Progress {
    id: SessionId,
    created_on: Timestamp,
    in_background: bool,
    /// The row as it was, for a session that is gone on with.
    row: Option<SessionRow>,
    runs: Vec<RunBefore>,
    /// Events of sprints that were gone on with at once.
    pub events: Vec<Event>,
}

/// A run as it was before a sprint.
pub(crate) struct RunBefore {
    uuid: RunUuid,
    modified_on: Timestamp,
    /// Its row; unknown for runs that had ended, which do not change any more.
    row: Option<RunId>,
    /// Nodes entered so far.
    entered: usize,
    answers: AnswersBefore,
}

impl RunBefore {
    /// All runs of a session, with the rows of the open ones as the session pins them.
    pub fn all(session: &Session, pins: &str) -> Vec<Self> {
        let mut rows = pins.split(',').map(|pin| pin.rsplit(':').next()?.parse().ok().map(RunId));
        let before = session.runs.iter().map(|run| {
            let row = if run.exited_on.is_none() { rows.next().flatten() } else { None };
            let answers = if row.is_some() { AnswersBefore::of(run) } else { AnswersBefore::default() };
            Self { uuid: run.uuid, modified_on: run.modified_on, row, entered: run.path.len(), answers }
        });
        before.collect()
    }
}

impl Progress {
    pub fn begin(id: SessionId, now: Timestamp, in_background: bool) -> Self {
        Self { id, created_on: now, in_background, row: None, runs: Vec::new(), events: Vec::new() }
    }

    pub fn of(row: &SessionRow, runs: Vec<RunBefore>, in_background: bool) -> Self {
        Self {
            id: row.id,
            created_on: row.created_on,
            in_background,
            row: Some(row.clone()),
            runs,
            events: Vec::new(),
        }
    }
}

impl Turn<'_> {
    /// A session that broke off before it was written, or whose stored form is no longer right.
    pub(crate) fn fail_unwritten(&mut self, progress: Progress) {
        if let Some(row) = progress.row {
            self.end_session(&row, SessionStatus::Failed);
        }
    }

    /// Keeps what a sprint came to.
    pub(crate) fn keep(&mut self, sprint: Sprint, mut progress: Progress) {
        let (ctx, ws, now) = (self.ctx, self.ws.clone(), self.now);
        self.before_sprint = (self.changes.len(), self.outbox.len());
        self.person.settle(ctx, &ws, now, &mut self.changes);
        let runs = self.run_rows(&sprint.session, &progress);
        let row = self.session_row(&sprint, &progress, &runs);
        let mut events = std::mem::take(&mut progress.events);
        events.extend(sprint.events);
        for event in &events {
            self.keep_event(event, &sprint.session, &row, &runs);
        }
        for (run, (id, changed)) in sprint.session.runs.iter().zip(&runs) {
            if *changed {
                let change = self.run_row(run, *id, row.id);
                self.changes.push(Change::Run(Box::new(change)));
                let before = progress.runs.iter().find(|before| before.uuid == run.uuid);
                self.tally_run(run, before.map(|before| (before.entered, &before.answers)));
            }
        }
        if let Some(effect) = &sprint.effect {
            self.ask(effect, &row);
        }
        self.set_timers(progress.row.as_ref(), &row);
        self.changes.push(Change::Session(Box::new(row.clone())));
        // What goes on in the background leaves the conversation in front alone, also while it waits.
        if progress.in_background {
            return;
        }
        if row.ended_on.is_none() {
            let flow = sprint.session.current_flow().or_else(|| Some(sprint.session.runs.last()?.flow.uuid));
            self.person.row.session = Some(row.id);
            self.person.row.flow = flow.and_then(|uuid| ws.flow(uuid)).map(|flow| flow.id);
            self.live = Some(Live { row, session: sprint.session });
        } else {
            self.person.row.session = None;
            self.person.row.flow = None;
        }
    }

    fn session_row(&self, sprint: &Sprint, progress: &Progress, runs: &[(RunId, bool)]) -> SessionRow {
        let session = &sprint.session;
        let (status, wait_kind) = match (session.status, &sprint.wait, &sprint.effect) {
            (EngineStatus::Completed, ..) if expired(session) => (SessionStatus::Expired, None),
            (EngineStatus::Completed, ..) => (SessionStatus::Completed, None),
            (EngineStatus::Failed, ..) => (SessionStatus::Failed, None),
            (EngineStatus::Active | EngineStatus::Waiting, _, Some(_)) => {
                (SessionStatus::Waiting, Some(WaitKind::Effect))
            }
            (EngineStatus::Active | EngineStatus::Waiting, Some(wait), None) => match wait.kind {
                EngineWait::Msg => (SessionStatus::Waiting, Some(WaitKind::Message)),
                EngineWait::Dial => (SessionStatus::Waiting, Some(WaitKind::Dial)),
            },
            (EngineStatus::Active | EngineStatus::Waiting, None, None) => (SessionStatus::Failed, None),
        };
        let waits = status == SessionStatus::Waiting;
        let timeout = sprint.wait.and_then(|wait| wait.timeout_seconds).filter(|_| waits);
        let old = progress.row.as_ref();
        SessionRow {
            id: progress.id,
            workspace: self.ws.row.id,
            uuid: session.uuid,
            contact: self.person.row.id,
            status,
            wait_kind,
            wait_until: timeout.map(|seconds| self.now + pauses(sprint, progress) + seconds_of(seconds)),
            expires_on: match (&sprint.wait, waits) {
                (Some(wait), true) => Some(wait.expires_on),
                // An effect keeps the expiry that was set: its own deadline comes first.
                (None, true) => old.and_then(|row| row.expires_on),
                (_, false) => None,
            },
            pins: if waits { self.pins(session, runs) } else { String::new() },
            state: if waits { session.encode() } else { Vec::new() },
            created_on: progress.created_on,
            ended_on: (!waits).then_some(self.now),
        }
    }

    /// The row of each run, and whether it changed.
    fn run_rows(&self, session: &Session, progress: &Progress) -> Vec<(RunId, bool)> {
        let row = |run: &Run| match progress.runs.iter().find(|before| before.uuid == run.uuid) {
            Some(RunBefore { row: Some(row), modified_on, .. }) => (*row, *modified_on != run.modified_on),
            Some(RunBefore { row: None, .. }) => (RunId(0), false),
            None => (RunId(self.ctx.next_id(self.now)), true),
        };
        session.runs.iter().map(row).collect()
    }

    fn pins(&self, session: &Session, runs: &[(RunId, bool)]) -> String {
        let open = session.runs.iter().zip(runs).filter(|(run, _)| run.exited_on.is_none());
        let pin = |(run, (id, _)): (&Run, &(RunId, bool))| {
            let flow = self.ws.flow(run.flow.uuid).map_or(0, |flow| flow.id.0);
            let revision = run.program.as_ref().map_or(0, |program| program.revision);
            format!("{flow}:{revision}:{id}")
        };
        open.map(pin).collect::<Vec<_>>().join(",")
    }

    fn set_timers(&mut self, old: Option<&SessionRow>, row: &SessionRow) {
        let (workspace, contact) = (row.workspace, row.contact);
        let timer = |kind, due| Change::SetTimer(DueTimer { workspace, contact, kind, due, session: row.id });
        match row.wait_until {
            Some(due) => self.changes.push(timer(TimerKind::WaitTimeout, due)),
            None if old.is_some_and(|old| old.wait_until.is_some()) => {
                self.changes.push(Change::ClearTimer(workspace, contact, TimerKind::WaitTimeout, row.id));
            }
            None => {}
        }
        // A live session always has an expiry timer that is due no later than it expires, so an expiry that only
        // moves on needs no write.
        let had = old.and_then(|old| old.expires_on);
        match row.expires_on {
            Some(due) if had.is_none_or(|had| had > due) => self.changes.push(timer(TimerKind::Expiry, due)),
            None if had.is_some() => {
                self.changes.push(Change::ClearTimer(workspace, contact, TimerKind::Expiry, row.id));
            }
            Some(_) | None => {}
        }
        let had_effect = old.is_some_and(|old| old.wait_kind == Some(WaitKind::Effect));
        if row.wait_kind == Some(WaitKind::Effect) {
            self.changes.push(timer(TimerKind::EffectDeadline, self.now + EFFECT_DEADLINE));
        } else if had_effect {
            self.changes.push(Change::ClearTimer(workspace, contact, TimerKind::EffectDeadline, row.id));
        }
    }

    fn keep_event(&mut self, event: &Event, session: &Session, row: &SessionRow, runs: &[(RunId, bool)]) {
        match &event.kind {
            EventKind::MsgCreated(created) => self.send(event, &created.msg, session, row),
            EventKind::InputLabelsAdded(added) => {
                self.label(added);
                self.record(event, Some(row.id));
            }
            EventKind::ReminderSet(set) => {
                self.set_reminder(set);
                self.record(event, Some(row.id));
            }
            EventKind::ReminderCancelled(cancelled) => {
                self.cancel_reminders(&cancelled.key);
                self.record(event, Some(row.id));
            }
            EventKind::OutcomeRecorded(outcome) => {
                self.keep_outcome(outcome, self.flow_of(event, session), row.id);
                self.record(event, Some(row.id));
            }
            EventKind::ConsentRecorded(consent) => {
                self.consent_in_flow(consent, event.created_on);
                self.record(event, Some(row.id));
            }
            EventKind::ContactStatusChanged(changed) if changed.status != ContactStatus::Active => {
                self.cancel_reminders(&SmolStr::default());
                // What was queued before; what this flow said itself still goes.
                let reason = not_active(changed.status).unwrap_or_default().to_owned();
                self.take_back(&reason);
                if changed.status != ContactStatus::Blocked {
                    let (said, at) = (SmolStr::from(&reason), self.now);
                    self.changes.push(Change::EndSubscriptions(row.workspace, row.contact, said, at));
                }
                self.first.push(Change::DropQueued(row.workspace, row.contact, reason, self.now));
                self.record(event, Some(row.id));
            }
            EventKind::TicketOpened(_) => {
                let place =
                    event.origin.and_then(|origin| session.runs.iter().position(|r| r.uuid == origin.run));
                let run = place.and_then(|place| runs.get(place)).map(|(id, _)| *id);
                let flow = self.flow_of(event, session);
                self.keep_ticket(event, run.zip(flow));
                self.record(event, Some(row.id));
            }
            EventKind::TicketClosed(_)
            | EventKind::TicketReopened(_)
            | EventKind::TicketNoteAdded(_)
            | EventKind::TicketTopicChanged(_)
            | EventKind::TicketAssigneeChanged(_) => {
                self.keep_ticket(event, None);
                self.record(event, Some(row.id));
            }
            EventKind::SessionTriggered(triggered) => {
                self.record(event, Some(row.id));
                self.start_others(event, triggered);
            }
            EventKind::BroadcastCreated(created) => {
                self.record(event, Some(row.id));
                self.tell_others(event, created);
            }
            // Messages are their own table, waits are the session's, and being seen is the contact's.
            EventKind::MsgReceived(_)
            | EventKind::MsgWait(_)
            | EventKind::DialWait(_)
            | EventKind::ContactLastSeenChanged(_) => {}
            _ => self.record(event, Some(row.id)),
        }
    }

    /// Puts an event into the contact's history.
    pub(crate) fn record(&mut self, event: &Event, session: Option<SessionId>) {
        self.consent_of(event, session);
        let body = match serde_json::to_string(event) {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(%error, kind = event.kind.name(), "an event cannot be written down");
                return;
            }
        };
        self.tally_event(event.kind.name(), &body, event.created_on, session);
        if let EventKind::ResthookCalled(called) = &event.kind {
            self.changes.push(Change::Webhook(WebhookChange::Called(Box::new(ResthookEventRow {
                id: self.ctx.next_id(self.now),
                workspace: self.ws.row.id,
                slug: called.resthook.clone(),
                data: called.payload.to_string(),
                created_on: event.created_on,
            }))));
        }
        self.changes.push(Change::Event(Box::new(NewEvent {
            id: EventId(self.ctx.next_id(self.now)),
            workspace: self.ws.row.id,
            contact: self.person.row.id,
            session,
            kind: event.kind.name().into(),
            body,
            created_on: event.created_on,
        })));
    }

    fn label(&mut self, added: &InputLabelsAdded) {
        let Some(message) = self.message.as_ref().filter(|message| message.event == added.input_uuid) else {
            return;
        };
        for label in &added.labels {
            if let Some(label) = self.ws.label_id(label.uuid) {
                let (workspace, message) = (self.ws.row.id, message.id);
                self.changes.push(Change::Label(NewMessageLabel { workspace, message, label }));
            }
        }
    }

    fn run_row(&self, run: &Run, id: RunId, session: SessionId) -> RunRow {
        RunRow {
            id,
            workspace: self.ws.row.id,
            uuid: run.uuid,
            session,
            contact: self.person.row.id,
            flow: self.ws.flow(run.flow.uuid).map_or(FlowId(0), |flow| flow.id),
            status: run.status.name().into(),
            responded: run.had_input,
            results: results_json(run),
            created_on: run.created_on,
            modified_on: run.modified_on,
            exited_on: run.exited_on,
            path: run.exited_on.map(|_| path_json(run)),
            job: self.job,
        }
    }

    /// A message of the flow: a row, and unless it cannot go anywhere an outbox row.
    fn send(&mut self, event: &Event, message: &MsgOut, session: &Session, row: &SessionRow) {
        let flow = self.flow_of(event, session);
        self.put_out(event, message, flow, Some(row.status));
    }

    /// A message that no flow says.
    pub(crate) fn send_alone(&mut self, event: &Event, message: &MsgOut) {
        self.put_out(event, message, None, None);
    }

    fn put_out(
        &mut self,
        event: &Event,
        message: &MsgOut,
        flow: Option<FlowId>,
        session: Option<SessionStatus>,
    ) {
        let to = Recipient {
            contact: self.person.row.id,
            urn: message.urn.as_ref().and_then(|urn| self.person.urn_row(urn)),
        };
        let (mut new, item) = outgoing(self.ctx, &self.ws, self.now, to, event, message, (flow, session));
        // What a flow says is the flow's, also where a job started it.
        new.job = self.job.filter(|_| session.is_none());
        self.changes.push(Change::Message(Box::new(new)));
        if let Some(mut item) = item {
            item.rank = self.rank;
            self.queue(item, seconds_of(message.pause_seconds));
        }
    }

    fn queue(&mut self, item: OutboxItem, pause: SignedDuration) {
        self.changes.push(Change::Outbox(Box::new(outbox_row(&item, self.ctx.run_that_claims(), pause))));
        self.outbox.push(item);
    }

    /// Takes back what earlier sprints of this turn said, as if each had been a turn of its own: messages fail with the
    /// reason.
    fn take_back(&mut self, reason: &str) {
        let (changes, rows) = self.before_sprint;
        let later = self.changes.split_off(changes);
        self.changes.retain_mut(|change| match change {
            Change::Outbox(row) => row.message.is_none(),
            Change::Message(said) if is_queued(said) => {
                (said.status, said.reason) = (MessageStatus::Failed, Some(reason.to_owned()));
                true
            }
            _ => true,
        });
        let later_rows = self.outbox.split_off(rows);
        self.outbox.retain(|item| item.message.is_none());
        self.before_sprint = (self.changes.len(), self.outbox.len());
        self.changes.extend(later);
        self.outbox.extend(later_rows);
    }

    /// Something that the flow needs from outside.
    fn ask(&mut self, effect: &Effect, row: &SessionRow) {
        let kind = match effect {
            Effect::Webhook { .. } | Effect::Resthook { .. } => OutboxKind::Webhook,
            Effect::Llm { .. } => OutboxKind::Model,
            Effect::Airtime { .. } => OutboxKind::Airtime,
            Effect::Email { .. } => OutboxKind::Email,
            Effect::ClaimUrn { .. } => return,
        };
        let payload = match serde_json::to_string(effect) {
            Ok(payload) => payload,
            Err(error) => {
                // The deadline lets the flow go on as if nobody had answered.
                tracing::error!(%error, "an effect cannot be written down");
                return;
            }
        };
        self.queue(
            OutboxItem {
                id: OutboxId(self.ctx.next_id(self.now)),
                workspace: row.workspace,
                kind,
                contact: row.contact,
                channel: None,
                message: None,
                session: Some(row.id),
                message_uuid: None,
                urn: None,
                text: smol_str::SmolStr::default(),
                attachments: Vec::new(),
                quick_replies: None,
                detail: None,
                payload: Some(payload),
                rank: self.rank,
                attempts: 0,
                possibly_repeated: false,
                created_on: self.now,
            },
            SignedDuration::ZERO,
        );
    }

    fn flow_of(&self, event: &Event, session: &Session) -> Option<FlowId> {
        let origin = event.origin?;
        let run = session.runs.iter().find(|run| run.uuid == origin.run)?;
        self.ws.flow(run.flow.uuid).map(|flow| flow.id)
    }

    /// A received message's event identifier is its own.
    pub(crate) fn event_of(uuid: MessageUuid) -> EventUuid {
        EventUuid(uuid.0)
    }
}

/// How long the messages of a sprint hold each other back: a wait counts from when the last leaves.
fn pauses(sprint: &Sprint, progress: &Progress) -> SignedDuration {
    let events = progress.events.iter().chain(&sprint.events);
    let seconds = events.map(|event| match &event.kind {
        EventKind::MsgCreated(created) => created.msg.pause_seconds,
        _ => 0,
    });
    seconds_of(seconds.sum())
}

fn seconds_of(seconds: u32) -> SignedDuration {
    SignedDuration::from_secs(seconds.into())
}

/// Whether a message of ours has yet to leave.
fn is_queued(message: &NewMessage) -> bool {
    message.direction == Direction::Out && message.status == MessageStatus::Queued
}

/// The nodes that a run went through.
fn path_json(run: &Run) -> String {
    let Some(program) = &run.program else { return "[]".to_owned() };
    let steps = run.path.iter().filter_map(|step| {
        let node = program.nodes.get(usize::try_from(step.node).ok()?)?;
        Some(json!({"node": node.uuid, "time": step.arrived_on}))
    });
    Value::Array(steps.collect()).to_string()
}

/// Results by key, as the API gives them.
fn results_json(run: &Run) -> String {
    let mut results = Map::new();
    for (key, result) in &run.results {
        let mut value = json!({
            "name": result.name,
            "value": result.value,
            "category": result.category,
            "node_uuid": result.node,
            "input": result.input,
            "created_on": result.created_on,
        });
        if let Some(map) = value.as_object_mut() {
            if !result.category_localized.is_empty() {
                map.insert("category_localized".to_owned(), json!(result.category_localized));
            }
            if let Some(extra) = &result.extra {
                map.insert("extra".to_owned(), serde_json::to_value(extra).unwrap_or_default());
            }
        }
        results.insert(key.to_string(), value);
    }
    Value::Object(results).to_string()
}

/// Whether a session came to its end because its first flow expired.
fn expired(session: &Session) -> bool {
    session.runs.first().is_some_and(|run| run.status == RunStatus::Expired)
}
