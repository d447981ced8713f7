//! Moments that have come: waits that time out, conversations that expire, effects that did not come back, messages
//! whose turn it is, reminders, points of campaigns, windows about to close, messages of programmes.

use std::sync::Arc;

use domain::EventUuid;
use flows::{Effect, EffectResult, Event, EventKind, Resume};
use jiff::SignedDuration;
use store::{
    Change, Conversation, ConversationKey, DueTimer, Priority, Rank, SessionRow, SessionStatus, StoreError,
    TimerKind, Unit, UnitError, WaitKind,
};

use crate::{
    Committed, Context, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    complete_effect::no_answer,
    context::Left,
    turn::{StepEnd, Turn},
};

/// How long a timer that fails is put off, so that those behind it have their turn.
const PUT_OFF: SignedDuration = SignedDuration::from_mins(5);

/// What firing due timers came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fired {
    /// Timers that were due, and are no more.
    pub due: usize,
    /// Of these, how many made a conversation go on.
    pub went_on: usize,
    /// Timers that could not be fired now; they are still there.
    pub left: usize,
    /// Timers that failed in a way that trying again at once does not mend; they are due again some minutes later.
    pub put_off: usize,
}

/// Fires up to `limit` due timers. Each is removed in the transaction that does its work; one whose session has
/// moved on does nothing, or is set to the session's new time. Call again while `due + put_off` reaches the limit.
pub async fn fire_timers(ctx: &Context, limit: usize) -> Result<Committed<Fired>, StoreError> {
    fire_timers_of(ctx, &TimerKind::ALL, limit).await
}

/// As [`fire_timers`], of these kinds alone.
pub async fn fire_timers_of(
    ctx: &Context,
    kinds: &[TimerKind],
    limit: usize,
) -> Result<Committed<Fired>, StoreError> {
    let timers = ctx.store.due_timers_of(kinds.to_vec(), ctx.now(), limit).await?;
    let mut fired = Fired::default();
    let mut left = Left::default();
    // A contact can have timers of several kinds due together; each sees what the one before did.
    for kind in TimerKind::ALL {
        let inputs: Vec<_> = timers
            .iter()
            .filter(|timer| timer.kind == kind)
            .map(|timer| (ConversationKey::Contact(timer.workspace, timer.contact), timer.clone()))
            .collect();
        let (ends, rows) = batch::run(ctx, &inputs, step).await;
        left.append(rows);
        let mut failed = Vec::new();
        for ((_, timer), end) in inputs.into_iter().zip(ends) {
            match end {
                Ok(went_on) => {
                    fired.due += 1;
                    fired.went_on += usize::from(went_on);
                }
                Err(BatchError::Gone) => fired.due += 1,
                Err(BatchError::Busy | BatchError::Duplicate) => fired.left += 1,
                Err(BatchError::Store(error)) if error.is_passing() => {
                    fired.left += 1;
                }
                Err(error @ (BatchError::Store(_) | BatchError::BrokeOff(_) | BatchError::NoWorkspace)) => {
                    let (contact, kind) = (timer.contact.0, timer.kind.as_str());
                    tracing::error!(%error, contact, kind, "a timer could not be fired; it is put off");
                    failed.push(timer);
                }
            }
        }
        let all = failed.len();
        let moved = put_off(ctx, failed).await;
        fired.put_off += moved;
        fired.left += all - moved;
    }
    Ok(Committed::new(fired, left))
}

/// Moves timers that failed behind those that are due now; answers how many. Without asking for their contacts:
/// those may be what cannot be read.
async fn put_off(ctx: &Context, failed: Vec<DueTimer>) -> usize {
    if failed.is_empty() {
        return 0;
    }
    let due = ctx.now() + PUT_OFF;
    let later = |timer: DueTimer| {
        let again = Change::SetTimer(DueTimer { due, ..timer.clone() });
        Unit::new(vec![Change::TakeTimer(timer), again])
    };
    match ctx.write(failed.into_iter().map(later).collect()).await {
        Ok(ends) => ends.iter().filter(|end| matches!(end, Ok(_) | Err(UnitError::Gone))).count(),
        Err(error) => {
            tracing::error!(%error, "timers that failed could not be put off");
            0
        }
    }
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    timer: &'a DueTimer,
) -> StepFuture<'a, bool> {
    Box::pin(async move {
        let Some(conversation) = conversation else {
            let unit = Unit::new(vec![Change::TakeTimer(timer.clone())]);
            return Ok(Stepped { unit: Some((unit, Vec::new())), value: false });
        };
        let now = ctx.now();
        let asked = (timer.kind == TimerKind::EffectDeadline).then_some(timer.session);
        let (ws, background) = batch::in_background(ctx, ws, &conversation, asked).await?;
        let mut turn = Turn::of(ctx, ws, now, conversation).ranked(rank_of(timer.kind));
        turn.changes.push(Change::TakeTimer(timer.clone()));
        let went_on = match (timer.kind, background) {
            (TimerKind::WaitTimeout, _) => turn.time_out(timer).await?,
            (TimerKind::Expiry, _) => turn.expire(timer).await?,
            (TimerKind::Parked, _) => !turn.waits_for_effect(),
            (TimerKind::Reminder, _) => turn.remind(timer).await?,
            (TimerKind::Campaign, _) => turn.campaign_comes(timer).await?,
            (TimerKind::WindowEnd, _) => turn.window_ends(timer).await?,
            (TimerKind::Programme, _) => {
                turn.programme_due(timer).await?;
                false
            }
            (TimerKind::EffectDeadline, None) => turn.give_up_effect(timer).await?,
            (TimerKind::EffectDeadline, Some(row)) => turn.give_up_in_background(row).await?,
        };
        if went_on {
            turn.drain_pending().await?;
        }
        Ok(Stepped { unit: Some(turn.finish()), value: went_on })
    })
}

