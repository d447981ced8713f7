//! Outbox rows between their commit and the dispatcher: another operation of the same person, or a claim, may read the
//! commit and be with the dispatcher first. So each commit opens a ticket before it is begun, which is closed when the
//! dispatcher has the rows, and what comes later of the same people waits for it.
//!
//! The order of the tickets is that of the commits of one person: who commits after another has read what that one
//! wrote, and opens the ticket after it has read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ContactId;
use tokio::sync::Notify;

/// The open tickets of a node.
#[derive(Debug, Default)]
pub struct OnTheWay {
    state: Mutex<State>,
    closed: Notify,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    open: BTreeMap<u64, Arc<[ContactId]>>,
    /// Whether somebody waits for the end of one.
    asked: bool,
}

/// One commit and the handing over of its rows. Closed when it is dropped.
#[derive(Debug)]
pub struct Ticket {
    of: Arc<OnTheWay>,
    number: u64,
    contacts: Arc<[ContactId]>,
    rows: usize,
}

impl Ticket {
    /// Its place in the order.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// How many rows it brings, of those that are handed over with it.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The same with so many rows.
    pub fn bringing(mut self, rows: usize) -> Self {
        self.rows = rows;
        self
    }

    /// Whose rows it may bring, in order.
    pub fn contacts(&self) -> &Arc<[ContactId]> {
        &self.contacts
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut state = self.of.state();
        state.open.remove(&self.number);
        if std::mem::take(&mut state.asked) {
            drop(state);
            self.of.closed.notify_one();
        }
    }
}

impl OnTheWay {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Before rows of these people are committed.
    pub fn open(self: &Arc<Self>, contacts: Vec<ContactId>) -> Ticket {
        let contacts = in_order(contacts);
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.open.insert(number, contacts.clone());
        Ticket { of: self.clone(), number, contacts, rows: 0 }
    }

    /// The number of the next ticket: all that are open have smaller ones.
    pub fn next(&self) -> u64 {
        self.state().next
    }

    /// Whether a ticket before this number is open that may bring rows of these people (in order), but for those that
    /// have arrived (in order). Then [`OnTheWay::closed`] tells when to ask again.
    pub fn is_awaited(&self, before: u64, contacts: &[ContactId], arrived: &[u64]) -> bool {
        let mut state = self.state();
        let mut open =
            state.open.range(..before).filter(|(number, _)| arrived.binary_search(number).is_err());
        let awaited = open.any(|(_, theirs)| meet(theirs, contacts));
        state.asked |= awaited;
        awaited
    }

    /// Waits until a ticket was closed since somebody asked.
    pub async fn closed(&self) {
        self.closed.notified().await;
    }
}

/// People in order, each once.
pub fn in_order(mut contacts: Vec<ContactId>) -> Arc<[ContactId]> {
    contacts.sort_unstable();
    contacts.dedup();
    contacts.into()
}

/// Whether somebody is among both, each in order.
fn meet(ours: &[ContactId], theirs: &[ContactId]) -> bool {
    let (few, many) = if ours.len() < theirs.len() { (ours, theirs) } else { (theirs, ours) };
    few.iter().any(|contact| many.binary_search(contact).is_ok())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::ContactId;

    use super::{OnTheWay, in_order, meet};

    fn people(ids: &[i64]) -> Vec<ContactId> {
        ids.iter().copied().map(ContactId).collect()
    }

    #[test]
    fn what_is_later_of_the_same_people_waits() {
        let way = Arc::new(OnTheWay::default());
        let first = way.open(people(&[3, 1, 3]));
        let second = way.open(people(&[2, 3]));
        let third = way.open(people(&[4]));
        let awaited = |before: u64, contacts: &[i64], arrived: &[u64]| {
            way.is_awaited(before, &people(contacts), arrived)
        };
        assert_eq!((first.number(), &**first.contacts()), (0, &*people(&[1, 3])));
        assert!(!awaited(first.number(), &[1, 3], &[]), "nothing is before it");
        assert!(awaited(second.number(), &[2, 3], &[]));
        assert!(!awaited(second.number(), &[2, 3], &[0]), "it is here");
        assert!(!awaited(third.number(), &[4], &[]), "strangers do not wait");
        assert!(awaited(way.next(), &[4, 9], &[0, 1]) && !awaited(way.next(), &[9], &[]));
        drop(first);
        assert!(!awaited(second.number(), &[2, 3], &[]));
    }

    #[tokio::test]
    async fn whoever_asked_hears_of_the_end() {
        let way = Arc::new(OnTheWay::default());
        let (first, second) = (way.open(people(&[1])), way.open(people(&[1])));
        assert!(way.is_awaited(second.number(), second.contacts(), &[]));
        drop(first);
        way.closed().await;
        assert!(!way.is_awaited(second.number(), second.contacts(), &[]));
    }

    #[test]
    fn people_meet_in_any_lengths() {
        for (ours, theirs, expected) in
            [(&[][..], &[1][..], false), (&[1, 5, 9], &[5], true), (&[2], &[1, 3], false), (&[7], &[7], true)]
        {
            assert_eq!(meet(&in_order(people(ours)), &in_order(people(theirs))), expected);
            assert_eq!(meet(&in_order(people(theirs)), &in_order(people(ours))), expected);
        }
    }
}
