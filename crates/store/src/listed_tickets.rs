//! Rows of lists of tickets.

use domain::{ContactId, ContactUuid, TicketUuid};
use smol_str::SmolStr;

use crate::{TicketRow, Walk};

/// Which tickets are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketsOf {
    /// All.
    Everybody,
    /// Those of a contact.
    Contact(ContactId),
    /// The one with this public identifier.
    Uuid(TicketUuid),
}

/// A list of tickets in the order of their last changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TicketList {
    /// Which.
    pub of: TicketsOf,
    /// Where in the list.
    pub walk: Walk,
}

/// A ticket of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedTicket {
    /// The ticket.
    pub ticket: TicketRow,
    /// The person: identifier and name.
    pub contact: (ContactUuid, SmolStr),
}
