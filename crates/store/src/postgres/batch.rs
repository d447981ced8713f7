//! Which units can be written together, as a few statements for all of them.
//!
//! A unit fits a batch if the outcome is the same as one by one, in order. So it must hold only changes that are known
//! here, in an order that the order of the statements keeps ([`is_plain`]), and must not need what another unit of the
//! batch writes: the same contact or session, or a message or outbox row that is only being inserted. What units ask
//! of rows that are there already (versions, statuses, timers) is settled in memory, in order (`outcome`).

use std::collections::HashSet;

use uuid::Uuid;

use super::guards::TimerKey;
use crate::{Change, DueTimer, MessageRef, NewMessage, OutboxKind, Unit};

/// Where a unit goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// Into this batch.
    Here,
    /// Into the next one.
    Later,
    /// Nowhere: it is applied by itself, after the batch.
    Alone,
}

/// Units that are written together.
#[derive(Default)]
pub(super) struct Batch<'u> {
    pub units: Vec<&'u Unit>,
    seen: Seen<'u>,
}

/// What the units of a batch touch.
#[derive(Default)]
struct Seen<'u> {
    contacts: HashSet<i64>,
    sessions: HashSet<i64>,
    messages: HashSet<i64>,
    message_uuids: HashSet<Uuid>,
    outbox: HashSet<i64>,
    externals: HashSet<&'u str>,
    jobs: HashSet<i64>,
}

impl<'u> Batch<'u> {
    /// Takes the unit if it fits.
    pub(super) fn take(&mut self, unit: &'u Unit) -> Fit {
        if !is_plain(unit) {
            return Fit::Alone;
        }
        if unit.changes.iter().any(|change| self.seen.stands_against(change)) {
            return Fit::Later;
        }
        for change in &unit.changes {
            self.seen.note(change);
        }
        self.units.push(unit);
        Fit::Here
    }
}

impl<'u> Seen<'u> {
    fn stands_against(&self, change: &'u Change) -> bool {
        let contact = contact_of(change).is_some_and(|contact| self.contacts.contains(&contact));
        let session = session_of(change).is_some_and(|session| self.sessions.contains(&session));
        let message = match message_of(change) {
            Some(MessageRef::Id(id)) => self.messages.contains(&id.0),
            Some(MessageRef::Uuid(_, uuid)) => self.message_uuids.contains(&uuid.0),
            Some(MessageRef::External(_, external)) => self.externals.contains(external.as_str()),
            None => false,
        };
        let outbox = outbox_of(change).is_some_and(|row| self.outbox.contains(&row));
        let job = job_of(change).is_some_and(|job| self.jobs.contains(&job));
        contact || session || message || outbox || job
    }

    fn note_message(&mut self, new: &NewMessage) {
        self.messages.insert(new.id.0);
        self.message_uuids.insert(new.uuid.0);
    }

    fn note(&mut self, change: &'u Change) {
        self.contacts.extend(contact_of(change));
        self.sessions.extend(session_of(change));
        self.jobs.extend(job_of(change));
        match change {
            Change::Message(new) => self.note_message(new),
            Change::Tell(tell) => {
                self.note_message(&tell.message);
                self.outbox.extend(tell.outbox.as_ref().map(|new| new.id.0));
            }
            Change::Outbox(new) => {
                self.outbox.insert(new.id.0);
            }
            Change::Status(status) | Change::FinishSent(_, status) | Change::FailSent(_, status) => {
                self.externals.extend(status.external_id.as_deref());
            }
            _ => {}
        }
    }
}

/// The contact whose rows a change writes.
pub(super) fn contact_of(change: &Change) -> Option<i64> {
    Some(match change {
        Change::NewContact(new) => new.contact.id.0,
        Change::Contact(update) => update.contact.id.0,
        Change::Tell(tell) => tell.message.contact.0,
        Change::NewUrn(new) => new.contact.0,
        Change::Urn(_, contact, _)
        | Change::RemoveUrn(_, contact, _)
        | Change::JoinGroup(_, contact, ..)
        | Change::LeaveGroup(_, contact, _)
        | Change::ClearTimer(_, contact, ..)
        | Change::Seen(_, contact, _)
        | Change::CancelEffects(_, contact, _) => contact.0,
        Change::Message(new) => new.contact.0,
        Change::Session(row) => row.contact.0,
        Change::Run(row) => row.contact.0,
        Change::Event(new) => new.contact.0,
        Change::SetTimer(timer) | Change::TakeTimer(timer) => timer.contact.0,
        Change::Outbox(new) => new.contact.0,
        _ => return None,
    })
}

