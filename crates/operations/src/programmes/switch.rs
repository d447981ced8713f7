//! Something changes in a life: a birth, a loss, another language, number, medium or day. What somebody gets goes on
//! accordingly, and so does what their household gets about them.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::{ContactId, Urn, WorkspaceId, programme::change_of_medium};
use jiff::civil::Date;
use smol_str::SmolStr;
use store::{
    Conversation, ConversationKey, ProgrammeEventKind, StoreError, SubscriptionRow, SubscriptionStatus,
};

use super::{
    Done, ProgrammeError, StartAt, SubscribeTo, only,
    rules::{Rules, set_named, zone_of},
    subscribe::Origin,
};
use crate::{
    Committed, ContactEdit, Context, Workspace,
    batch::{self, StepFuture, Stepped},
    save_contact::edit_person,
    turn::Turn,
};

/// What changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Switch {
    /// Something happened of which the sets say what comes then, such as `birth`.
    Event {
        /// Its name.
        event: SmolStr,
        /// The day that the set that begins counts from.
        day: Option<Date>,
        /// Why, as a word that can be counted, such as `stillbirth`.
        reason: Option<SmolStr>,
        /// Whether they want the messages of a set that asks first.
        wanted: bool,
    },
    /// They want another language, an ISO 639-3 code.
    Language(SmolStr),
    /// They have another address in the place of those of its scheme.
    Address(Urn),
    /// The same content in another medium: goes on at the same part of the whole.
    Medium {
        /// Short name of the set that they get.
        from: SmolStr,
        /// Of the one that they shall get.
        to: SmolStr,
    },
    /// The day from which the weeks of a set are counted is another: they are placed anew.
    Day {
        /// Short name of the set.
        set: SmolStr,
        /// The day.
        day: Date,
    },
}

#[derive(Debug, Clone)]
struct Input {
    about: ContactId,
    switch: Switch,
}

/// Switches a contact, and for events and days those who get messages about them. All of it commits together. Answers
/// the subscriptions that began or go on otherwise.
///
/// # Errors
/// [`ProgrammeError`]; nothing is written then.
pub async fn switch(
    ctx: &Context,
    workspace: WorkspaceId,
    contact: ContactId,
    switch: Switch,
) -> Result<Committed<Vec<SubscriptionRow>>, ProgrammeError> {
    let household = match switch {
        Switch::Event { .. } | Switch::Day { .. } => {
            let rows = ctx.store.household_subscriptions(workspace, contact).await?;
            rows.into_iter().map(|row| row.contact).collect()
        }
        Switch::Language(_) | Switch::Address(_) | Switch::Medium { .. } => BTreeSet::new(),
    };
    let input = Input { about: contact, switch };
    let inputs: Vec<_> = std::iter::once(contact)
        .chain(household)
        .map(|id| (ConversationKey::Contact(workspace, id), input.clone()))
        .collect();
    if inputs.len() == 1 {
        let (mut ends, left) = batch::run(ctx, &inputs, step).await;
        return only(ends.pop()).map(|rows| Committed::new(rows, left));
    }
    let together = batch::together(ctx, &inputs, step, |_| Vec::new()).await;
    let (ends, left) = match together {
        Ok(done) => done,
        Err(error) => return only(Some(Err(error))),
    };
    let mut rows = Vec::new();
    for (place, end) in ends.into_iter().enumerate() {
        match only(Some(end)) {
            Ok(mut more) => rows.append(&mut more),
            Err(ProgrammeError::NothingToSwitch(_)) if place > 0 => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Committed::new(rows, left))
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    input: &'a Input,
) -> StepFuture<'a, Done<Vec<SubscriptionRow>>> {
    Box::pin(async move {
        let Some(conversation) = conversation else {
            return Ok(Stepped::nothing(Err(ProgrammeError::NoContact)));
        };
        let mut turn = Turn::of(ctx, ws, ctx.now(), conversation);
        match turn.switch(input).await? {
            Ok(rows) => {
                turn.drain_pending().await?;
                Ok(Stepped { unit: Some(turn.finish()), value: Ok(rows) })
            }
            Err(error) => Ok(Stepped::nothing(Err(error))),
        }
    })
}

