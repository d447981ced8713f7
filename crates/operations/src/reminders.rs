//! What flows set for later and what they achieved: reminders and outcomes.

use std::sync::Arc;

use domain::{ContactStatus, FlowId, OutcomeId, Reference, ReminderId, SessionId};
use flows::{
    Event, EventKind, Trigger, TriggerKind,
    events::{OutcomeRecorded, Problem, ReminderSet},
};
use jiff::SignedDuration;
use smol_str::SmolStr;
use store::{Change, DueTimer, MAX_REMINDERS, OutcomeRow, ReminderMode, ReminderRow, StoreError, TimerKind};

use crate::turn::{StepEnd, Turn};

/// How long a reminder, or a flow before the end of a window, waits for an effect of the conversation to come back.
const BUSY_PAUSE: SignedDuration = SignedDuration::from_secs(5);

impl Turn<'_> {
    /// Makes an error of each reminder that is one too many, so that the history does not say that it is set.
    pub(crate) async fn hold_reminders_to_limit(&self, events: &mut [Event]) -> Result<(), StoreError> {
        if !events.iter().any(|event| matches!(event.kind, EventKind::ReminderSet(_))) {
            return Ok(());
        }
        let (workspace, contact) = (self.ws.row.id, self.person.row.id);
        let known = self.ctx.store.contact_reminders(workspace, contact).await?;
        let mut keys: Vec<SmolStr> = known.into_iter().map(|reminder| reminder.key).collect();
        for event in events {
            match &event.kind {
                EventKind::ReminderSet(set) if keys.contains(&set.key) => {}
                EventKind::ReminderSet(set) if keys.len() >= MAX_REMINDERS => {
                    let text =
                        format!("Reminder '{}' is not set: the contact has {MAX_REMINDERS} already", set.key);
                    event.kind = EventKind::Error(Problem { text, code: None, extra: None });
                }
                EventKind::ReminderSet(set) => keys.push(set.key.clone()),
                EventKind::ReminderCancelled(cancelled) => {
                    keys.retain(|key| !cancelled.key.is_empty() && *key != cancelled.key);
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(crate) fn set_reminder(&mut self, set: &ReminderSet) {
        let Some(flow) = self.ws.flow(set.flow.uuid).map(|flow| flow.id) else { return };
        let params = (!set.params.is_empty()).then(|| serde_json::to_string(&set.params).unwrap_or_default());
        self.changes.push(Change::SetReminder(Box::new(ReminderRow {
            id: ReminderId(self.ctx.next_id(self.now)),
            workspace: self.ws.row.id,
            contact: self.person.row.id,
            key: set.key.clone(),
            flow,
            params,
            mode: ReminderMode::parse(&set.mode).unwrap_or(ReminderMode::Interrupt),
            due: set.due,
            created_on: self.now,
        })));
    }

    pub(crate) fn cancel_reminders(&mut self, key: &SmolStr) {
        let key = (!key.is_empty()).then(|| key.clone());
        self.changes.push(Change::CancelReminders(self.ws.row.id, self.person.row.id, key));
    }

    pub(crate) fn keep_outcome(
        &mut self,
        outcome: &OutcomeRecorded,
        flow: Option<FlowId>,
        session: SessionId,
    ) {
        self.changes.push(Change::Outcome(Box::new(OutcomeRow {
            id: OutcomeId(self.ctx.next_id(self.now)),
            workspace: self.ws.row.id,
            contact: self.person.row.id,
            session,
            flow: flow.unwrap_or_default(),
            ticket: outcome.ticket_uuid,
            name: outcome.name.clone(),
            value: outcome.value.clone(),
            day: self.ws.day(self.now),
            created_on: self.now,
        })));
    }

    /// A reminder's moment has come. Its timer is taken already.
    pub(crate) async fn remind(&mut self, timer: &DueTimer) -> Result<bool, StoreError> {
        let id = ReminderId(timer.session.0);
        let Some(reminder) = self.ctx.store.reminder(timer.workspace, id).await? else { return Ok(false) };
        if self.waits_for_effect() {
            self.try_later(timer);
            return Ok(false);
        }
        self.cancel_reminders(&reminder.key);
        let skips = reminder.mode == ReminderMode::Skip && self.live.is_some();
        if skips || self.person.contact.status != ContactStatus::Active {
            return Ok(false);
        }
        let params = reminder.params.as_deref().and_then(|params| serde_json::from_str(params).ok());
        self.start_unasked(reminder.flow, "reminder", params).await
    }

    pub(crate) fn try_later(&mut self, timer: &DueTimer) {
        let due = self.now + BUSY_PAUSE;
        self.changes.push(Change::SetTimer(DueTimer { due, ..timer.clone() }));
    }

    /// Starts a flow that neither a person nor a message asked for.
    pub(crate) async fn start_unasked(
        &mut self,
        flow: FlowId,
        origin: &'static str,
        params: Option<serde_json::Value>,
    ) -> Result<bool, StoreError> {
        let flow =
            self.ws.flow_by_id(flow).map(|flow| Reference { uuid: flow.uuid, name: flow.name.clone() });
        let Some(flow) = flow else { return Ok(false) };
        let kind = TriggerKind::Manual { user: None, origin: Some(SmolStr::new_static(origin)) };
        let mut trigger = Trigger::new(flow, self.now, kind);
        trigger.params = params.map(Arc::new);
        match self.start(trigger).await? {
            StepEnd::Taken(_) => Ok(true),
            StepEnd::NotTaken(reason) => {
                tracing::warn!(origin, reason, kind = TimerKind::Reminder.as_str(), "no flow began");
                Ok(false)
            }
        }
    }
}
