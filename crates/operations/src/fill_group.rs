//! Brings the members of a group that is defined by a query up to date, slice by slice.
//!
//! Groups follow people as they change; this is for the moment when the group itself is new or has another query. A
//! slice looks at the contacts behind a place in the order of row numbers, so a filling that was cut off goes on where
//! it was, and repeating a slice changes nothing. The database says who should be looked at; whether they belong is
//! decided on the contact as loaded, and written only if nobody changed it meanwhile.

use std::collections::BTreeSet;

use domain::{ContactId, ContactStatus, GroupUuid, Query, QueryError};
use store::{
    Change, ContactSearch, ContactUpdate, Conversation, ConversationKey, StoreError, Unit, UnitError,
};
use thiserror::Error;

use crate::{Context, Workspace, batch::MAX_TRIES, campaigns, person::Person};

/// Contacts that one slice takes up at most: few enough that messages go in between.
pub(crate) const SLICE: usize = 500;

/// How far a filling is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Filled {
    /// Contacts that joined.
    pub joined: u64,
    /// Contacts that left.
    pub left: u64,
    /// Where the next slice begins; `None` if this was the last.
    pub next: Option<ContactId>,
}

/// Why a group is not filled.
#[derive(Debug, Clone, Error)]
pub enum FillGroupError {
    /// No such group, or it is filled by hand.
    #[error("there is no group with this identifier that is defined by a query")]
    NoQuery,
    /// The query cannot be read, for example because a field was removed.
    #[error("the query of the group cannot be read: {0}")]
    Query(#[from] QueryError),
    /// Contacts kept changing under our hands.
    #[error("contacts of this slice change too fast; try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Does one slice: the contacts behind `after`, the first ones with `None`. Only active contacts belong to such groups.
pub async fn fill_group(
    ctx: &Context,
    ws: &Workspace,
    group: GroupUuid,
    after: Option<ContactId>,
) -> Result<Filled, FillGroupError> {
    let due = due(ctx, ws, group, after, SLICE).await?;
    due.settle(ctx, ws).await
}

/// How many contacts [`fill_group`] would move, all of them looked at.
///
/// # Errors
/// [`FillGroupError`]
pub async fn misplaced(ctx: &Context, ws: &Workspace, group: GroupUuid) -> Result<u64, FillGroupError> {
    let (mut moving, mut after) = (0, None);
    loop {
        let due = due(ctx, ws, group, after, SLICE).await?;
        moving += due.moving.len() as u64;
        match due.next {
            Some(next) => after = Some(next),
            None => return Ok(moving),
        }
    }
}

/// Who is to be looked at next.
pub(crate) struct Due {
    group: GroupUuid,
    query: Query,
    /// Who is in the group and does not fit, or fits and is not in it.
    moving: Vec<ContactId>,
    /// Where the next slice begins; `None` if this is the last.
    pub next: Option<ContactId>,
}

/// Looks who must be moved among the contacts behind `after`, at most `limit` of them.
pub(crate) async fn due(
    ctx: &Context,
    ws: &Workspace,
    group: GroupUuid,
    after: Option<ContactId>,
    limit: usize,
) -> Result<Due, FillGroupError> {
    let text = ws.assets.group(group).and_then(|group| group.query.clone()).ok_or(FillGroupError::NoQuery)?;
    let id = ws.group_id(group).ok_or(FillGroupError::NoQuery)?;
    let query = ws.query(&text, ctx.now())?;
    let search = ContactSearch { status: Some(ContactStatus::Active), ..ws.search(Some(query.clone())) };
    let fitting = ctx.store.search_contacts(search, after, limit).await?;
    let from = after.unwrap_or_default();
    let members = ctx.store.members_after(ws.row.id, vec![id], from, limit).await?;
    // Beyond the nearer end of two full lists nothing is known of the other.
    let end = |list: &[ContactId]| list.last().copied().filter(|_| list.len() == limit);
    let next = [end(&fitting), end(&members)].into_iter().flatten().min();
    let known = |list: Vec<ContactId>| -> BTreeSet<ContactId> {
        list.into_iter().filter(|contact| next.is_none_or(|end| *contact <= end)).collect()
    };
    let (fitting, members) = (known(fitting), known(members));
    let moving = fitting.symmetric_difference(&members).copied().collect();
    Ok(Due { group, query, moving, next })
}

impl Due {
    /// Those who would be moved.
    pub(crate) fn moving(&self) -> &[ContactId] {
        &self.moving
    }

    /// Moves them.
    pub(crate) async fn settle(self, ctx: &Context, ws: &Workspace) -> Result<Filled, FillGroupError> {
        let mut filled = Filled { next: self.next, ..Filled::default() };
        let mut moving = self.moving;
        for _ in 0..MAX_TRIES {
            moving = move_people(ctx, ws, (self.group, &self.query), moving, &mut filled).await?;
            if moving.is_empty() {
                return Ok(filled);
            }
        }
        Err(FillGroupError::Busy)
    }
}

/// Moves people in or out and answers who changed meanwhile and must be looked at again.
async fn move_people(
    ctx: &Context,
    ws: &Workspace,
    (group, query): (GroupUuid, &Query),
    people: Vec<ContactId>,
    filled: &mut Filled,
) -> Result<Vec<ContactId>, FillGroupError> {
    let keys = people.iter().map(|id| ConversationKey::Contact(ws.row.id, *id)).collect();
    let loaded = ctx.store.load_conversations(keys).await?.conversations;
    let units: Vec<(ContactId, bool, Unit)> = loaded
        .into_iter()
        .flatten()
        .filter_map(|conversation| movement(ctx, ws, (group, query), &conversation))
        .collect();
    let answers = ctx.write(units.iter().map(|(.., unit)| unit.clone()).collect()).await?;
    let mut again = Vec::new();
    for ((contact, joins, _), answer) in units.iter().zip(answers) {
        match answer {
            Ok(_) if *joins => filled.joined += 1,
            Ok(_) => filled.left += 1,
            Err(UnitError::Conflict) => again.push(*contact),
            Err(UnitError::Store(error)) => return Err(error.into()),
            Err(other) => return Err(StoreError::Database(other.to_string()).into()),
        }
    }
    Ok(again)
}

/// What must be written for a contact: who, whether they join, and the changes. The contact is written as it was, so
/// that its version guards the decision.
fn movement(
    ctx: &Context,
    ws: &Workspace,
    (group, query): (GroupUuid, &Query),
    conversation: &Conversation,
) -> Option<(ContactId, bool, Unit)> {
    let (workspace, id, now) = (ws.row.id, ws.group_id(group)?, ctx.now());
    let contact = Person::known(conversation, ws).contact;
    let belongs = contact.status == ContactStatus::Active && query.matches(&contact);
    if belongs == conversation.groups.contains(&id) {
        return None;
    }
    let row = conversation.contact.clone();
    let person = row.id;
    let moves = match belongs {
        true => Change::JoinGroup(workspace, person, id, now),
        false => Change::LeaveGroup(workspace, person, id),
    };
    let guard = Change::Contact(Box::new(ContactUpdate {
        contact: row,
        version: ctx.next_id(now),
        modified_on: now,
    }));
    let mut changes = vec![guard, moves];
    changes.extend(campaigns::plan::moved(ws, &conversation.contact, (id, belongs), now));
    Some((person, belongs, Unit::new(changes)))
}