fn session_of(change: &Change) -> Option<i64> {
    match change {
        Change::Session(row) => Some(row.id.0),
        Change::Run(row) => Some(row.session.0),
        Change::EndSession(_, session, ..) => Some(session.0),
        _ => None,
    }
}

/// The message that a change expects to be there.
fn message_of(change: &Change) -> Option<MessageRef> {
    match change {
        Change::Status(status) | Change::FinishSent(_, status) | Change::FailSent(_, status) => {
            Some(status.message.clone())
        }
        Change::Handled(_, message, ..) => Some(MessageRef::Id(*message)),
        _ => None,
    }
}

/// The outbox row that a change expects to be there.
fn outbox_of(change: &Change) -> Option<i64> {
    match change {
        Change::FinishOutbox(_, id) | Change::FinishSent(id, _) | Change::FailSent(id, _) => Some(id.0),
        _ => None,
    }
}

/// The job that a change is about.
fn job_of(change: &Change) -> Option<i64> {
    match change {
        Change::Job(job) => Some(job.id.0),
        Change::LeftOut(left_out) => Some(left_out.job.0),
        _ => None,
    }
}

/// Whether all changes of a unit are known here and their order is that of the statements.
fn is_plain(unit: &Unit) -> bool {
    let mut own = Own::default();
    // Whoever acts leaves rows that tell what was before.
    unit.acting.is_none() && unit.changes.iter().all(|change| own.goes_on(change))
}

/// What tells a timer from others.
pub(super) fn key_of(timer: &DueTimer) -> TimerKey {
    (timer.contact.0, timer.kind.as_str(), timer.kind.scope(timer.session))
}

/// What a unit has done so far.
#[derive(Default)]
struct Own<'u> {
    seen: Seen<'u>,
    contact_rows: HashSet<i64>,
    urns: HashSet<i64>,
    timers: HashSet<TimerKey>,
    ended: HashSet<i64>,
    jobs: HashSet<i64>,
    effects: bool,
    cancels: bool,
}

impl<'u> Own<'u> {
    // tidy: table
    fn goes_on(&mut self, change: &'u Change) -> bool {
        let plain = match change {
            Change::NewContact(new) => {
                self.contact_rows.insert(new.contact.id.0)
                    && new.urns.iter().all(|urn| self.urns.insert(urn.id.0))
            }
            Change::Contact(update) => self.contact_rows.insert(update.contact.id.0),
            Change::Tell(tell) => self.contact_rows.insert(tell.message.contact.0),
            Change::Job(job) => self.jobs.insert(job.id.0),
            Change::LeftOut(_) => true,
            Change::NewUrn(new) => self.urns.insert(new.urn.id.0),
            Change::Urn(_, _, urn) => self.urns.insert(urn.id.0),
            Change::RemoveUrn(_, _, urn) => self.urns.insert(urn.0),
            Change::JoinGroup(..) | Change::LeaveGroup(..) | Change::Message(_) | Change::Label(_) => true,
            Change::Event(_) | Change::Seen(..) | Change::Tallies(_) => true,
            Change::Status(_) | Change::Handled(..) => !self.seen.stands_against_message(change),
            Change::FinishOutbox(..) | Change::FinishSent(..) | Change::FailSent(..) => {
                !self.seen.stands_against_message(change)
                    && outbox_of(change).is_none_or(|id| !self.seen.outbox.contains(&id))
            }
            Change::Session(row) => !self.ended.contains(&row.id.0),
            Change::Run(_) => true,
            Change::EndSession(_, session, ..) => {
                self.ended.insert(session.0) && !self.seen.sessions.contains(&session.0)
            }
            Change::SetTimer(timer) => {
                self.timers.insert(key_of(timer));
                true
            }
            Change::ClearTimer(..) => true,
            Change::TakeTimer(timer) => !self.timers.contains(&key_of(timer)),
            Change::Outbox(new) => {
                self.effects |= new.kind != OutboxKind::Message;
                true
            }
            Change::CancelEffects(..) => {
                self.cancels = true;
                true
            }
            // What is not known here is applied one by one, by the same code as on SQLite: right, and slower.
            _ => false,
        };
        self.seen.note(change);
        plain && !(self.effects && self.cancels)
    }
}

impl Seen<'_> {
    fn stands_against_message(&self, change: &Change) -> bool {
        match message_of(change) {
            Some(MessageRef::Id(id)) => self.messages.contains(&id.0),
            Some(MessageRef::Uuid(_, uuid)) => self.message_uuids.contains(&uuid.0),
            Some(MessageRef::External(_, external)) => self.externals.contains(external.as_str()),
            None => false,
        }
    }
}
