//! What was handed over or claimed and is not in the lanes yet. It joins them in the order of the commits of each person:
//! what another operation, which committed before, is still to bring is waited for.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{ContactId, OutboxId};
use operations::{OnTheWay, Ticket, in_order};
use store::OutboxItem;

/// Rows that came together.
#[derive(Debug)]
struct Part {
    /// Tickets with smaller numbers were opened before.
    number: u64,
    contacts: Arc<[ContactId]>,
    rows: Vec<OutboxItem>,
    /// The ticket under which they were handed over; `None` for rows that were read from the store.
    ticket: Option<Ticket>,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    parts: Vec<Part>,
    /// People of whom it is not known what went back to the store, and the first ticket that was opened after that.
    doubted: HashMap<ContactId, u64>,
}

/// What may join the lanes, the earliest first.
#[derive(Debug, Default)]
pub(super) struct Ready {
    /// Rows that were handed over.
    pub(super) given: Vec<OutboxItem>,
    /// Rows that were read from the store.
    pub(super) found: Vec<OutboxItem>,
}

impl Arrivals {
    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether rows that were read from the store wait here.
    pub(super) fn has_found(&self) -> bool {
        self.parts.iter().any(|part| part.ticket.is_none())
    }

    /// All rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = &OutboxItem> {
        self.parts.iter().flat_map(|part| &part.rows)
    }

    /// Rows that an operation handed over, those of its first ticket first. Answers those that are in doubt by now: they are
    /// not taken.
    pub(super) fn given(&mut self, mut rows: Vec<OutboxItem>, tickets: Vec<Ticket>) -> Vec<OutboxItem> {
        let mut refused = Vec::new();
        for ticket in tickets {
            let later = rows.split_off(ticket.rows().min(rows.len()));
            let (number, contacts) = (ticket.number(), ticket.contacts().clone());
            if !self.doubted.is_empty() {
                let in_doubt = |row: &mut OutboxItem| {
                    self.doubted.get(&row.contact).is_some_and(|after| number < *after)
                };
                refused.extend(rows.extract_if(.., in_doubt));
            }
            self.parts.push(Part { number, contacts, rows, ticket: Some(ticket) });
            rows = later;
        }
        refused
    }

    /// Rows of somebody may have gone back to the store, by a commit of which nothing was heard before the ticket `next`.
    /// What was handed over of them or is on its way may be in another hand by now: answers what is here, and takes none
    /// of what comes.
    pub(super) fn doubt(&mut self, contact: ContactId, next: u64) -> Vec<OutboxItem> {
        self.doubted.insert(contact, next);
        let given = self.parts.iter_mut().filter(|part| part.ticket.is_some());
        given.flat_map(|part| part.rows.extract_if(.., |row| row.contact == contact)).collect()
    }

    /// Rows that were read from the store; tickets from `next` on were opened after that.
    pub(super) fn found(&mut self, rows: Vec<OutboxItem>, next: u64) {
        if !rows.is_empty() {
            let contacts = in_order(rows.iter().map(|row| row.contact).collect());
            self.parts.push(Part { number: next, contacts, rows, ticket: None });
        }
    }

    /// Takes what need not wait for anything, or `all`. Its tickets are closed.
    pub(super) fn ready(&mut self, way: &OnTheWay, all: bool) -> Ready {
        self.parts.sort_by_key(|part| (part.number, part.ticket.is_some()));
        let here: Vec<u64> =
            self.parts.iter().filter_map(|part| Some(part.ticket.as_ref()?.number())).collect();
        self.doubted.retain(|contact, next| way.is_awaited(*next, &[*contact], &here));
        let (mut held, mut free): (Vec<Part>, Vec<Part>) = std::mem::take(&mut self.parts)
            .into_iter()
            .partition(|part| !all && way.is_awaited(part.number, &part.contacts, &here));
        if !held.is_empty() {
            hold_what_is_behind(&mut held, &mut free);
        }
        self.parts = held;
        let mut ready = Ready::default();
        for part in free {
            match part.ticket {
                Some(_) => ready.given.extend(part.rows),
                None => ready.found.extend(part.rows),
            }
        }
        ready
    }
}

