//! Rows of lists of tickets.

use domain::{ContactId, ContactUuid, TicketUuid, TopicId, UserId};
use smol_str::SmolStr;

use crate::{TicketRow, TicketStatus, Walk};

/// Which tickets are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TicketsOf {
    /// All.
    Everybody,
    /// Those of a contact.
    Contact(ContactId),
    /// The one with this public identifier.
    Uuid(TicketUuid),
    /// Those of these topics; 0 for those that name none.
    Topics(Vec<TopicId>),
    /// Those with which somebody deals, or nobody.
    Assignee(Option<UserId>),
}

/// Whose list it is, if they do not see all tickets: those of some topics, and those with which they deal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenBy {
    /// Who.
    pub user: UserId,
    /// The topics; 0 for tickets that name none.
    pub topics: Vec<TopicId>,
}

/// A list of tickets in the order of their last changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketList {
    /// Which.
    pub of: TicketsOf,
    /// Only open or closed ones.
    pub status: Option<TicketStatus>,
    /// Only what somebody sees.
    pub seen_by: Option<SeenBy>,
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