/// What weight has what a timer makes a contact hear.
fn rank_of(kind: TimerKind) -> Rank {
    Rank::of(match kind {
        // They wrote, and the message waited its turn.
        TimerKind::Parked => Priority::Reply,
        TimerKind::WaitTimeout | TimerKind::Expiry | TimerKind::EffectDeadline => Priority::Conversation,
        TimerKind::Reminder | TimerKind::WindowEnd | TimerKind::Campaign => Priority::OneOff,
        TimerKind::Programme => Priority::Bulk,
    })
}

impl Turn<'_> {
    async fn time_out(&mut self, timer: &DueTimer) -> Result<bool, StoreError> {
        let live = self.live.as_ref().filter(|live| live.row.id == timer.session);
        let Some(until) = live.and_then(|live| live.row.wait_until) else { return Ok(false) };
        if until <= self.now {
            return self.resume_with(EventKind::WaitTimedOut {}).await;
        }
        // The clock was put back since the timer was found due. It is taken, and the wait would never end.
        self.changes.push(Change::SetTimer(DueTimer { due: until, ..timer.clone() }));
        Ok(false)
    }

    async fn expire(&mut self, timer: &DueTimer) -> Result<bool, StoreError> {
        let Some(live) = &mut self.live else { return Ok(false) };
        let due = match live.row.expires_on {
            Some(due) if due <= self.now && live.row.wait_kind != Some(WaitKind::Effect) => {
                // The timer is spent: an outer flow that goes on now needs another.
                live.row.expires_on = None;
                let row = live.row.clone();
                let taken = self.resume_with(EventKind::WaitExpired {}).await?;
                if !taken && self.live.take().is_some() {
                    // Nothing else would ever end it.
                    tracing::error!(session = %row.uuid, "a session did not take its expiry; it is ended");
                    self.end_session(&row, SessionStatus::Expired);
                }
                return Ok(true);
            }
            Some(due) => due,
            None => return Ok(false),
        };
        // The conversation went on since the timer was set, or waits for an effect that has its own deadline.
        let due = due.max(self.now + SignedDuration::from_secs(1));
        let session = live.row.id;
        self.changes.push(Change::SetTimer(DueTimer { due, session, ..timer.clone() }));
        Ok(false)
    }

    async fn give_up_effect(&mut self, timer: &DueTimer) -> Result<bool, StoreError> {
        let Some(live) = self.live.as_ref().filter(|live| live.row.id == timer.session) else {
            return Ok(false);
        };
        if live.row.wait_kind != Some(WaitKind::Effect) {
            return Ok(false);
        }
        let row = live.row.clone();
        let end = match self.answer_instead(&row).await? {
            Some(answer) => self.complete(answer).await?,
            None => StepEnd::NotTaken(None),
        };
        if matches!(end, StepEnd::NotTaken(_)) && self.live.take().is_some() {
            // What it waits for can no longer be told: end it rather than leave the contact stuck.
            self.end_session(&row, SessionStatus::Failed);
        }
        Ok(true)
    }

    async fn give_up_in_background(&mut self, row: SessionRow) -> Result<bool, StoreError> {
        let answer = self.answer_instead(&row).await?;
        self.complete_in_background(row, answer).await?;
        Ok(true)
    }

    /// Takes back what a session asked for; what it is told instead, if that can still be known.
    async fn answer_instead(&mut self, row: &SessionRow) -> Result<Option<EffectResult>, StoreError> {
        let (workspace, contact, session) = (row.workspace, row.contact, row.id);
        let item = self.ctx.store.session_effect(workspace, contact, session).await?;
        let effect = item.and_then(|item| serde_json::from_str::<Effect>(item.payload.as_deref()?).ok());
        self.changes.push(Change::CancelEffects(workspace, contact, session));
        Ok(effect.as_ref().and_then(|effect| no_answer(effect, "no answer in time")))
    }

    async fn resume_with(&mut self, kind: EventKind) -> Result<bool, StoreError> {
        let uuid = EventUuid(self.ctx.host.uuid_v7());
        let event = Event::new(uuid, self.now, kind);
        match Resume::from_event(event) {
            Ok(resume) => Ok(matches!(self.resume(resume).await?, StepEnd::Taken(_))),
            Err(_) => Ok(false),
        }
    }
}