/// Holds what brings a later row of somebody of whom an earlier one is held. Not the number decides: a claim may find rows
/// that are earlier than those of the tickets before it, and is held for what it has of other people.
fn hold_what_is_behind(held: &mut Vec<Part>, free: &mut Vec<Part>) {
    let mut first: HashMap<ContactId, OutboxId> = HashMap::new();
    let mut seen = 0;
    while seen < held.len() {
        for row in held[seen..].iter().flat_map(|part| &part.rows) {
            let earliest = first.entry(row.contact).or_insert(row.id);
            *earliest = row.id.min(*earliest);
        }
        seen = held.len();
        let is_behind = |part: &mut Part| {
            part.rows.iter().any(|row| first.get(&row.contact).is_some_and(|earliest| *earliest < row.id))
        };
        held.extend(free.extract_if(.., is_behind));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::ContactId;
    use operations::{OnTheWay, Ticket};
    use store::OutboxItem;

    use super::Arrivals;
    use crate::dispatcher::lanes::tests::item;

    fn open(way: &Arc<OnTheWay>, people: &[i64]) -> Ticket {
        way.open(people.iter().copied().map(ContactId).collect())
    }

    /// Rows by their numbers and people.
    fn rows(rows: &[(i64, i64)]) -> Vec<OutboxItem> {
        rows.iter().map(|(id, contact)| item(*id, *contact)).collect()
    }

    fn give(arrivals: &mut Arrivals, ticket: Ticket, given: &[(i64, i64)]) -> Vec<i64> {
        let refused = arrivals.given(rows(given), vec![ticket.bringing(given.len())]);
        refused.into_iter().map(|row| row.id.0).collect()
    }

    /// The rows that may go, given and found.
    fn ready(arrivals: &mut Arrivals, way: &OnTheWay) -> (Vec<i64>, Vec<i64>) {
        let ready = arrivals.ready(way, false);
        let ids = |rows: Vec<OutboxItem>| rows.into_iter().map(|row| row.id.0).collect();
        (ids(ready.given), ids(ready.found))
    }

    #[test]
    fn what_is_given_waits_behind_what_a_claim_found_and_cannot_bring_yet() {
        let (way, mut arrivals) = (Arc::new(OnTheWay::default()), Arrivals::default());
        let of_another = open(&way, &[8]);
        let (reply, stranger, later) = (open(&way, &[7]), open(&way, &[9]), open(&way, &[7, 6]));
        give(&mut arrivals, reply, &[(30, 7)]);
        give(&mut arrivals, stranger, &[(31, 9)]);
        give(&mut arrivals, later, &[(32, 7), (33, 6)]);
        // Found together with something of somebody of whom an earlier commit is still on its way.
        arrivals.found(rows(&[(10, 7), (11, 8)]), way.next());
        let much_later = open(&way, &[6]);
        give(&mut arrivals, much_later, &[(40, 6)]);
        assert_eq!(ready(&mut arrivals, &way), (vec![31], vec![]), "only who has nothing to do with them");
        drop(of_another);
        assert_eq!(ready(&mut arrivals, &way), (vec![30, 32, 33, 40], vec![10, 11]));
        assert!(arrivals.is_empty());
    }

    #[test]
    fn what_is_earlier_than_what_is_held_need_not_wait_for_it() {
        let (way, mut arrivals) = (Arc::new(OnTheWay::default()), Arrivals::default());
        let of_another = open(&way, &[8]);
        let reply = open(&way, &[7]);
        give(&mut arrivals, reply, &[(30, 7)]);
        arrivals.found(rows(&[(35, 7), (36, 8)]), way.next());
        assert_eq!(ready(&mut arrivals, &way), (vec![30], vec![]));
        drop(of_another);
        assert_eq!(ready(&mut arrivals, &way), (vec![], vec![35, 36]));
    }

    #[test]
    fn what_may_have_gone_back_is_not_taken_also_if_it_comes_later() {
        let (way, mut arrivals) = (Arc::new(OnTheWay::default()), Arrivals::default());
        let (here, coming) = (open(&way, &[7, 8]), open(&way, &[7]));
        give(&mut arrivals, here, &[(30, 7), (31, 8)]);
        let gone = arrivals.doubt(ContactId(7), way.next());
        assert_eq!(gone.iter().map(|row| row.id.0).collect::<Vec<_>>(), [30]);
        let after = open(&way, &[7]);
        assert_eq!(ready(&mut arrivals, &way), (vec![31], vec![]));
        assert_eq!(give(&mut arrivals, after, &[(33, 7)]), [0; 0], "it was begun after that");
        assert_eq!(give(&mut arrivals, coming, &[(32, 7)]), [32]);
        assert_eq!(ready(&mut arrivals, &way), (vec![33], vec![]));
        let next = open(&way, &[7]);
        assert_eq!(give(&mut arrivals, next, &[(34, 7)]), [0; 0]);
    }
}
