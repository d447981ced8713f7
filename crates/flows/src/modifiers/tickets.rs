//! Tickets of a contact.

use domain::{TicketRef, TicketUuid};
use smol_str::SmolStr;

use super::Changes;
use crate::events::{EventKind, TicketData, TicketNoteAdded, TicketOpened, TicketStatus, TopicRef, UserRef};

impl Changes<'_> {
    /// Opens a ticket unless one is open; says which it opened.
    pub fn open_ticket(
        &mut self,
        topic: Option<TopicRef>,
        assignee: Option<UserRef>,
        note: SmolStr,
    ) -> Option<TicketUuid> {
        if self.contact.tickets.iter().any(|ticket| ticket.open) {
            return None;
        }
        let uuid = TicketUuid(self.host.uuid_v7());
        self.contact.tickets.push(TicketRef {
            uuid,
            open: true,
            topic: topic.clone(),
            assignee: assignee.clone(),
        });
        let ticket = TicketData { uuid, status: TicketStatus::Open, topic, assignee };
        self.event(EventKind::TicketOpened(TicketOpened { ticket, note: None }));
        if !note.is_empty() {
            self.event(EventKind::TicketNoteAdded(TicketNoteAdded { ticket_uuid: uuid, note }));
        }
        self.reevaluate_groups();
        Some(uuid)
    }
}
