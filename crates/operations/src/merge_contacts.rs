//! Two contacts turn out to be one person. The one who stays has all that both had; whoever asks for the other one finds
//! them.

use std::sync::Arc;

use domain::{Contact, ContactId, ContactStatus, ContactUuid, EventId, WorkspaceId};
use flows::{Engine, GroupsModification, Modifier, events::UserRef};
use serde_json::json;
use smol_str::SmolStr;
use store::{
    Change, ConsentSource, Conversation, ConversationKey, MergeContacts, NewEvent, StoreError, Unit,
    UnitError,
};
use thiserror::Error;

use crate::{
    Committed, Context, Workspace,
    batch::{self, MAX_TRIES},
    consent::NewConsent,
    context::Left,
    save_contact::references,
    stop_contact::stop,
    turn::Turn,
};

/// Addresses that one contact may have.
const MAX_URNS: usize = 50;

/// Why two contacts were not merged.
#[derive(Debug, Clone, Error)]
pub enum MergeError {
    /// One of them is not there.
    #[error("there is no such contact")]
    NoContact,
    /// They are the same.
    #[error("a contact cannot be merged with itself")]
    Same,
    /// Together they have too many addresses.
    #[error("together they have more than {MAX_URNS} addresses")]
    TooMany,
    /// They change too fast.
    #[error("the contacts are busy; try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Merges a contact into another one, as one transaction: history, addresses, groups, notes, consents, tickets, programmes
/// and what is queued go over; of names, language and fields those of the one who stays win unless they are empty; who
/// opted out as either is stopped; the conversation of the one who goes is interrupted.
///
/// # Errors
/// [`MergeError`]; nothing is changed then.
pub async fn merge_contacts(
    ctx: &Context,
    workspace: WorkspaceId,
    into: ContactId,
    from: ContactId,
    user: Option<UserRef>,
) -> Result<Committed<ContactUuid>, MergeError> {
    if into == from {
        return Err(MergeError::Same);
    }
    for _ in 0..MAX_TRIES {
        let keys = [into, from].map(|id| ConversationKey::Contact(workspace, id)).to_vec();
        let (ws, mut people) = batch::load(ctx, workspace, keys).await?.ok_or(MergeError::NoContact)?;
        let (Some(Some(goes)), Some(Some(stays))) = (people.pop(), people.pop()) else {
            return Err(MergeError::NoContact);
        };
        let live = ctx
            .store
            .named_contacts(workspace, vec![store::ContactNamed::Id(into), store::ContactNamed::Id(from)]);
        if live.await?.iter().any(Option::is_none) {
            return Err(MergeError::NoContact);
        }
        if stays.urns.len() + goes.urns.len() > MAX_URNS {
            return Err(MergeError::TooMany);
        }
        let uuid = stays.contact.uuid;
        let (unit, outbox) = merged(ctx, ws, stays, goes, user.clone()).await?;
        let ticket = ctx.ticket(outbox.iter());
        match ctx.write_one(unit).await {
            Ok(done) => {
                ctx.withdrawn.add(&done.dropped);
                let mut left = Left::default();
                left.add(outbox.into_iter().filter(|row| done.claimed.contains(&row.id)), ticket);
                return Ok(Committed::new(uuid, left));
            }
            // Somebody wrote meanwhile: from fresh rows.
            Err(UnitError::Conflict) => {}
            Err(UnitError::Store(error)) => return Err(error.into()),
            Err(other) => return Err(StoreError::Database(other.to_string()).into()),
        }
    }
    Err(MergeError::Busy)
}

/// All changes of a merge, with both guards in front: the lower row number first, so that two merges of the same people
/// never wait for each other.
async fn merged(
    ctx: &Context,
    ws: Arc<Workspace>,
    stays: Conversation,
    goes: Conversation,
    user: Option<UserRef>,
) -> Result<(Unit, Vec<store::OutboxItem>), StoreError> {
    let now = ctx.now();
    let mut gone = Turn::of(ctx, ws.clone(), now, goes);
    let mut turn = Turn::of(ctx, ws, now, stays);
    gone.interrupt();
    let before = gone.person.contact.clone();
    let (workspace, from, into) = (turn.ws.row.id, gone.person.row.id, turn.person.row.id);
    turn.changes.push(Change::Merge(MergeContacts { workspace, from, into, at: now }));
    // What waits for its turn waits behind what the one who stays wrote.
    turn.pending.append(&mut gone.pending);
    turn.pending.make_contiguous().sort_by_key(|message| message.id);
    turn.more_pending |= std::mem::take(&mut gone.more_pending);
    turn.person.take_over(&mut gone.person);
    empty(&mut gone);
    take_properties(&mut turn, &before);
    take_status(&mut turn, &before, user.as_ref());
    note(&mut turn, &before, user);
    turn.drain_pending().await?;
    let (first, _) = gone.finish();
    let (second, outbox) = turn.finish();
    let (mut guards, mut rest) = (Vec::new(), Vec::new());
    for change in first.changes.into_iter().chain(second.changes) {
        match change {
            Change::Contact(update) => guards.push(update),
            other => rest.push(other),
        }
    }
    guards.sort_by_key(|update| update.contact.id);
    let mut changes: Vec<Change> = guards.into_iter().map(Change::Contact).collect();
    changes.append(&mut rest);
    Ok((Unit::new(changes), outbox))
}

/// Nothing is left in the row of the one who goes.
fn empty(gone: &mut Turn<'_>) {
    let contact = &mut gone.person.contact;
    contact.name = SmolStr::default();
    contact.language = None;
    contact.timezone = None;
    contact.status = ContactStatus::Archived;
    contact.fields.clear();
    contact.groups.clear();
    contact.tickets.clear();
    gone.person.doubt_groups();
}

/// What the one who stays has not, they get from the other, with the events.
fn take_properties(turn: &mut Turn<'_>, other: &Contact) {
    let contact = &turn.person.contact;
    let mut modifiers = Vec::new();
    if contact.name.is_empty() && !other.name.is_empty() {
        modifiers.push(Modifier::Name { name: other.name.clone() });
    }
    if contact.language.is_none() && other.language.is_some() {
        modifiers.push(Modifier::Language { language: other.language.clone() });
    }
    if contact.timezone.is_none() && other.timezone.is_some() {
        modifiers.push(Modifier::Timezone { timezone: other.timezone.clone() });
    }
    for (key, value) in &other.fields {
        let has = contact.fields.get(key).is_some_and(|known| !known.text.is_empty());
        if let (false, Some(field)) = (has, turn.ws.assets.field(key)) {
            let field = flows::events::FieldRef { key: field.key.clone(), name: field.name.clone() };
            modifiers.push(Modifier::Field { field, value: Some(value.text.clone()) });
        }
    }
    let by_hand = other.groups.iter().filter(|uuid| {
        !contact.groups.contains(uuid)
            && turn.ws.assets.group(**uuid).is_some_and(|group| group.query.is_none())
    });
    let groups = references(&turn.ws, by_hand);
    if !groups.is_empty() {
        modifiers.push(Modifier::Groups { groups, modification: GroupsModification::Add });
    }
    let ws = turn.ws.clone();
    let engine = Engine::new(&ws.assets, &ws.env, &*turn.ctx.host);
    for modifier in modifiers {
        let events = engine.modify(&mut turn.person.contact, &modifier, &mut |_| false);
        for event in &events {
            turn.record(event, None);
        }
    }
    let contact = &mut turn.person.contact;
    // As it was read before: a text that is read again may be read otherwise.
    for (key, value) in &other.fields {
        if contact.fields.get(key).is_some_and(|known| known.text == value.text) {
            contact.fields.insert(key.clone(), value.clone());
        }
    }
    contact.last_seen_on = contact.last_seen_on.max(other.last_seen_on);
    let known: Vec<_> = contact.tickets.iter().map(|ticket| ticket.uuid).collect();
    contact.tickets.extend(other.tickets.iter().filter(|ticket| !known.contains(&ticket.uuid)).cloned());
    turn.person.doubt_groups();
}

/// The stricter of both: who is not to be talked with as either is not talked with.
fn take_status(turn: &mut Turn<'_>, other: &Contact, user: Option<&UserRef>) {
    let strictness = |status| match status {
        ContactStatus::Active => 0,
        ContactStatus::Stopped => 1,
        ContactStatus::Blocked => 2,
        ContactStatus::Archived => 3,
    };
    if strictness(other.status) <= strictness(turn.person.contact.status) {
        if turn.person.contact.status != ContactStatus::Active {
            stop(turn, "the contact opted out");
        }
        return;
    }
    if other.status == ContactStatus::Stopped {
        let user = user.and_then(|user| turn.ws.user_id(user));
        turn.consent(&NewConsent {
            purpose: SmolStr::default(),
            given: false,
            source: ConsentSource::Merge,
            channel: None,
            message: None,
            user,
            shown: None,
            reason: Some("the contact that was merged had opted out".to_owned()),
            happened_on: None,
        });
        turn.consent_kept = true;
    }
    turn.set_status(other.status);
    stop(turn, "the contact opted out");
}

/// The history says that it happened.
fn note(turn: &mut Turn<'_>, other: &Contact, user: Option<UserRef>) {
    let mut body = json!({
        "type": "contact_merged",
        "uuid": turn.ctx.host.uuid_v7(),
        "created_on": turn.now,
        "contact": {"uuid": other.uuid, "name": other.name},
    });
    if let Some(user) = user {
        body["user"] = json!({"uuid": user.uuid, "name": user.name});
    }
    turn.changes.push(Change::Event(Box::new(NewEvent {
        id: EventId(turn.ctx.next_id(turn.now)),
        workspace: turn.ws.row.id,
        contact: turn.person.row.id,
        session: None,
        kind: "contact_merged".into(),
        body: body.to_string(),
        created_on: turn.now,
    })));
}