impl Turn<'_> {
    async fn switch(&mut self, input: &Input) -> Result<Done<Vec<SubscriptionRow>>, StoreError> {
        let mut known = self.subscriptions().await?;
        known.retain(|row| row.status == SubscriptionStatus::Active);
        let about_them = || known.iter().filter(|row| row.about == input.about).cloned().collect::<Vec<_>>();
        match &input.switch {
            Switch::Event { event, day, reason, wanted } => {
                let happened = Happened { event, day: *day, reason: reason.as_ref(), wanted: *wanted };
                self.happened(&happened, about_them()).await
            }
            Switch::Language(code) => self.other_language(code, known).await,
            Switch::Address(urn) => self.other_address(urn, known).await,
            Switch::Medium { from, to } => Ok(self.other_medium(from, to, known)),
            Switch::Day { set, day } => Ok(self.other_day(set, *day, about_them())),
        }
    }

    /// What a set says that comes at an event.
    async fn happened(
        &mut self,
        happened: &Happened<'_>,
        known: Vec<SubscriptionRow>,
    ) -> Result<Done<Vec<SubscriptionRow>>, StoreError> {
        let ws = self.ws.clone();
        let sets = &ws.definitions().message_sets;
        let mut begun: Vec<SubscriptionRow> = Vec::new();
        let mut others = known.clone();
        let mut is_known = false;
        for row in known {
            let Some(set) = sets.iter().find(|set| set.id == row.set) else { continue };
            let contact = self.person.contact.clone();
            let rules = match Rules::read(set, row.schedule.as_ref(), zone_of(&ws, &contact)) {
                Ok(rules) => rules,
                Err(error) => return Ok(Err(error)),
            };
            let Some(rule) = rules.switch(happened.event) else { continue };
            is_known = true;
            let reason = happened.reason.unwrap_or(happened.event).clone();
            let kind = ProgrammeEventKind::Switched;
            let detail = serde_json::json!({"event": happened.event, "from": set.short_name});
            self.programme_event(kind, Some(row.id), Some(&reason), Some(detail));
            self.end_subscription(row.clone(), SubscriptionStatus::Switched, Some(reason));
            others.retain(|other| other.id != row.id);
            let Some(to) = rule.to.filter(|_| happened.wanted || !rule.asks) else { continue };
            if let Some(day) = happened.day
                && let Err(error) = self.keep_day(&ws, &to, day).await?
            {
                return Ok(Err(error));
            }
            let to = SubscribeTo {
                set: to,
                about: (row.about != row.contact).then_some(row.about),
                language: row.language.clone(),
                schedule: None,
                start: StartAt::Placed { day: happened.day },
            };
            match self.begin(&to, &others, Origin { begun: self.now, previous: Some(row.id) }) {
                Ok(row) => {
                    others.push(row.clone());
                    begun.push(row);
                }
                // Two sets may both lead to the same, and a day may lie behind all that a set has to say.
                Err(ProgrammeError::Already(_) | ProgrammeError::Over(_)) => {}
                Err(error) => return Ok(Err(error)),
            }
        }
        if is_known {
            Ok(Ok(begun))
        } else {
            Ok(Err(ProgrammeError::NothingToSwitch(happened.event.clone())))
        }
    }

    /// Writes the day into the contact's field that the set looks at, if there is such a field.
    async fn keep_day(&mut self, ws: &Workspace, set: &str, day: Date) -> Result<Done<()>, StoreError> {
        let field = set_named(ws, set).and_then(|set| {
            let rules = Rules::read(set, None, zone_of(ws, &self.person.contact))?;
            Ok(rules.field().cloned())
        });
        let key = match field {
            Ok(Some(key)) if ws.assets.field(&key).is_some() => key,
            Ok(_) => return Ok(Ok(())),
            Err(error) => return Ok(Err(error)),
        };
        let fields = vec![(key, Some(day.to_string().into()))];
        let edit = ContactEdit { fields, ..ContactEdit::default() };
        let edited = edit_person(self, &edit).await?;
        Ok(edited.map(drop).map_err(|refusal| ProgrammeError::Person(refusal.into())))
    }

    async fn other_language(
        &mut self,
        code: &SmolStr,
        known: Vec<SubscriptionRow>,
    ) -> Result<Done<Vec<SubscriptionRow>>, StoreError> {
        let edit = ContactEdit { language: Some(Some(code.clone())), ..ContactEdit::default() };
        if let Err(refusal) = edit_person(self, &edit).await? {
            return Ok(Err(ProgrammeError::Person(refusal.into())));
        }
        let mut rows = Vec::new();
        for row in known {
            let row = SubscriptionRow { language: Some(code.clone()), ..row };
            self.move_subscription(row.clone());
            self.programme_event(ProgrammeEventKind::Switched, Some(row.id), Some("language"), None);
            rows.push(row);
        }
        Ok(Ok(rows))
    }

    async fn other_address(
        &mut self,
        urn: &Urn,
        known: Vec<SubscriptionRow>,
    ) -> Result<Done<Vec<SubscriptionRow>>, StoreError> {
        let others = self.person.contact.urns.iter().filter(|known| known.urn.scheme != urn.scheme);
        let urns = std::iter::once(urn.clone()).chain(others.map(|known| known.urn.clone())).collect();
        let edit = ContactEdit { urns: Some(urns), ..ContactEdit::default() };
        if let Err(refusal) = edit_person(self, &edit).await? {
            return Ok(Err(ProgrammeError::Person(refusal.into())));
        }
        self.programme_event(ProgrammeEventKind::Switched, None, Some("address"), None);
        Ok(Ok(known))
    }

    fn other_medium(
        &mut self,
        from: &str,
        to: &SmolStr,
        known: Vec<SubscriptionRow>,
    ) -> Done<Vec<SubscriptionRow>> {
        let ws = self.ws.clone();
        let (old, new) = (set_named(&ws, from)?, set_named(&ws, to)?);
        let zone = zone_of(&ws, &self.person.contact);
        let row = known.iter().find(|row| row.set == old.id).cloned();
        let row = row.ok_or_else(|| ProgrammeError::NothingToSwitch(from.into()))?;
        let old_rate = Rules::read(old, row.schedule.as_ref(), zone.clone())?.rate();
        let new_rules = Rules::read(new, None, zone)?;
        let number = change_of_medium(row.next, old_rate, new_rules.rate()).min(new_rules.messages());
        let detail = serde_json::json!({"from": old.short_name, "to": new.short_name});
        self.programme_event(ProgrammeEventKind::Switched, Some(row.id), Some("medium"), Some(detail));
        self.end_subscription(row.clone(), SubscriptionStatus::Switched, Some("medium".into()));
        let to = SubscribeTo {
            set: to.clone(),
            about: (row.about != row.contact).then_some(row.about),
            language: row.language.clone(),
            schedule: None,
            start: StartAt::Message(number),
        };
        let others: Vec<_> = known.into_iter().filter(|other| other.id != row.id).collect();
        Ok(vec![self.begin(&to, &others, Origin { begun: self.now, previous: Some(row.id) })?])
    }

    fn other_day(&mut self, set: &str, day: Date, known: Vec<SubscriptionRow>) -> Done<Vec<SubscriptionRow>> {
        let ws = self.ws.clone();
        let set = set_named(&ws, set)?;
        let row = known.into_iter().find(|row| row.set == set.id);
        let mut row = row.ok_or_else(|| ProgrammeError::NothingToSwitch(set.short_name.clone()))?;
        let rules = Rules::read(set, row.schedule.as_ref(), zone_of(&ws, &self.person.contact))?;
        let start = StartAt::Placed { day: Some(day) };
        let (anchor, next) = rules.place(&self.person.contact, &start, self.now)?;
        (row.anchor, row.next) = (anchor, next);
        row.next_due = rules.plan(anchor).run(next, self.now);
        let detail = serde_json::json!({"next": next});
        self.programme_event(ProgrammeEventKind::Switched, Some(row.id), Some("day"), Some(detail));
        self.move_subscription(row.clone());
        Ok(vec![row])
    }
}

/// An event as it is told.
struct Happened<'h> {
    event: &'h SmolStr,
    day: Option<Date>,
    reason: Option<&'h SmolStr>,
    wanted: bool,
}
