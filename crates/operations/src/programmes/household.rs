//! Households: fathers, grandmothers and friends who get messages about somebody.

use domain::{ContactId, HouseholdId, HouseholdUuid, WorkspaceId};
use jiff::civil::Date;
use smol_str::SmolStr;
use store::{
    Change, Conversation, ConversationKey, HouseholdChange, NewMember, ProgrammeEventKind, SubscriptionRow,
    SubscriptionStatus,
};

use super::{
    Done, ProgrammeError, StartAt, SubscribeTo, only,
    rules::{Rules, set_named, zone_of},
    subscribe::Origin,
};
use crate::{
    Committed, ContactEdit, Context, Whom, Workspace,
    batch::{self, MAX_TRIES, StepFuture, Stepped},
    save_contact::{edit_person, key_of, turn_of},
    turn::Turn,
};

/// People of one household.
pub const MAX_MEMBERS: usize = 20;

/// Somebody of a household who gets messages about another.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// Who it is.
    pub whom: Whom,
    /// What is known of them.
    pub edit: ContactEdit,
    /// What they are to that person, such as `father`.
    pub role: SmolStr,
    /// What they get.
    pub subscribe: Vec<SubscribeTo>,
}

/// Somebody who was added to a household.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    /// Who.
    pub contact: (ContactId, domain::ContactUuid),
    /// Whether they were not known before.
    pub made: bool,
    /// What they get.
    pub subscriptions: Vec<SubscriptionRow>,
}

/// Adds somebody to the household of a contact: who it is, what they are, and what they get about that contact from now on
/// are one transaction. Who gets a set already goes on as they were.
///
/// # Errors
/// [`ProgrammeError`]; nothing is written then.
pub async fn join_household(
    ctx: &Context,
    workspace: WorkspaceId,
    about: ContactId,
    receiver: Receiver,
) -> Result<Committed<Joined>, ProgrammeError> {
    for _ in 0..MAX_TRIES {
        let keys = vec![
            ConversationKey::Contact(workspace, about),
            key_of(workspace, &receiver.whom, &receiver.edit),
        ];
        let loaded = batch::load(ctx, workspace, keys).await?;
        let Some((ws, mut people)) = loaded else { return Err(ProgrammeError::NoContact) };
        let theirs = people.pop().flatten();
        let Some(head) = people.pop().flatten() else { return Err(ProgrammeError::NoContact) };
        if theirs.as_ref().is_some_and(|them| them.contact.id == about) {
            return Err(ProgrammeError::Themselves);
        }
        let known = ctx.store.list_households(
            workspace,
            store::HouseholdsOf::About(about),
            store::Walk { from: None, up: true, limit: 1 },
        );
        if known.await?.first().is_some_and(|household| household.members.len() >= MAX_MEMBERS) {
            return Err(ProgrammeError::TooManyMembers);
        }
        let head = Turn::of(ctx, ws.clone(), ctx.now(), head);
        let joined = joined(ctx, &ws, &Head::of(&head), theirs, &receiver).await?;
        let (joined, unit, rows) = joined?;
        match batch::commit(ctx, unit.changes, rows).await {
            Ok(Some(left)) => return Ok(Committed::new(joined, left)),
            Ok(None) => {}
            Err(error) => return only(Some(Err(error))),
        }
    }
    Err(ProgrammeError::Busy)
}

/// The person whom messages are about.
pub(super) struct Head {
    pub id: ContactId,
    contact: domain::Contact,
    /// The day that was given for them.
    pub day: Option<Date>,
}

impl Head {
    pub fn of(turn: &Turn<'_>) -> Self {
        Self { id: turn.person.row.id, contact: turn.person.contact.clone(), day: None }
    }

    /// A subscription about them: their day counts, and not that of whoever gets the messages.
    fn about(&self, ws: &Workspace, to: &SubscribeTo) -> Result<SubscribeTo, ProgrammeError> {
        let mut to = SubscribeTo { about: Some(self.id), ..to.clone() };
        if to.start == (StartAt::Placed { day: None }) {
            let set = set_named(ws, &to.set)?;
            let rules = Rules::read(set, to.schedule.as_ref(), zone_of(ws, &self.contact))?;
            to.start = StartAt::Placed { day: rules.day(&self.contact, self.day) };
        }
        Ok(to)
    }
}

