//! Somebody is registered: the person, their consent, numbers that are drawn for them, their household, all subscriptions and
//! the welcome, as one transaction.

use std::{collections::BTreeMap, sync::Arc};

use domain::{
    CodeId, ContactId, ContactStatus, ContactUuid, RegistrationId, RegistrationUuid, UserId, WorkspaceId,
    identifier::{draw, plain},
};
use serde_json::{Map, Value, json};
use smol_str::SmolStr;
use store::{
    Change, CodeChange, CodeRow, ConsentSource, Conversation, OutboxItem, ProgrammeEventKind,
    RegistrationRow, RegistrationsOf, StoreError, SubscriptionRow, Walk,
};

use super::{
    Done, ProgrammeError, StartAt,
    household::{Head, Joined, Receiver, joined},
    only,
    subscribe::{Origin, SubscribeTo},
};
use crate::{
    Committed, ContactEdit, Context, Whom, Workspace,
    batch::{self, BatchError, MAX_TRIES},
    consent::NewConsent,
    save_contact::{edit_person, key_of, turn_of},
    turn::Turn,
};

/// How often a number is drawn anew because it was given before.
const MAX_DRAWS: usize = 16;

/// What a registration brings.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Who it is.
    pub whom: Whom,
    /// What is known of them.
    pub edit: ContactEdit,
    /// How they agreed to get messages, such as `clinic form`. Somebody who had opted out is talked with again.
    pub opt_in: SmolStr,
    /// To what else they agreed, or did not.
    pub consents: Vec<NewConsent>,
    /// What they are subscribed to.
    pub subscribe: Vec<SubscribeTo>,
    /// Who gets messages about them.
    pub receivers: Vec<Receiver>,
    /// Kinds of numbers that are drawn for them ([`domain::identifier::draw`]). Who has one keeps it. A field of the contact
    /// with the same key holds it.
    pub draw: Vec<SmolStr>,
    /// What they are told at once: a template by language, under an empty one for everybody.
    pub welcome: BTreeMap<SmolStr, SmolStr>,
    /// What else is kept with it: the codes and the identifier that were given.
    pub detail: Map<String, Value>,
    /// By which it is known if it is asked for again: nothing is done then, and the answer is the same.
    pub key: Option<SmolStr>,
    /// Who does it.
    pub user: Option<UserId>,
}

impl Registration {
    /// Of whom nothing else is said.
    pub fn of(whom: Whom) -> Self {
        Self {
            whom,
            edit: ContactEdit::default(),
            opt_in: SmolStr::new_static("registration"),
            consents: Vec::new(),
            subscribe: Vec::new(),
            receivers: Vec::new(),
            draw: Vec::new(),
            welcome: BTreeMap::new(),
            detail: Map::new(),
            key: None,
            user: None,
        }
    }
}

/// Somebody who was registered.
#[derive(Debug, Clone, PartialEq)]
pub struct Registered {
    /// Who it is.
    pub contact: ContactUuid,
    /// Whether they were not known before.
    pub made: bool,
    /// What they get, and what others get about them.
    pub subscriptions: Vec<SubscriptionRow>,
    /// Numbers that are theirs, by kind.
    pub numbers: BTreeMap<SmolStr, SmolStr>,
    /// What is kept of it.
    pub row: RegistrationRow,
}

/// Registers somebody: all of it is there afterwards, or nothing.
///
/// # Errors
/// [`ProgrammeError`]; nothing is written then.
pub async fn register(
    ctx: &Context,
    workspace: WorkspaceId,
    registration: Registration,
) -> Result<Committed<Registered>, ProgrammeError> {
    let mut keys = vec![key_of(workspace, &registration.whom, &registration.edit)];
    for (place, receiver) in registration.receivers.iter().enumerate() {
        let key = key_of(workspace, &receiver.whom, &receiver.edit);
        if keys.contains(&key) && receiver.whom != Whom::New {
            return Err(ProgrammeError::Themselves.at(&["receivers", &place.to_string()]));
        }
        keys.push(key);
    }
    for _ in 0..MAX_TRIES {
        if let Some(done) = done_before(ctx, workspace, &registration).await? {
            return Ok(done);
        }
        let loaded = batch::load(ctx, workspace, keys.clone()).await?;
        let Some((ws, people)) = loaded else { return Err(ProgrammeError::NoContact) };
        let (registered, changes, rows) = gathered(ctx, ws, people, &registration).await??;
        match batch::commit(ctx, changes, rows).await {
            Ok(Some(left)) => return Ok(Committed::new(registered, left)),
            // Somebody changed meanwhile, or the same was asked for at the same time.
            Ok(None) | Err(BatchError::Gone) => {}
            Err(error) => return only(Some(Err(error))),
        }
    }
    Err(ProgrammeError::Busy)
}

