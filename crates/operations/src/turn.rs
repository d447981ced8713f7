//! One contact's part in an operation: conversation in memory, engine calls, and the changes that come of them.
//!
//! A turn never touches the store except to ask whether an address is free; what it gathers is committed as one
//! unit, or thrown away and made again from fresh rows.

use std::{collections::VecDeque, panic::AssertUnwindSafe, sync::Arc};

use domain::{Contact, ContactStatus, EventUuid, FlowId, JobId, MessageId, SessionId, Urn};
use flows::{
    Effect, EffectResult, Engine, Event, EventKind, Resume, Session, Sprint, Trigger,
    events::ContactStatusChanged,
};
use jiff::Timestamp;
use store::{
    Change, ChannelRow, ConsentSource, Conversation, ConversationKey, DueTimer, OutboxItem, PendingMessage,
    Priority, Rank, SessionRow, SessionStatus, StoreError, Tally, TimerKind, Unit, WaitKind,
};

use crate::{
    Context, Workspace,
    person::Person,
    sprint::{Progress, RunBefore},
    tallies,
};

/// The message that a step is about.
#[derive(Debug, Clone)]
pub(crate) struct CurrentMessage {
    pub id: MessageId,
    pub event: EventUuid,
}

/// A session that waits, as stored and as the engine knows it.
pub(crate) struct Live {
    pub row: SessionRow,
    pub session: Session,
}

/// What a step of the engine came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StepEnd {
    /// The engine took it.
    Taken(Option<FlowId>),
    /// No flow took it; the reason, if it should not be so.
    NotTaken(Option<String>),
}

/// One contact's part in an operation.
pub(crate) struct Turn<'c> {
    pub ctx: &'c Context,
    pub ws: Arc<Workspace>,
    pub now: Timestamp,
    pub person: Person,
    pub live: Option<Live>,
    pub pending: VecDeque<PendingMessage>,
    /// Whether more messages wait than `pending` was loaded with.
    pub more_pending: bool,
    pub message: Option<CurrentMessage>,
    /// What weight has what this turn sends.
    pub rank: Rank,
    /// The job that it is a part of.
    pub job: Option<JobId>,
    /// Inserts of inbound messages: first in the unit, so that a duplicate is seen as one before anything else.
    pub first: Vec<Change>,
    pub changes: Vec<Change>,
    pub outbox: Vec<OutboxItem>,
    /// How many of `changes` and of `outbox` were there before the sprint that is kept now.
    pub before_sprint: (usize, usize),
    /// By which way a consent comes that follows a change of the status; found by the event without it.
    pub consent_by: Option<ConsentSource>,
    /// Whether the consent that a change of the status is was kept already.
    pub consent_kept: bool,
    /// Whether a consent was kept before the message that brought it.
    pub names_consents: bool,
    /// Whether the contact is one who opted out.
    pub was_stopped: bool,
    /// What the unit counts.
    pub tallies: Vec<(Tally, i64)>,
}

impl<'c> Turn<'c> {
    pub fn new(ctx: &'c Context, ws: Arc<Workspace>, now: Timestamp, person: Person) -> Self {
        let was_stopped = person.contact.status == ContactStatus::Stopped;
        Self {
            consent_by: None,
            consent_kept: false,
            names_consents: false,
            was_stopped,
            ctx,
            ws,
            now,
            person,
            live: None,
            pending: VecDeque::new(),
            more_pending: false,
            message: None,
            rank: Rank::of(Priority::OneOff),
            job: None,
            first: Vec::new(),
            changes: Vec::new(),
            outbox: Vec::new(),
            before_sprint: (0, 0),
            tallies: Vec::new(),
        }
    }

    /// A turn of a contact that is known. A session that cannot be read any more is failed here, so that the
    /// contact is not stuck in it.
    pub fn of(ctx: &'c Context, ws: Arc<Workspace>, now: Timestamp, conversation: Conversation) -> Self {
        let person = Person::known(&conversation, &ws);
        let mut turn = Self::new(ctx, ws, now, person);
        (turn.pending, turn.more_pending) = (conversation.pending.into(), conversation.more_pending);
        if let Some(row) = conversation.session {
            match Session::decode(&row.state, &turn.ws.assets) {
                Ok(session) => turn.live = Some(Live { row, session }),
                Err(error) => {
                    tracing::error!(session = %row.uuid, %error, "a stored session cannot be read; it is failed");
                    turn.end_session(&row, SessionStatus::Failed);
                }
            }
        }
        turn
    }

