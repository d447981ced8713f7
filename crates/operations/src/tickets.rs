//! Tickets: kept with the step of the flow that opens them, and changed by the people who deal with them. Closing one
//! may start a flow.

use std::sync::Arc;

use domain::{Contact, FlowId, Reference, RunId, TicketId, TicketRef, TicketUuid, WorkspaceId};
use flows::{
    Engine, Event, EventKind, Modifier, Trigger, TriggerKind,
    events::{TicketData, TopicRef, UserRef},
};
use smol_str::SmolStr;
use store::{
    Change, Conversation, ConversationKey, StoreError, TicketChange, TicketEdit, TicketRow, TicketStatus,
    UserRow,
};
use thiserror::Error;

use crate::{
    Committed, Context, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    triggers,
    turn::{StepEnd, Turn},
};

/// What a person does with a ticket.
#[derive(Debug, Clone, PartialEq)]
pub enum TicketAction {
    /// It needs nobody any more. Starts the flow that is set for it.
    Close,
    /// It needs somebody again; nothing if another one of the contact is open.
    Reopen,
    /// Somebody deals with it from now on, or nobody.
    Assign(Option<UserRef>),
    /// Another subject.
    Topic(TopicRef),
    /// Something for colleagues to read.
    Note(SmolStr),
}

/// Why a ticket was not changed.
#[derive(Debug, Clone, Error)]
pub enum TicketError {
    /// There is no such ticket.
    #[error("there is no such ticket")]
    NoTicket,
    /// The contact changes too fast.
    #[error("the contact is busy; try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct Input {
    ticket: TicketRow,
    action: TicketAction,
    user: Option<UserRef>,
}

/// Changes a ticket for a person. Answers whether that changed anything; what the flow that it started says is in the
/// outbox.
pub async fn change_ticket(
    ctx: &Context,
    workspace: WorkspaceId,
    ticket: TicketUuid,
    action: TicketAction,
    user: Option<UserRef>,
) -> Result<Committed<bool>, TicketError> {
    let row = ctx.store.ticket(workspace, ticket).await?.ok_or(TicketError::NoTicket)?;
    let key = ConversationKey::Contact(workspace, row.contact);
    let inputs = [(key, Input { ticket: row, action, user })];
    let (mut ends, left) = batch::run(ctx, &inputs, step).await;
    match ends.pop() {
        Some(Ok(value)) => Ok(Committed::new(value, left)),
        Some(Err(BatchError::NoWorkspace)) => Err(TicketError::NoTicket),
        Some(Err(BatchError::Store(error))) => Err(error.into()),
        Some(Err(BatchError::BrokeOff(said))) => Err(batch::broke_off(&said).into()),
        Some(Err(BatchError::Busy | BatchError::Duplicate | BatchError::Gone)) | None => {
            Err(TicketError::Busy)
        }
    }
}

/// Changes several tickets for a person, committed together except for those whose contact changes meanwhile. Answers
/// in their order whether there is such a ticket, and they see it.
///
/// # Errors
/// When the store fails or a contact keeps changing; it may be done again then.
pub async fn change_tickets(
    ctx: &Context,
    workspace: WorkspaceId,
    tickets: &[TicketUuid],
    action: &TicketAction,
    user: &UserRow,
) -> Result<Committed<Vec<bool>>, TicketError> {
    let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(TicketError::NoTicket)?;
    let by = Reference { uuid: user.uuid, name: user.name.clone() };
    let (mut there, mut inputs) = (Vec::with_capacity(tickets.len()), Vec::new());
    for uuid in tickets {
        let row = ctx.store.ticket(workspace, *uuid).await?.filter(|row| ws.sees_ticket(user, row));
        there.push(row.is_some());
        if let Some(ticket) = row {
            let key = ConversationKey::Contact(workspace, ticket.contact);
            inputs.push((key, Input { ticket, action: action.clone(), user: Some(by.clone()) }));
        }
    }
    let (ends, left) = batch::run(ctx, &inputs, step).await;
    for end in ends {
        match end {
            Ok(_) | Err(BatchError::NoWorkspace) => {}
            Err(BatchError::Store(error)) => return Err(error.into()),
            Err(BatchError::BrokeOff(said)) => return Err(batch::broke_off(&said).into()),
            Err(BatchError::Busy | BatchError::Duplicate | BatchError::Gone) => {
                return Err(TicketError::Busy);
            }
        }
    }
    Ok(Committed::new(there, left))
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    input: &'a Input,
) -> StepFuture<'a, bool> {
    Box::pin(async move {
        let Some(conversation) = conversation else { return Ok(Stepped::nothing(false)) };
        // What stands in the store now: the contact's version holds it until the commit.
        let found = ctx.store.ticket(ws.row.id, input.ticket.uuid).await?;
        let Some(ticket) = found else { return Ok(Stepped::nothing(false)) };
        let mut turn = Turn::of(ctx, ws, ctx.now(), conversation);
        if turn.person.contact.tickets.iter().all(|known| known.uuid != ticket.uuid) {
            let reference = turn.ws.ticket_ref(&ticket);
            turn.person.contact.tickets.push(reference);
            turn.person.doubt_groups();
        }
        let events = turn.modify(&modifier(ticket.uuid, &input.action));
        if events.is_empty() {
            return Ok(Stepped::nothing(false));
        }
        for mut event in events {
            event.user = input.user.clone().map(Box::new);
            turn.keep_change(&event);
            if matches!(event.kind, EventKind::TicketClosed(_)) {
                turn.ticket_closed(event, &ticket).await?;
            }
        }
        turn.drain_pending().await?;
        Ok(Stepped { unit: Some(turn.finish()), value: true })
    })
}