/// What was answered to the same registration before.
async fn done_before(
    ctx: &Context,
    workspace: WorkspaceId,
    registration: &Registration,
) -> Result<Option<Committed<Registered>>, StoreError> {
    let Some(key) = registration.key.clone() else { return Ok(None) };
    let walk = Walk { from: None, up: true, limit: 1 };
    let found = ctx.store.list_registrations(workspace, RegistrationsOf::Key(key), walk).await?.pop();
    let Some(row) = found else { return Ok(None) };
    let named = ctx.store.named_contacts(workspace, vec![store::ContactNamed::Id(row.contact)]).await?;
    let Some(contact) = named.into_iter().flatten().next() else { return Ok(None) };
    let detail: Value =
        row.detail.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let numbers = detail["numbers"].as_object().into_iter().flatten();
    let numbers = numbers.filter_map(|(kind, number)| Some((kind.into(), number.as_str()?.into()))).collect();
    let begun = ctx.store.contact_subscriptions(workspace, row.contact).await?;
    let registered = Registered {
        contact: contact.uuid,
        made: detail["new"].as_bool().unwrap_or_default(),
        subscriptions: begun.into_iter().filter(|begun| begun.created_on == row.created_on).collect(),
        numbers,
        row,
    };
    Ok(Some(Committed::new(registered, batch::nothing_left())))
}

type Gathered = (Registered, Vec<Change>, Vec<OutboxItem>);

/// All changes of a registration: those of the person, then those of each who gets messages about them.
async fn gathered(
    ctx: &Context,
    ws: Arc<Workspace>,
    people: Vec<Option<Conversation>>,
    input: &Registration,
) -> Result<Done<Gathered>, StoreError> {
    let mut people = people.into_iter();
    let mut turn = match turn_of(ctx, ws.clone(), &input.whom, people.next().flatten()) {
        Ok(turn) => turn,
        Err(refusal) => return Ok(Err(ProgrammeError::Person(refusal.into()))),
    };
    let made = turn.person.is_new();
    let numbers = turn.draw_numbers(&input.draw).await?;
    if let Err(error) = turn.take_down(input, &numbers).await? {
        return Ok(Err(error));
    }
    let mut subscriptions = turn.subscriptions().await?;
    let before = subscriptions.len();
    for (place, to) in input.subscribe.iter().enumerate() {
        match turn.begin(to, &subscriptions, Origin::fresh(turn.now)) {
            Ok(row) => subscriptions.push(row),
            Err(error) => return Ok(Err(error.at(&["subscriptions", &place.to_string()]))),
        }
    }
    turn.greet(&input.welcome);
    let mut subscriptions = subscriptions.split_off(before);
    let mut head = Head::of(&turn);
    head.day = input.subscribe.iter().find_map(|to| match to.start {
        StartAt::Placed { day } => day,
        StartAt::Message(_) => None,
    });
    let mut receivers = Vec::new();
    let mut units = Vec::new();
    let mut ids = vec![head.id];
    for ((place, receiver), theirs) in input.receivers.iter().enumerate().zip(people) {
        let at = place.to_string();
        if theirs.as_ref().is_some_and(|them| ids.contains(&them.contact.id)) {
            return Ok(Err(ProgrammeError::Themselves.at(&["receivers", &at])));
        }
        match joined(ctx, &ws, &head, theirs, receiver).await? {
            Ok((joined, unit, rows)) => {
                ids.push(joined.contact.0);
                receivers.push(shown_receiver(&ws, receiver, &joined));
                subscriptions.extend(joined.subscriptions);
                units.push((unit, rows));
            }
            Err(error) => return Ok(Err(error.at(&["receivers", &at]))),
        }
    }
    let row = turn.registration(input, made, (&numbers, &subscriptions, receivers));
    turn.changes.push(Change::Registration(Box::new(row.clone())));
    let contact = turn.person.row.uuid;
    turn.drain_pending().await?;
    units.insert(0, turn.finish());
    let (changes, rows) = one_unit(units);
    Ok(Ok((Registered { contact, made, subscriptions, numbers, row }, changes, rows)))
}

/// Everything as one, with the guards of all in front: the lower row number first, so that two registrations of the same
/// household never wait for each other.
fn one_unit(units: Vec<(store::Unit, Vec<OutboxItem>)>) -> (Vec<Change>, Vec<OutboxItem>) {
    let (mut guards, mut rest, mut outbox) = (Vec::new(), Vec::new(), Vec::new());
    for (unit, mut rows) in units {
        outbox.append(&mut rows);
        for change in unit.changes {
            match change {
                Change::Contact(update) => guards.push(update),
                other => rest.push(other),
            }
        }
    }
    guards.sort_by_key(|update| update.contact.id);
    let mut changes: Vec<Change> = guards.into_iter().map(Change::Contact).collect();
    changes.append(&mut rest);
    (changes, outbox)
}

fn shown_subscription(ws: &Workspace, row: &SubscriptionRow) -> Value {
    let set = ws.definitions().message_sets.iter().find(|set| set.id == row.set);
    json!({"uuid": row.uuid, "message_set": set.map(|set| &set.short_name), "message": row.initial, "next_on": row.next_due})
}

