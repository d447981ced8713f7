//! A person is added, or changed, by somebody who is not in a conversation with them.

use std::{collections::BTreeSet, sync::Arc};

use domain::{ContactId, ContactUuid, GroupUuid, NoteId, Reference, Urn, UserUuid, WorkspaceId};
use flows::{
    Engine, Event, EventKind, GroupsModification, Modifier, UrnsModification,
    events::{FieldRef, UserRef},
};
use smol_str::SmolStr;
use store::{Change, Conversation, ConversationKey, NoteRow, StoreError};
use thiserror::Error;

use crate::{
    Committed, Context, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    person::Person,
    turn::Turn,
};

/// Characters of a person's name.
pub const MAX_CONTACT_NAME: usize = 64;

/// Characters of a note.
pub const MAX_NOTE: usize = 10_000;

/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Somebody new.
    New,
    /// Somebody who is known.
    Known(ContactId),
    /// Whoever has this address; somebody new if nobody has.
    Urn(Urn),
}

/// What becomes of a person. What is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContactEdit {
    /// Name; empty for none.
    pub name: Option<SmolStr>,
    /// ISO 639-3 code, or no language.
    pub language: Option<Option<SmolStr>>,
    /// Their addresses, the preferred one first, in the place of those they have.
    pub urns: Option<Vec<Urn>>,
    /// The groups filled by hand that they are in, in the place of those they are in.
    pub groups: Option<Vec<GroupUuid>>,
    /// Values of fields by key; `None` clears one.
    pub fields: Vec<(SmolStr, Option<SmolStr>)>,
    /// Something to be written down of them, for those who work with them.
    pub note: Option<SmolStr>,
    /// Who does it.
    pub user: Option<Reference<UserUuid>>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SavedContact {
    /// Who it is.
    pub uuid: ContactUuid,
    /// Whether they were not known before.
    pub made: bool,
}

/// Why a person was not saved.
#[derive(Debug, Clone, Error)]
pub enum SaveContactError {
    /// There is no such contact.
    #[error("there is no such contact")]
    NoContact,
    /// Somebody else has the address at this place of those that were given.
    #[error("somebody else has the address at place {0}")]
    UrnTaken(usize),
    /// Something that was given cannot be kept.
    #[error("{0}")]
    Refused(SmolStr),
    /// The contact changes too fast.
    #[error("the contact is busy; try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

type End = Result<SavedContact, Refusal>;

/// Why a person cannot be saved as they were given.
#[derive(Debug, Clone)]
pub(crate) enum Refusal {
    NoContact,
    Taken(usize),
    Said(SmolStr),
}

impl From<Refusal> for SaveContactError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoContact => Self::NoContact,
            Refusal::Taken(place) => Self::UrnTaken(place),
            Refusal::Said(said) => Self::Refused(said),
        }
    }
}

struct Input {
    whom: Whom,
    edit: ContactEdit,
}

/// Adds or changes a person as one transaction.
///
/// # Errors
/// [`SaveContactError`]; nothing is written then.
pub async fn save_contact(
    ctx: &Context,
    workspace: WorkspaceId,
    whom: Whom,
    edit: ContactEdit,
) -> Result<Committed<SavedContact>, SaveContactError> {
    let key = key_of(workspace, &whom, &edit);
    let inputs = [(key, Input { whom, edit })];
    let (mut ends, left) = batch::run(ctx, &inputs, step).await;
    match ends.pop() {
        Some(Ok(Ok(saved))) => Ok(Committed::new(saved, left)),
        Some(Err(BatchError::NoWorkspace)) => Err(SaveContactError::NoContact),
        Some(Ok(Err(refusal))) => Err(refusal.into()),
        Some(Err(BatchError::Store(error))) => Err(error.into()),
        Some(Err(BatchError::BrokeOff(said))) => Err(batch::broke_off(&said).into()),
        Some(Err(BatchError::Busy | BatchError::Duplicate | BatchError::Gone)) | None => {
            Err(SaveContactError::Busy)
        }
    }
}

/// By what a person is found.
pub(crate) fn key_of(workspace: WorkspaceId, whom: &Whom, edit: &ContactEdit) -> ConversationKey {
    match (whom, edit.urns.as_ref().and_then(|urns| urns.first())) {
        (Whom::Known(id), _) => ConversationKey::Contact(workspace, *id),
        (Whom::Urn(urn), _) | (Whom::New, Some(urn)) => ConversationKey::Urn(workspace, urn.clone()),
        // Nobody has this number.
        (Whom::New, None) => ConversationKey::Contact(workspace, ContactId(0)),
    }
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    input: &'a Input,
) -> StepFuture<'a, End> {
    Box::pin(async move {
        let mut turn = match turn_of(ctx, ws, &input.whom, conversation) {
            Ok(turn) => turn,
            Err(refusal) => return Ok(Stepped::nothing(Err(refusal))),
        };
        let saved = SavedContact { uuid: turn.person.row.uuid, made: turn.person.is_new() };
        match edit_person(&mut turn, &input.edit).await? {
            Err(refusal) => return Ok(Stepped::nothing(Err(refusal))),
            Ok(false) if !saved.made => return Ok(Stepped::nothing(Ok(saved))),
            Ok(_) => {}
        }
        turn.drain_pending().await?;
        Ok(Stepped { unit: Some(turn.finish()), value: Ok(saved) })
    })
}