fn modifier(ticket_uuid: TicketUuid, action: &TicketAction) -> Modifier {
    match action.clone() {
        TicketAction::Close => Modifier::TicketClose { ticket_uuid },
        TicketAction::Reopen => Modifier::TicketReopen { ticket_uuid },
        TicketAction::Assign(assignee) => Modifier::TicketAssignee { ticket_uuid, assignee },
        TicketAction::Topic(topic) => Modifier::TicketTopic { ticket_uuid, topic },
        TicketAction::Note(note) => Modifier::TicketNote { ticket_uuid, note },
    }
}

impl Workspace {
    /// A ticket as flows see it.
    pub(crate) fn ticket_ref(&self, row: &TicketRow) -> TicketRef {
        let topic = row.topic.and_then(|id| self.definitions.topics.iter().find(|topic| topic.id == id));
        let user = row.assignee.and_then(|id| self.definitions.users.iter().find(|user| user.id == id));
        TicketRef {
            uuid: row.uuid,
            open: row.status == TicketStatus::Open,
            topic: topic.map(|topic| Reference { uuid: topic.uuid, name: topic.name.clone() }),
            assignee: user.map(|user| Reference { uuid: user.uuid, name: user.name.clone() }),
        }
    }
}

impl Turn<'_> {
    /// Changes the contact as people do. The events.
    fn modify(&mut self, modifier: &Modifier) -> Vec<Event> {
        let ws = self.ws.clone();
        let engine = Engine::new(&ws.assets, &ws.env, &*self.ctx.host);
        let contact: &mut Contact = &mut self.person.contact;
        // Nothing that is done with tickets touches addresses.
        engine.modify(contact, modifier, &mut |_| false)
    }

    /// Closes a ticket without starting what is set for closed ones.
    pub(crate) fn close_ticket_quietly(&mut self, ticket_uuid: TicketUuid) {
        for event in self.modify(&Modifier::TicketClose { ticket_uuid }) {
            self.keep_change(&event);
        }
    }

    /// Keeps an event that no flow caused, with what it means for tickets.
    fn keep_change(&mut self, event: &Event) {
        self.keep_ticket(event, None);
        self.record(event, None);
    }

    /// Keeps what an event says about tickets. `run` is the row of the run that caused it, and its flow.
    pub(crate) fn keep_ticket(&mut self, event: &Event, run: Option<(RunId, FlowId)>) {
        let (ticket, edit) = match &event.kind {
            EventKind::TicketOpened(opened) => {
                let row = self.ticket_row(&opened.ticket, event, run);
                self.changes.push(Change::NewTicket(Box::new(row)));
                return;
            }
            EventKind::TicketClosed(closed) => (closed.ticket_uuid, TicketEdit::Status(TicketStatus::Closed)),
            EventKind::TicketReopened(opened) => (opened.ticket_uuid, TicketEdit::Status(TicketStatus::Open)),
            EventKind::TicketNoteAdded(added) => {
                (added.ticket_uuid, TicketEdit::Note(added.note.to_string()))
            }
            EventKind::TicketTopicChanged(changed) => {
                (changed.ticket_uuid, TicketEdit::Topic(self.ws.topic_id(&changed.topic)))
            }
            EventKind::TicketAssigneeChanged(changed) => {
                let user = changed.assignee.as_ref().and_then(|user| self.ws.user_id(user));
                (changed.ticket_uuid, TicketEdit::Assignee(user))
            }
            _ => return,
        };
        let (workspace, contact, at) = (self.ws.row.id, self.person.row.id, event.created_on);
        let change = TicketChange { workspace, contact, ticket, edit, at };
        self.changes.push(Change::Ticket(Box::new(change)));
    }

    fn ticket_row(&self, ticket: &TicketData, event: &Event, run: Option<(RunId, FlowId)>) -> TicketRow {
        TicketRow {
            id: TicketId(self.ctx.next_id(self.now)),
            workspace: self.ws.row.id,
            uuid: ticket.uuid,
            contact: self.person.row.id,
            status: TicketStatus::Open,
            topic: ticket.topic.as_ref().and_then(|topic| self.ws.topic_id(topic)),
            assignee: ticket.assignee.as_ref().and_then(|user| self.ws.user_id(user)),
            note: None,
            flow: run.map(|(_, flow)| flow),
            run: run.map(|(run, _)| run),
            opened_on: event.created_on,
            modified_on: event.created_on,
            closed_on: None,
            replied_on: None,
            replied_by: None,
            opened_by: None,
        }
    }

    /// Starts the flow that is set for closed tickets; it takes the place of one that waits.
    async fn ticket_closed(&mut self, event: Event, ticket: &TicketRow) -> Result<(), StoreError> {
        let ws = self.ws.clone();
        let groups = self.person.groups().to_vec();
        let Some(matched) = triggers::anywhere(&ws, "T", &groups) else { return Ok(()) };
        let Some(flow) = ws.flow_by_id(matched.trigger.flow) else { return Ok(()) };
        let flow = Reference { uuid: flow.uuid, name: flow.name.clone() };
        let seen = ws.ticket_ref(ticket);
        let ticket = TicketData {
            uuid: seen.uuid,
            status: flows::events::TicketStatus::Closed,
            topic: seen.topic,
            assignee: seen.assignee,
        };
        let kind = TriggerKind::Ticket { event: Box::new(event), ticket };
        if let StepEnd::NotTaken(Some(reason)) = self.start(Trigger::new(flow, self.now, kind)).await? {
            tracing::warn!(reason, "a closed ticket started no flow");
        }
        Ok(())
    }
}