/// One who joins: what is to be committed.
pub(super) async fn joined(
    ctx: &Context,
    ws: &std::sync::Arc<Workspace>,
    head: &Head,
    theirs: Option<Conversation>,
    receiver: &Receiver,
) -> Result<Done<(Joined, store::Unit, Vec<store::OutboxItem>)>, store::StoreError> {
    let mut turn = match turn_of(ctx, ws.clone(), &receiver.whom, theirs) {
        Ok(turn) => turn,
        Err(refusal) => return Ok(Err(ProgrammeError::Person(refusal.into()))),
    };
    let made = turn.person.is_new();
    if let Err(refusal) = edit_person(&mut turn, &receiver.edit).await? {
        return Ok(Err(ProgrammeError::Person(refusal.into())));
    }
    turn.join(head.id, &receiver.role);
    let mut subscriptions = turn.subscriptions().await?;
    let before = subscriptions.len();
    for to in &receiver.subscribe {
        let begun =
            head.about(ws, to).and_then(|to| turn.begin(&to, &subscriptions, Origin::fresh(turn.now)));
        match begun {
            Ok(row) => subscriptions.push(row),
            Err(ProgrammeError::Already(_)) => {}
            Err(error) => return Ok(Err(error)),
        }
    }
    let subscriptions = subscriptions.split_off(before);
    let contact = (turn.person.row.id, turn.person.row.uuid);
    turn.drain_pending().await?;
    let (unit, rows) = turn.finish();
    Ok(Ok((Joined { contact, made, subscriptions }, unit, rows)))
}

/// Takes somebody out of the household of a contact: what they get about that contact ends in the same transaction.
/// Answers how many subscriptions ended.
///
/// # Errors
/// [`ProgrammeError`]; nothing is written then.
pub async fn leave_household(
    ctx: &Context,
    workspace: WorkspaceId,
    about: ContactId,
    contact: ContactId,
) -> Result<Committed<usize>, ProgrammeError> {
    let inputs = [(ConversationKey::Contact(workspace, contact), about)];
    let (mut ends, left) = batch::run(ctx, &inputs, leave).await;
    only(ends.pop()).map(|ended| Committed::new(ended, left))
}

fn leave<'a>(
    ctx: &'a Context,
    ws: std::sync::Arc<Workspace>,
    conversation: Option<Conversation>,
    about: &'a ContactId,
) -> StepFuture<'a, Done<usize>> {
    Box::pin(async move {
        let Some(conversation) = conversation else {
            return Ok(Stepped::nothing(Err(ProgrammeError::NoContact)));
        };
        let mut turn = Turn::of(ctx, ws, ctx.now(), conversation);
        let (workspace, contact) = (turn.ws.row.id, turn.contact_id());
        let theirs = turn.subscriptions().await?.into_iter();
        let theirs = theirs.filter(|row| row.about == *about && row.contact != *about);
        let mut ended = 0;
        for row in theirs.filter(|row| row.status == SubscriptionStatus::Active) {
            let reason = SmolStr::new_static("left_household");
            turn.programme_event(ProgrammeEventKind::OptOut, Some(row.id), Some(&reason), None);
            turn.end_subscription(row, SubscriptionStatus::Stopped, Some(reason));
            ended += 1;
        }
        turn.changes.push(Change::Household(HouseholdChange::Leave(workspace, *about, contact)));
        Ok(Stepped { unit: Some(turn.finish()), value: Ok(ended) })
    })
}

impl Turn<'_> {
    /// The contact belongs to the household of somebody.
    pub(super) fn join(&mut self, about: ContactId, role: &SmolStr) {
        let member = NewMember {
            workspace: self.ws.row.id,
            about,
            id: HouseholdId(self.ctx.next_id(self.now)),
            uuid: HouseholdUuid(self.ctx.host.uuid_v7()),
            contact: self.person.row.id,
            role: role.clone(),
            on: self.now,
        };
        self.changes.push(Change::Household(HouseholdChange::Join(Box::new(member))));
    }
}