/// The turn of whoever is meant.
pub(crate) fn turn_of<'c>(
    ctx: &'c Context,
    ws: Arc<Workspace>,
    whom: &Whom,
    conversation: Option<Conversation>,
) -> Result<Turn<'c>, Refusal> {
    let now = ctx.now();
    Ok(match (whom, conversation) {
        (Whom::Known(_), None) => return Err(Refusal::NoContact),
        (Whom::New, Some(_)) => return Err(Refusal::Taken(0)),
        (Whom::Known(_) | Whom::Urn(_), Some(known)) => Turn::of(ctx, ws, now, known),
        (Whom::New, None) => {
            let person = Person::nameless(ctx, &ws, now);
            Turn::new(ctx, ws, now, person)
        }
        (Whom::Urn(urn), None) => {
            let person = Person::unknown(ctx, &ws, urn, None, None, now);
            Turn::new(ctx, ws, now, person)
        }
    })
}

/// Changes the person of a turn, with the events. Answers whether anything changed.
pub(crate) async fn edit_person(
    turn: &mut Turn<'_>,
    edit: &ContactEdit,
) -> Result<Result<bool, Refusal>, StoreError> {
    let made = turn.person.is_new();
    let mut free = BTreeSet::new();
    for (place, urn) in edit.urns.iter().flatten().enumerate() {
        if !turn.is_free(urn).await? {
            return Ok(Err(Refusal::Taken(place)));
        }
        free.insert(urn.identity());
    }
    let events = apply(turn, edit, &free);
    let problem = events.iter().find_map(|event| match &event.kind {
        EventKind::Error(problem) => Some(problem.text.clone()),
        _ => None,
    });
    if let Some(said) = problem {
        return Ok(Err(Refusal::Said(said.into())));
    }
    let changed = !events.is_empty() || edit.note.is_some();
    if let Some(note) = &edit.note {
        let user = edit.user.as_ref().and_then(|user| turn.ws.user_id(user));
        turn.changes.push(Change::ContactNote(Box::new(NoteRow {
            id: NoteId(turn.ctx.next_id(turn.now)),
            workspace: turn.ws.row.id,
            contact: turn.person.row.id,
            text: note.to_string(),
            user: user.unwrap_or_default(),
            created_on: turn.now,
        })));
    }
    // What somebody begins with is no change.
    for mut event in events.into_iter().filter(|_| !made) {
        event.user = user_ref(edit);
        turn.record(&event, None);
    }
    Ok(Ok(changed))
}

fn user_ref(edit: &ContactEdit) -> Option<Box<UserRef>> {
    edit.user.clone().map(|user| Box::new(UserRef { uuid: user.uuid, name: user.name }))
}

/// Changes the contact of a turn by the rules of the engine. The events.
fn apply(turn: &mut Turn<'_>, edit: &ContactEdit, free: &BTreeSet<SmolStr>) -> Vec<Event> {
    let ws = turn.ws.clone();
    let engine = Engine::new(&ws.assets, &ws.env, &*turn.ctx.host);
    let mut events = Vec::new();
    for modifier in modifiers(&ws, &turn.person.contact.groups, edit) {
        let mut is_free = |urn: &Urn| free.contains(&urn.identity());
        events.extend(engine.modify(&mut turn.person.contact, &modifier, &mut is_free));
    }
    events
}

fn modifiers(ws: &Workspace, in_groups: &[GroupUuid], edit: &ContactEdit) -> Vec<Modifier> {
    let mut modifiers = Vec::new();
    if let Some(urns) = &edit.urns {
        let urns = urns.iter().map(|urn| SmolStr::from(urn.to_string())).collect();
        modifiers.push(Modifier::Urns { urns, modification: UrnsModification::Set });
    }
    if let Some(name) = &edit.name {
        modifiers.push(Modifier::Name { name: name.clone() });
    }
    if let Some(language) = &edit.language {
        modifiers.push(Modifier::Language { language: language.clone() });
    }
    for (key, value) in &edit.fields {
        if let Some(field) = ws.assets.field(key) {
            let field = FieldRef { key: field.key.clone(), name: field.name.clone() };
            modifiers.push(Modifier::Field { field, value: value.clone() });
        }
    }
    if let Some(wanted) = &edit.groups {
        let by_hand = |uuid: &&GroupUuid| ws.assets.group(**uuid).is_some_and(|group| group.query.is_none());
        let left = in_groups.iter().filter(by_hand).filter(|uuid| !wanted.contains(uuid));
        let joined = wanted.iter().filter(by_hand).filter(|uuid| !in_groups.contains(uuid));
        let (left, joined) = (references(ws, left), references(ws, joined));
        for (groups, modification) in [(left, GroupsModification::Remove), (joined, GroupsModification::Add)]
        {
            if !groups.is_empty() {
                modifiers.push(Modifier::Groups { groups, modification });
            }
        }
    }
    modifiers
}

/// Groups with their names.
pub(crate) fn references<'g>(
    ws: &Workspace,
    groups: impl Iterator<Item = &'g GroupUuid>,
) -> Vec<Reference<GroupUuid>> {
    let known = groups.filter_map(|uuid| ws.assets.group(*uuid));
    known.map(|group| Reference { uuid: group.uuid, name: group.name.clone() }).collect()
}
