//! What was handed over or claimed and is not in the lanes yet. It joins them in the order of the commits of each person:
//! what another operation, which committed before, is still to bring is waited for.

use std::sync::Arc;

use domain::ContactId;
use operations::{OnTheWay, Ticket, in_order, meet};
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

    /// Rows that an operation handed over, those of its first ticket first.
    pub(super) fn given(&mut self, mut rows: Vec<OutboxItem>, tickets: Vec<Ticket>) {
        for ticket in tickets {
            let later = rows.split_off(ticket.rows().min(rows.len()));
            let (number, contacts) = (ticket.number(), ticket.contacts().clone());
            self.parts.push(Part { number, contacts, rows, ticket: Some(ticket) });
            rows = later;
        }
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
        let (mut ready, mut held, mut arrived) = (Ready::default(), Vec::new(), Vec::new());
        for part in self.parts.drain(..) {
            let behind = |other: &Part| meet(&other.contacts, &part.contacts);
            if !all && (held.iter().any(behind) || way.is_awaited(part.number, &part.contacts, &arrived)) {
                held.push(part);
                continue;
            }
            match &part.ticket {
                Some(ticket) => {
                    arrived.push(ticket.number());
                    ready.given.extend(part.rows);
                }
                None => ready.found.extend(part.rows),
            }
        }
        self.parts = held;
        ready
    }
}