    /// The turn with another weight of what it sends than that of something started for one person.
    pub fn ranked(mut self, rank: Rank) -> Self {
        self.rank = rank;
        self
    }

    /// The turn as a part of a job.
    pub fn part_of(mut self, job: JobId) -> Self {
        self.job = Some(job);
        self
    }

    /// Whether the session waits for an effect: messages wait their turn then.
    pub fn waits_for_effect(&self) -> bool {
        self.live.as_ref().is_some_and(|live| live.row.wait_kind == Some(WaitKind::Effect))
    }

    /// Whether a message has to wait its turn behind an effect or behind others that wait.
    pub fn parks(&self) -> bool {
        self.waits_for_effect() || !self.pending.is_empty() || self.more_pending
    }

    /// They wrote: they are seen, and a contact that had stopped wants to hear from us again.
    pub fn seen(&mut self, urn: &Urn, channel: &ChannelRow, at: Timestamp) {
        self.tally_seen(at);
        self.person.wrote_from(urn, channel, at);
        match self.person.contact.status {
            ContactStatus::Active | ContactStatus::Blocked => {}
            ContactStatus::Stopped | ContactStatus::Archived => {
                self.consent_by = Some(ConsentSource::Message);
                self.set_status(ContactStatus::Active);
                self.consent_by = None;
                self.names_consents = true;
            }
        }
    }

    /// Changes the contact's status, with the event.
    pub fn set_status(&mut self, status: ContactStatus) {
        self.person.contact.status = status;
        self.person.doubt_groups();
        let uuid = EventUuid(self.ctx.host.uuid_v7());
        let kind = EventKind::ContactStatusChanged(ContactStatusChanged { status });
        let event = Event::new(uuid, self.now, kind);
        self.record(&event, None);
    }

    /// Ends a session in the store, with everything that waits on it. One in the background leaves the contact and
    /// the timers of the conversation in front as they are.
    pub fn end_session(&mut self, row: &SessionRow, status: SessionStatus) {
        let (workspace, contact) = (row.workspace, row.contact);
        self.changes.push(Change::EndSession(workspace, row.id, status, self.now));
        self.tally_ended(row, status);
        if row.wait_kind == Some(WaitKind::Effect) {
            self.changes.push(Change::CancelEffects(workspace, contact, row.id));
            self.changes.push(Change::ClearTimer(workspace, contact, TimerKind::EffectDeadline, row.id));
        }
        if self.person.row.session != Some(row.id) {
            return;
        }
        if row.wait_until.is_some() {
            self.changes.push(Change::ClearTimer(workspace, contact, TimerKind::WaitTimeout, row.id));
        }
        self.changes.push(Change::ClearTimer(workspace, contact, TimerKind::Expiry, row.id));
        self.person.row.session = None;
        self.person.row.flow = None;
    }

    /// Ends the session in front as interrupted, with events that say so. Answers whether there was one.
    pub fn interrupt(&mut self) -> bool {
        let Some(mut live) = self.live.take() else { return false };
        let events = {
            let engine = Engine::new(&self.ws.assets, &self.ws.env, &*self.ctx.host);
            engine.interrupt(&mut live.session)
        };
        for event in &events {
            self.record(event, Some(live.row.id));
        }
        self.end_session(&live.row, SessionStatus::Interrupted);
        true
    }

