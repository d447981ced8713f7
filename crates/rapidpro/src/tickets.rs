//! Tickets, and what happened to them in their contacts' history.

use std::collections::HashMap;

use domain::{ContactId, EventId, FlowId, TicketId, TicketUuid, TopicId, UserId};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Change, KeptNumbers, NewEvent, Tally, TallyKind, TallyName, TicketRow, TicketStatus, Unit};
use uuid::Uuid;

use crate::{MigrateError, migration::Migration};

/// Tickets of one page, which is one commit.
const PAGE: i64 = 500;

#[derive(Deserialize)]
struct Stored {
    id: i64,
    uuid: Uuid,
    body: String,
    status: String,
    opened_on: Timestamp,
    closed_on: Option<Timestamp>,
    modified_on: Timestamp,
    assignee_id: Option<i64>,
    contact_id: i64,
    opened_in_id: Option<i64>,
    opened_by_id: Option<i64>,
    replied_on: Option<Timestamp>,
    topic_id: Option<i64>,
}

#[derive(Deserialize)]
struct Happened {
    id: i64,
    event_type: String,
    note: Option<String>,
    created_on: Timestamp,
    assignee_id: Option<i64>,
    created_by_id: Option<i64>,
    ticket_id: i64,
    topic_id: Option<i64>,
}

const TICKETS: &str =
    "SELECT id, uuid, body, status, opened_on, closed_on, modified_on, assignee_id, contact_id,
    opened_in_id, opened_by_id, replied_on, topic_id FROM tickets_ticket WHERE org_id = $1 AND id > $2 ORDER BY id LIMIT $3";
const EVENTS: &str = "SELECT id, event_type, note, created_on, assignee_id, created_by_id, ticket_id, topic_id
    FROM tickets_ticketevent WHERE org_id = $1 AND ticket_id >= $2 AND ticket_id <= $3 ORDER BY created_on, id";

impl Migration<'_> {
    /// All tickets.
    pub fn tickets(&mut self) -> Result<(), MigrateError> {
        self.area("tickets", "tickets_ticket")?;
        self.area("ticket events", "tickets_ticketevent")?;
        let (done, _) = self.brought(KeptNumbers::Tickets)?;
        let mut after = 0;
        loop {
            let page: Vec<Stored> = self.source.rows("a ticket", TICKETS, &[self.org.id, after, PAGE])?;
            let (Some(first), Some(last)) = (page.first(), page.last()) else { break };
            after = last.id;
            let mut events: HashMap<i64, Vec<Happened>> = HashMap::new();
            let span = [self.org.id, first.id, last.id];
            for row in self.source.rows::<Happened>("an event of a ticket", EVENTS, &span)? {
                events.entry(row.ticket_id).or_default().push(row);
            }
            let mut units = Vec::new();
            for ticket in page {
                let happened = events.remove(&ticket.id).unwrap_or_default();
                let is_new = self.here(ticket.id) > done;
                units.extend(self.ticket(&ticket, &happened, is_new).filter(|_| is_new));
            }
            self.write_all("a page of tickets", units)?;
        }
        self.count_here("tickets", KeptNumbers::Tickets)
    }

    fn ticket(&mut self, stored: &Stored, happened: &[Happened], is_new: bool) -> Option<Unit> {
        if !self.contacts.contains_key(&stored.contact_id) {
            self.count("tickets").leave("their contact is left out");
            self.count("ticket events").leave_many("their contact is left out", happened.len() as u64);
            return None;
        }
        let is_open = stored.status == "O";
        self.count("tickets").take(is_new);
        self.count("tickets").kind(if is_open { "open" } else { "closed" });
        let contact = ContactId(self.here(stored.contact_id));
        let user = |id: Option<i64>| id.and_then(|id| self.users.get(&id)).map(|(id, ..)| UserId(*id));
        let topic = stored.topic_id.filter(|id| self.topics.contains_key(id));
        let row = TicketRow {
            id: TicketId(self.here(stored.id)),
            workspace: self.workspace,
            uuid: TicketUuid(stored.uuid),
            contact,
            status: if is_open { TicketStatus::Open } else { TicketStatus::Closed },
            topic: topic.map(|id| TopicId(self.here(id))),
            assignee: user(stored.assignee_id),
            note: Some(stored.body.clone()).filter(|body| !body.is_empty()),
            flow: stored.opened_in_id.and_then(|id| self.flows.get(&id)).map(|flow| FlowId(flow.id)),
            run: None,
            opened_on: stored.opened_on,
            modified_on: stored.modified_on,
            closed_on: stored.closed_on.filter(|_| !is_open),
            replied_on: stored.replied_on,
            // Who it was is not kept there.
            replied_by: None,
            opened_by: user(stored.opened_by_id),
        };
        let closed_on = stored.closed_on.unwrap_or(stored.modified_on);
        let mut changes = vec![Change::NewTicket(Box::new(row))];
        if !is_open {
            let (workspace, day, name) = (self.workspace, self.day(closed_on), TallyName::Word("closed"));
            let tally = Tally { workspace, day, kind: TallyKind::Ticket, subject: 0, name };
            changes.push(Change::Tallies(vec![(tally, 1)]));
        }
        for one in happened {
            match self.ticket_event(stored, one) {
                Some((kind, body)) => {
                    self.count("ticket events").take(is_new);
                    self.count("ticket events").kind(kind);
                    changes.push(Change::Event(Box::new(NewEvent {
                        id: EventId(self.here(one.id)),
                        workspace: self.workspace,
                        contact,
                        session: None,
                        kind: kind.into(),
                        body: body.to_string(),
                        created_on: one.created_on,
                    })));
                }
                None => self.count("ticket events").leave("of a kind that is not known here"),
            }
        }
        Some(Unit::new(changes))
    }

    fn ticket_event(&self, ticket: &Stored, happened: &Happened) -> Option<(&'static str, Value)> {
        let user = |id: Option<i64>| {
            id.and_then(|id| self.users.get(&id)).map(|(_, uuid, name)| json!({"uuid": uuid, "name": name}))
        };
        let topic = |id: Option<i64>| {
            id.and_then(|id| self.topics.get(&id)).map(|(uuid, name)| json!({"uuid": uuid, "name": name}))
        };
        let (kind, more) = match happened.event_type.as_str() {
            "O" => {
                let mut opened = json!({"uuid": ticket.uuid, "status": "open"});
                if let Some(topic) = topic(happened.topic_id.or(ticket.topic_id)) {
                    opened["topic"] = topic;
                }
                ("ticket_opened", json!({"ticket": opened, "note": happened.note}))
            }
            "A" => ("ticket_assignee_changed", json!({"assignee": user(happened.assignee_id)})),
            "N" => ("ticket_note_added", json!({"note": happened.note.as_deref().unwrap_or_default()})),
            "T" => ("ticket_topic_changed", json!({"topic": topic(happened.topic_id)?})),
            "C" => ("ticket_closed", json!({})),
            "R" => ("ticket_reopened", json!({})),
            _ => return None,
        };
        let mut body = json!({
            "uuid": self.sink.host().uuid_v4(), "type": kind, "created_on": happened.created_on,
        });
        if kind != "ticket_opened" {
            body["ticket_uuid"] = json!(ticket.uuid);
        }
        if let Some(user) = user(happened.created_by_id) {
            body["_user"] = user;
        }
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        Some((kind, body))
    }
}