fn shown_receiver(ws: &Workspace, receiver: &Receiver, joined: &Joined) -> Value {
    let begun: Vec<Value> = joined.subscriptions.iter().map(|row| shown_subscription(ws, row)).collect();
    json!({"contact": joined.contact.1, "new": joined.made, "role": receiver.role, "subscriptions": begun})
}

impl Turn<'_> {
    /// The person as they were given, what they agreed to, and that they did.
    async fn take_down(
        &mut self,
        input: &Registration,
        numbers: &BTreeMap<SmolStr, SmolStr>,
    ) -> Result<Done<()>, StoreError> {
        let mut edit = input.edit.clone();
        edit.fields.extend(numbers.iter().map(|(kind, number)| (kind.clone(), Some(number.clone()))));
        if let Err(refusal) = edit_person(self, &edit).await? {
            return Ok(Err(ProgrammeError::Person(refusal.into())));
        }
        let user = edit.user.as_ref().and_then(|user| self.ws.user_id(user)).or(input.user);
        self.consent(&NewConsent {
            purpose: SmolStr::default(),
            given: true,
            source: ConsentSource::Programme,
            channel: None,
            message: None,
            user,
            shown: None,
            reason: Some(input.opt_in.to_string()),
            happened_on: None,
        });
        for consent in &input.consents {
            self.consent(&NewConsent { user: consent.user.or(user), ..consent.clone() });
        }
        self.consent_kept = true;
        if self.person.contact.status == ContactStatus::Stopped {
            self.set_status(ContactStatus::Active);
        }
        self.programme_event(ProgrammeEventKind::OptIn, None, Some(&input.opt_in), None);
        Ok(Ok(()))
    }

    /// Numbers of these kinds: those that they have, else new ones that nobody ever had.
    async fn draw_numbers(&mut self, kinds: &[SmolStr]) -> Result<BTreeMap<SmolStr, SmolStr>, StoreError> {
        let (ctx, workspace, contact) = (self.ctx, self.ws.row.id, self.contact_id());
        let mut numbers = BTreeMap::new();
        for kind in kinds {
            let known = match self.person.is_new() {
                true => None,
                false => ctx.store.drawn_code(workspace, kind.clone(), contact).await?,
            };
            if let Some(known) = known {
                numbers.insert(kind.clone(), known.code);
                continue;
            }
            let mut number = draw(ctx.host.random());
            for _ in 0..MAX_DRAWS {
                if ctx.store.code(workspace, kind.clone(), plain(&number)).await?.is_none() {
                    break;
                }
                number = draw(ctx.host.random());
            }
            self.changes.push(Change::Code(CodeChange::Draw(Box::new(CodeRow {
                id: CodeId(ctx.next_id(self.now)),
                workspace,
                kind: kind.clone(),
                code: number.clone(),
                name: SmolStr::default(),
                place: SmolStr::default(),
                active: true,
                contact: Some(contact),
                created_on: self.now,
                modified_on: self.now,
            }))));
            numbers.insert(kind.clone(), number);
        }
        Ok(numbers)
    }

    /// The welcome in the language of the person, or the first of the workspace for which there is one.
    fn greet(&mut self, welcome: &BTreeMap<SmolStr, SmolStr>) {
        let spoken = self.person.contact.language.iter().chain(&self.ws.row.languages);
        let found = spoken.filter_map(|language| welcome.get(language)).next();
        let found = found.or_else(|| welcome.values().next()).cloned();
        if let Some(text) = found {
            self.welcome(&text);
        }
    }

    fn registration(
        &self,
        input: &Registration,
        made: bool,
        (numbers, subscriptions, receivers): (&BTreeMap<SmolStr, SmolStr>, &[SubscriptionRow], Vec<Value>),
    ) -> RegistrationRow {
        let contact: ContactId = self.contact_id();
        let mut detail = input.detail.clone();
        let own: Vec<Value> = subscriptions
            .iter()
            .filter(|row| row.contact == contact)
            .map(|row| shown_subscription(&self.ws, row))
            .collect();
        detail.insert("new".to_owned(), json!(made));
        detail.insert("numbers".to_owned(), json!(numbers));
        detail.insert("subscriptions".to_owned(), json!(own));
        detail.insert("receivers".to_owned(), json!(receivers));
        let user = input.edit.user.as_ref().and_then(|user| self.ws.user_id(user)).or(input.user);
        RegistrationRow {
            id: RegistrationId(self.ctx.next_id(self.now)),
            workspace: self.ws.row.id,
            uuid: RegistrationUuid(self.ctx.host.uuid_v7()),
            contact,
            source: input.opt_in.clone(),
            detail: Some(Value::Object(detail).to_string()),
            key: input.key.clone(),
            user,
            created_on: self.now,
        }
    }
}