    /// Starts a flow. One that can wait takes the place of the session that waits now; one in the background
    /// leaves it alone.
    pub async fn start(&mut self, trigger: Trigger) -> Result<StepEnd, StoreError> {
        let flow = trigger.flow.uuid;
        let in_background = self
            .ws
            .assets
            .flow(flow)
            .is_some_and(|program| program.flow_type == flows::FlowType::MessagingBackground);
        let started = self.engine(|engine, contact| {
            engine.start(contact, trigger, None).map_err(|error| error.to_string())
        });
        let sprint = match started {
            Ok(sprint) => sprint,
            Err(reason) => return Ok(StepEnd::NotTaken(Some(reason))),
        };
        if !in_background {
            self.interrupt();
        }
        let id = SessionId(self.ctx.next_id(self.now));
        let progress = Progress::begin(id, self.now, in_background);
        self.go_on(sprint, progress).await?;
        Ok(StepEnd::Taken(self.ws.flow(flow).map(|flow| flow.id)))
    }

    /// Goes on with the session that waits. If the wait does not take it, the session stays as it is.
    pub async fn resume(&mut self, resume: Resume) -> Result<StepEnd, StoreError> {
        self.go_on_in_front(|engine, session, contact| engine.resume(session, contact, resume)).await
    }

    /// Goes on with the answer to the effect that the session waits for.
    pub async fn complete(&mut self, result: EffectResult) -> Result<StepEnd, StoreError> {
        self.go_on_in_front(|engine, session, contact| engine.complete(session, contact, result)).await
    }

