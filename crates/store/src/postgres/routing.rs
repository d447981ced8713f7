//! Which of a node's writers commits which unit.
//!
//! Few units at a time all go to one writer, whose transactions then carry more: what a transaction and its statements
//! cost is shared. Many are dealt out by contact, since a second transaction is worth it then. Nobody gives a unit of a
//! contact before the last one is answered (`operations::lanes`), so it does not matter that they take turns; other
//! nodes' writers do not either.
//!
//! Units that only move messages on (what carriers answer and report) always go to that one writer: two that lock
//! messages in different orders would wait for each other in a circle. What belongs to nobody goes to the first.

use super::batch::contact_of;
use crate::{Change, Unit};

/// Units given at a time that are worth a second transaction.
const WORTH_DEALING: usize = 64;

/// The multiplier of Fibonacci hashing: row numbers that follow each other closely are spread evenly.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The place of the writer of a unit, one of so many.
fn writer_of(unit: &Unit, many: bool, writers: usize) -> usize {
    if writers < 2 {
        return 0;
    }
    let mut moves_messages = false;
    for change in &unit.changes {
        if let Some(contact) = owner_of(change) {
            return if many { of_contact(contact, writers) } else { writers - 1 };
        }
        moves_messages |=
            matches!(change, Change::Status(_) | Change::FinishSent(..) | Change::FinishOutbox(..));
    }
    if moves_messages { writers - 1 } else { 0 }
}

fn of_contact(contact: i64, writers: usize) -> usize {
    let spread = contact.cast_unsigned().wrapping_mul(SPREAD) >> 32;
    usize::try_from(spread).unwrap_or_default() % writers
}

/// Whose a change is.
fn owner_of(change: &Change) -> Option<i64> {
    match change {
        Change::RetryOutbox(retry) => Some(retry.contact.0),
        Change::DropQueued(_, contact, ..) | Change::CancelReminders(_, contact, _) => Some(contact.0),
        Change::SetReminder(reminder) => Some(reminder.contact.0),
        Change::Outcome(outcome) => Some(outcome.contact.0),
        Change::NewTicket(ticket) => Some(ticket.contact.0),
        other => contact_of(other),
    }
}

/// Units by writer, with the places of their answers.
pub(super) struct Parts {
    pub parts: Vec<Vec<Unit>>,
    places: Vec<Vec<usize>>,
    units: usize,
}

impl Parts {
    /// Deals the units out, in order.
    pub(super) fn of(units: Vec<Unit>, writers: usize) -> Self {
        let mut dealt = Self {
            parts: std::iter::repeat_with(Vec::new).take(writers).collect(),
            places: vec![Vec::new(); writers],
            units: units.len(),
        };
        let many = units.len() >= WORTH_DEALING;
        for (place, unit) in units.into_iter().enumerate() {
            let writer = writer_of(&unit, many, writers);
            dealt.parts[writer].push(unit);
            dealt.places[writer].push(place);
        }
        dealt
    }

    /// Puts the answers of all writers into the order of the units; `missing` stands for those that are not there.
    pub(super) fn gather<T>(self, answers: Vec<Vec<T>>, missing: impl Fn() -> T) -> Vec<T> {
        let mut gathered: Vec<Option<T>> = std::iter::repeat_with(|| None).take(self.units).collect();
        for (places, answers) in self.places.into_iter().zip(answers) {
            for (place, answer) in places.into_iter().zip(answers) {
                gathered[place] = Some(answer);
            }
        }
        gathered.into_iter().map(|answer| answer.unwrap_or_else(&missing)).collect()
    }
}

#[cfg(test)]
mod tests {
    use domain::{ContactId, GroupId, OutboxId, WorkspaceId};
    use jiff::Timestamp;

    use super::*;

    fn of(contact: i64) -> Unit {
        let (workspace, group) = (WorkspaceId(1), GroupId(2));
        Unit::new(vec![Change::JoinGroup(workspace, ContactId(contact), group, Timestamp::UNIX_EPOCH)])
    }

    #[test]
    fn a_contact_has_one_writer_and_contacts_are_spread() {
        // Row numbers as a node draws them: 4 µs apart, with the slot in the last bits.
        let contacts = (0..1_000).map(|n| 57_000_000_000_000_000_i64 + n * 32 + 1);
        let mut shares = [0; 3];
        for contact in contacts {
            let writer = writer_of(&of(contact), true, 3);
            assert_eq!(writer, writer_of(&of(contact), true, 3));
            shares[writer] += 1;
        }
        assert!(shares.iter().all(|share| (250..=420).contains(share)), "{shares:?}");
        assert_eq!(writer_of(&of(7), true, 1), 0);
    }

    #[test]
    fn few_units_share_a_writer() {
        let sizes = |units: i64| {
            let dealt = Parts::of((1..=units).map(of).collect(), 2);
            dealt.parts.iter().map(Vec::len).collect::<Vec<_>>()
        };
        assert_eq!(sizes(20), [0, 20]);
        assert!(sizes(200).iter().all(|size| *size > 60));
    }

    #[test]
    fn what_has_no_contact_has_its_place() {
        let finish = Unit::new(vec![Change::FinishOutbox(WorkspaceId(1), OutboxId(5))]);
        for many in [false, true] {
            assert_eq!(writer_of(&finish, many, 4), 3);
            assert_eq!(writer_of(&Unit::default(), many, 4), 0);
        }
    }

    #[test]
    fn answers_come_back_in_the_order_of_the_units() {
        let contacts: Vec<i64> = (1..=100).collect();
        let mut dealt = Parts::of(contacts.iter().map(|contact| of(*contact)).collect(), 3);
        assert!(dealt.parts.iter().all(|part| !part.is_empty()));
        let parts = std::mem::take(&mut dealt.parts);
        let who = |unit: &Unit| unit.changes.first().and_then(owner_of).unwrap_or_default();
        let answers = parts.iter().map(|part| part.iter().map(who).collect()).collect();
        assert_eq!(dealt.gather(answers, || -1), contacts);
    }

    #[test]
    fn an_answer_that_is_missing_is_told() {
        let mut dealt = Parts::of(vec![of(1), of(2)], 1);
        drop(std::mem::take(&mut dealt.parts));
        assert_eq!(dealt.gather(vec![vec![7]], || -1), [7, -1]);
    }
}
