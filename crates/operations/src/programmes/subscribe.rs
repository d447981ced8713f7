//! A subscription begins.

use std::sync::Arc;

use domain::{ContactId, MessageSetId, SessionId, SubscriptionId, SubscriptionUuid, WorkspaceId};
use jiff::{Timestamp, civil::Date};
use smol_str::SmolStr;
use store::{
    Change, Conversation, ConversationKey, DueTimer, ProgrammeEventKind, StoreError, SubscriptionRow,
    SubscriptionStatus, TimerKind,
};

use super::{
    Done, ProgrammeError, only,
    rules::{Rules, set_named, zone_of},
};
use crate::{
    Committed, Context, Workspace,
    batch::{self, StepFuture, Stepped},
    turn::Turn,
};

/// With which message somebody begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartAt {
    /// By the rules of the set: by the weeks from a day, which the contact's field says if it is not given.
    Placed {
        /// The day that the set's rule is about, such as the day on which a child is due.
        day: Option<Date>,
    },
    /// With this one.
    Message(u32),
}

/// What somebody is subscribed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscribeTo {
    /// Short name of the set.
    pub set: SmolStr,
    /// Whom it is about, if that is somebody else.
    pub about: Option<ContactId>,
    /// ISO 639-3 code; `None` for the contact's language.
    pub language: Option<SmolStr>,
    /// Another schedule than the set's.
    pub schedule: Option<SmolStr>,
    /// Where they begin.
    pub start: StartAt,
}

impl SubscribeTo {
    /// By the rules of a set.
    pub fn placed(set: &str, day: Option<Date>) -> Self {
        Self { set: set.into(), about: None, language: None, schedule: None, start: StartAt::Placed { day } }
    }
}

/// Subscribes a contact. Messages go strictly after now.
///
/// # Errors
/// [`ProgrammeError`]; nothing is written then.
pub async fn subscribe(
    ctx: &Context,
    workspace: WorkspaceId,
    contact: ContactId,
    to: SubscribeTo,
) -> Result<Committed<SubscriptionRow>, ProgrammeError> {
    let inputs = [(ConversationKey::Contact(workspace, contact), to)];
    let (mut ends, left) = batch::run(ctx, &inputs, step).await;
    only(ends.pop()).map(|row| Committed::new(row, left))
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    to: &'a SubscribeTo,
) -> StepFuture<'a, Done<SubscriptionRow>> {
    Box::pin(async move {
        let Some(conversation) = conversation else {
            return Ok(Stepped::nothing(Err(ProgrammeError::NoContact)));
        };
        let mut turn = Turn::of(ctx, ws, ctx.now(), conversation);
        let known = turn.subscriptions().await?;
        match turn.begin(to, &known, Origin::fresh(turn.now)) {
            Ok(row) => Ok(Stepped { unit: Some(turn.finish()), value: Ok(row) }),
            Err(error) => Ok(Stepped::nothing(Err(error))),
        }
    })
}

/// Out of what a subscription comes.
pub(super) struct Origin {
    /// Messages go strictly after this.
    pub begun: Timestamp,
    /// The one before.
    pub previous: Option<SubscriptionId>,
}

impl Origin {
    pub fn fresh(now: Timestamp) -> Self {
        Self { begun: now, previous: None }
    }
}

impl Turn<'_> {
    /// What the contact is or was subscribed to.
    pub(super) async fn subscriptions(&self) -> Result<Vec<SubscriptionRow>, StoreError> {
        if self.person.is_new() {
            return Ok(Vec::new());
        }
        self.ctx.store.contact_subscriptions(self.ws.row.id, self.contact_id()).await
    }

    /// Begins a subscription, unless it is one of those that go on already.
    pub(super) fn begin(
        &mut self,
        to: &SubscribeTo,
        known: &[SubscriptionRow],
        origin: Origin,
    ) -> Result<SubscriptionRow, ProgrammeError> {
        let ws = self.ws.clone();
        let set = set_named(&ws, &to.set)?;
        let contact = &self.person.contact;
        let rules = Rules::read(set, to.schedule.as_ref(), zone_of(&ws, contact))?;
        let about = to.about.unwrap_or(self.person.row.id);
        if known.iter().any(|row| is_active(row, about, set.id)) {
            return Err(ProgrammeError::Already(set.short_name.clone()));
        }
        let (anchor, initial) = rules.place(contact, &to.start, origin.begun)?;
        let next_due = rules.plan(anchor).run(initial, origin.begun);
        let next_due = next_due.ok_or_else(|| {
            ProgrammeError::Unusable(set.short_name.clone(), "its schedule never comes".to_owned())
        })?;
        let row = SubscriptionRow {
            id: SubscriptionId(self.ctx.next_id(self.now)),
            workspace: ws.row.id,
            uuid: SubscriptionUuid(self.ctx.host.uuid_v7()),
            contact: self.person.row.id,
            about,
            set: set.id,
            language: to.language.clone(),
            schedule: to.schedule.clone(),
            anchor,
            initial,
            next: initial,
            status: SubscriptionStatus::Active,
            reason: None,
            previous: origin.previous,
            begun_on: origin.begun,
            last_run: None,
            next_due: Some(next_due),
            sent: 0,
            left_out: 0,
            steps: 0,
            created_on: self.now,
            modified_on: self.now,
            ended_on: None,
        };
        self.changes.push(Change::NewSubscription(Box::new(row.clone())));
        self.set_programme_timer(&row);
        if about != row.contact {
            self.join(about, &SmolStr::default());
        }
        let detail = serde_json::json!({"set": set.short_name, "initial": initial});
        self.programme_event(ProgrammeEventKind::Subscribed, Some(row.id), None, Some(detail));
        Ok(row)
    }

    /// Sets the timer of the next message.
    pub(super) fn set_programme_timer(&mut self, row: &SubscriptionRow) {
        let (workspace, contact, kind) = (row.workspace, row.contact, TimerKind::Programme);
        let session = SessionId(row.id.0);
        self.changes.push(match row.next_due {
            Some(due) => Change::SetTimer(DueTimer { workspace, contact, kind, due, session }),
            None => Change::ClearTimer(workspace, contact, kind, session),
        });
    }

    /// Writes a subscription's new state with the timer that goes with it.
    pub(super) fn move_subscription(&mut self, row: SubscriptionRow) {
        self.set_programme_timer(&row);
        self.changes.push(Change::Subscription(Box::new(SubscriptionRow { modified_on: self.now, ..row })));
    }

    /// Ends a subscription.
    pub(super) fn end_subscription(
        &mut self,
        row: SubscriptionRow,
        status: SubscriptionStatus,
        reason: Option<SmolStr>,
    ) {
        let ended_on = Some(self.now);
        self.move_subscription(SubscriptionRow { status, reason, next_due: None, ended_on, ..row });
    }
}

fn is_active(row: &SubscriptionRow, about: ContactId, set: MessageSetId) -> bool {
    row.status == SubscriptionStatus::Active && row.about == about && row.set == set
}