    /// Goes on with the answer to the effect that a session in the background waits for. `None`, and one that it
    /// does not take, end the session: nothing else would ever wake it.
    pub async fn complete_in_background(
        &mut self,
        row: SessionRow,
        result: Option<EffectResult>,
    ) -> Result<(), StoreError> {
        let refused = match (Session::decode(&row.state, &self.ws.assets), result) {
            (Ok(session), Some(result)) => {
                let live = Live { row, session };
                let step = |engine: &Engine<'_>, session, contact: &mut Contact| {
                    engine.complete(session, contact, result)
                };
                match self.go_on_with(live, true, step).await? {
                    (StepEnd::NotTaken(reason), Some(live)) => Some((live.row, reason.unwrap_or_default())),
                    (StepEnd::Taken(_) | StepEnd::NotTaken(_), _) => None,
                }
            }
            (Ok(_), None) => Some((row, "nobody can answer it".to_owned())),
            (Err(error), _) => Some((row, error.to_string())),
        };
        if let Some((row, reason)) = refused {
            tracing::error!(session = %row.uuid, reason, "a session in the background cannot go on; it is failed");
            self.end_session(&row, SessionStatus::Failed);
        }
        Ok(())
    }

    async fn go_on_in_front(
        &mut self,
        step: impl FnOnce(&Engine<'_>, Session, &mut Contact) -> Result<Sprint, flows::ResumeError>,
    ) -> Result<StepEnd, StoreError> {
        let Some(live) = self.live.take() else { return Ok(StepEnd::NotTaken(None)) };
        let (end, refused) = self.go_on_with(live, false, step).await?;
        if refused.is_some() {
            self.live = refused;
        }
        Ok(end)
    }

    /// Goes on with a session. One that does not take what it is given comes back.
    async fn go_on_with(
        &mut self,
        Live { row, session }: Live,
        in_background: bool,
        step: impl FnOnce(&Engine<'_>, Session, &mut Contact) -> Result<Sprint, flows::ResumeError>,
    ) -> Result<(StepEnd, Option<Live>), StoreError> {
        let flow = session.current_flow();
        let before = RunBefore::all(&session, &row.pins);
        let mut refused = None;
        let stepped = self.engine(|engine, contact| {
            step(engine, session, contact).map_err(|error| {
                let reason = error.reason.to_string();
                refused = Some(*error.session);
                reason
            })
        });
        match (stepped, refused) {
            (Ok(sprint), _) => {
                self.go_on(sprint, Progress::of(&row, before, in_background)).await?;
                let flow = flow.and_then(|uuid| self.ws.flow(uuid)).map(|flow| flow.id);
                Ok((StepEnd::Taken(flow), None))
            }
            (Err(reason), Some(session)) => {
                Ok((StepEnd::NotTaken(Some(reason)), Some(Live { row, session })))
            }
            (Err(reason), None) => {
                // The engine broke off in the middle: what it was given is gone, and the same input would break
                // it again. The session is failed so that the contact can go on.
                self.end_session(&row, SessionStatus::Failed);
                Ok((StepEnd::NotTaken(Some(reason)), None))
            }
        }
    }

    /// Answers what the turn can answer itself, then keeps what the sprint came to.
    async fn go_on(&mut self, mut sprint: Sprint, mut progress: Progress) -> Result<(), StoreError> {
        while let Some(Effect::ClaimUrn { urn }) = &sprint.effect {
            let free = self.is_free(urn).await?;
            progress.events.append(&mut sprint.events);
            let session = sprint.session;
            let completed = self.engine(|engine, contact| {
                engine
                    .complete(session, contact, EffectResult::UrnClaimed { free })
                    .map_err(|error| error.reason.to_string())
            });
            match completed {
                Ok(next) => sprint = next,
                Err(reason) => {
                    tracing::error!(%reason, "a session broke off while it added an address; it is failed");
                    self.fail_unwritten(progress);
                    return Ok(());
                }
            }
        }
        self.hold_reminders_to_limit(&mut sprint.events).await?;
        self.hold_reminders_to_limit(&mut progress.events).await?;
        self.keep(sprint, progress);
        Ok(())
    }

    pub(crate) async fn is_free(&self, urn: &Urn) -> Result<bool, StoreError> {
        let key = ConversationKey::Urn(self.ws.row.id, urn.clone());
        let owner = self.ctx.store.load_conversations(vec![key]).await?.conversations.pop().flatten();
        Ok(owner.is_none_or(|owner| owner.contact.id == self.person.row.id))
    }

    /// Calls the engine. A panic in it is a defect of ours, not of the message: it becomes a reason, and the
    /// contact is as before.
    fn engine(
        &mut self,
        call: impl FnOnce(&Engine<'_>, &mut Contact) -> Result<Sprint, String>,
    ) -> Result<Sprint, String> {
        let before = self.person.contact.clone();
        let ws = self.ws.clone();
        let host = self.ctx.host.clone();
        let groups_are_right = self.person.row.groups_as_of == ws.row.definitions_version;
        let contact = &mut self.person.contact;
        let called = std::panic::catch_unwind(AssertUnwindSafe(|| {
            let engine = Engine { groups_are_right, ..Engine::new(&ws.assets, &ws.env, &*host) };
            call(&engine, contact)
        }));
        match called {
            Ok(Ok(sprint)) => {
                let as_of = if sprint.groups_are_right { ws.row.definitions_version } else { 0 };
                self.person.row.groups_as_of = as_of;
                Ok(sprint)
            }
            Ok(Err(reason)) => {
                self.person.contact = before;
                Err(reason)
            }
            Err(panic) => {
                self.person.contact = before;
                let said = crate::batch::words_of(&*panic);
                tracing::error!(contact = %self.person.row.uuid, said, "the flow engine broke off");
                Err(format!("the flow engine broke off: {said}"))
            }
        }
    }

    /// Everything as one unit, and what the dispatcher gets once it is committed.
    pub fn finish(mut self) -> (Unit, Vec<OutboxItem>) {
        if self.names_consents {
            self.name_message_of_consents();
        }
        self.person.settle(self.ctx, &self.ws, self.now, &mut self.changes);
        self.plan_campaigns();
        if self.more_pending && !self.waits_for_effect() {
            let (workspace, contact) = (self.ws.row.id, self.person.row.id);
            let (kind, due, session) = (TimerKind::Parked, self.now, SessionId(0));
            self.changes.push(Change::SetTimer(DueTimer { workspace, contact, kind, due, session }));
        }
        let mut tallies = self.tallies;
        tallies.extend(tallies::of_person(&self.person, &self.ws, self.now));
        let mut changes = self.first;
        changes.reserve(self.changes.len() + 2);
        changes.push(self.person.guard(self.ctx, self.now));
        changes.append(&mut self.changes);
        if !tallies.is_empty() {
            changes.push(Change::Tallies(tallies));
        }
        (Unit::new(changes), self.outbox)
    }
}
