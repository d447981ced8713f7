//! Tickets of a contact.

use domain::{TicketRef, TicketUuid, query::Attribute};
use smol_str::SmolStr;

use super::Changes;
use crate::{
    events::{
        EventKind, TicketAssigneeChanged, TicketClosed, TicketData, TicketNoteAdded, TicketOpened,
        TicketReopened, TicketStatus, TicketTopicChanged, TopicRef, UserRef,
    },
    group_index::Touched,
};

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
        self.reevaluate_touched(Touched::Attribute(Attribute::Tickets));
        Some(uuid)
    }

    /// Closes a ticket.
    pub fn close_ticket(&mut self, uuid: TicketUuid) {
        let open = self.contact.tickets.iter_mut().find(|ticket| ticket.uuid == uuid && ticket.open);
        let Some(ticket) = open else { return };
        ticket.open = false;
        self.event(EventKind::TicketClosed(TicketClosed { ticket_uuid: uuid }));
        self.reevaluate_touched(Touched::Attribute(Attribute::Tickets));
    }

    /// Opens a closed ticket again, unless another is open.
    pub fn reopen_ticket(&mut self, uuid: TicketUuid) {
        if self.contact.tickets.iter().any(|ticket| ticket.open) {
            return;
        }
        let Some(ticket) = self.contact.tickets.iter_mut().find(|ticket| ticket.uuid == uuid) else { return };
        ticket.open = true;
        self.event(EventKind::TicketReopened(TicketReopened { ticket_uuid: uuid }));
        self.reevaluate_touched(Touched::Attribute(Attribute::Tickets));
    }

    /// Gives a ticket another subject.
    pub fn set_ticket_topic(&mut self, uuid: TicketUuid, topic: &TopicRef) {
        let Some(ticket) = self.contact.tickets.iter_mut().find(|ticket| ticket.uuid == uuid) else { return };
        if ticket.topic.as_ref().is_some_and(|old| old.uuid == topic.uuid) {
            return;
        }
        ticket.topic = Some(topic.clone());
        let topic = topic.clone();
        self.event(EventKind::TicketTopicChanged(TicketTopicChanged { ticket_uuid: uuid, topic }));
    }

    /// Gives a ticket to somebody, or to nobody.
    pub fn assign_ticket(&mut self, uuid: TicketUuid, assignee: Option<&UserRef>) {
        let Some(ticket) = self.contact.tickets.iter_mut().find(|ticket| ticket.uuid == uuid) else { return };
        if ticket.assignee.as_ref().map(|old| old.uuid) == assignee.map(|new| new.uuid) {
            return;
        }
        let previous = std::mem::replace(&mut ticket.assignee, assignee.cloned());
        self.event(EventKind::TicketAssigneeChanged(TicketAssigneeChanged {
            ticket_uuid: uuid,
            assignee: assignee.cloned(),
            previous,
        }));
    }

    /// Adds a note to a ticket.
    pub fn add_ticket_note(&mut self, uuid: TicketUuid, note: &SmolStr) {
        if self.contact.tickets.iter().any(|ticket| ticket.uuid == uuid) {
            let note = note.clone();
            self.event(EventKind::TicketNoteAdded(TicketNoteAdded { ticket_uuid: uuid, note }));
        }
    }
}
