//! A user answers the person of a ticket.

use std::sync::Arc;

use domain::{MessageUuid, TicketUuid, UserId, WorkspaceId};
use flows::{Engine, EventKind, events::BroadcastCreated};
use store::{
    Change, Conversation, ConversationKey, MessageStatus, Priority, Rank, StoreError, TicketChange,
    TicketEdit, TicketStatus, UserRow,
};
use thiserror::Error;

use crate::{
    Committed, Context, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    turn::Turn,
};

/// What is said in which ticket, and by whom.
#[derive(Debug, Clone)]
pub struct ReplyInTicket {
    /// Owner.
    pub workspace: WorkspaceId,
    /// The ticket.
    pub ticket: TicketUuid,
    /// What is said. Whom it names is of no interest.
    pub said: BroadcastCreated,
    /// Whether expressions in it are evaluated: for canned replies, not for what somebody typed.
    pub evaluate: bool,
    /// Who says it.
    pub user: UserRow,
}

/// Why nothing was said.
#[derive(Debug, Clone, Error)]
pub enum ReplyError {
    /// There is no such ticket, or not for this user.
    #[error("there is no such ticket")]
    NoTicket,
    /// The ticket is closed.
    #[error("the ticket is closed; reopen it first")]
    Closed,
    /// The contact changes too fast.
    #[error("the contact is busy; try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Clone, Copy)]
enum Replied {
    Written(MessageUuid),
    Closed,
    NoTicket,
}

/// Writes the message and its way out, with who wrote it; the first time of a ticket is kept with it and counted. A
/// message that cannot go anywhere is written as failed, with the reason, and counts as no answer.
///
/// # Errors
/// [`ReplyError`]; nothing is written then.
pub async fn reply_in_ticket(
    ctx: &Context,
    reply: ReplyInTicket,
) -> Result<Committed<MessageUuid>, ReplyError> {
    let row = ctx.store.ticket(reply.workspace, reply.ticket).await?.ok_or(ReplyError::NoTicket)?;
    let key = ConversationKey::Contact(reply.workspace, row.contact);
    let inputs = [(key, reply)];
    let (mut ends, left) = batch::run(ctx, &inputs, step).await;
    match ends.pop() {
        Some(Ok(Replied::Written(uuid))) => Ok(Committed::new(uuid, left)),
        Some(Ok(Replied::Closed)) => Err(ReplyError::Closed),
        Some(Ok(Replied::NoTicket) | Err(BatchError::NoWorkspace)) => Err(ReplyError::NoTicket),
        Some(Err(BatchError::Store(error))) => Err(error.into()),
        Some(Err(BatchError::BrokeOff(said))) => Err(batch::broke_off(&said).into()),
        Some(Err(BatchError::Busy | BatchError::Duplicate | BatchError::Gone)) | None => {
            Err(ReplyError::Busy)
        }
    }
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    input: &'a ReplyInTicket,
) -> StepFuture<'a, Replied> {
    Box::pin(async move {
        let Some(conversation) = conversation else { return Ok(Stepped::nothing(Replied::NoTicket)) };
        // What stands in the store now: the contact's version holds it until the commit.
        let found = ctx.store.ticket(input.workspace, input.ticket).await?;
        let found = found.filter(|ticket| ticket.contact == conversation.contact.id);
        let Some(ticket) = found.filter(|ticket| ws.sees_ticket(&input.user, ticket)) else {
            return Ok(Stepped::nothing(Replied::NoTicket));
        };
        if ticket.status == TicketStatus::Closed {
            return Ok(Stepped::nothing(Replied::Closed));
        }
        let mut turn = Turn::of(ctx, ws, ctx.now(), conversation);
        turn.rank = Rank::of(Priority::Reply);
        let ws = turn.ws.clone();
        let engine = Engine::new(&ws.assets, &ws.env, &*ctx.host);
        let (contact, uuid) = (&turn.person.contact, ctx.host.uuid_v7());
        let event = if input.evaluate {
            engine.evaluated_broadcast_message(contact, &input.said, uuid)
        } else {
            engine.broadcast_message(contact, &input.said, uuid)
        };
        let EventKind::MsgCreated(created) = &event.kind else {
            return Ok(Stepped::nothing(Replied::NoTicket));
        };
        turn.send_alone(&event, &created.msg);
        turn.keep_reply(input.ticket, input.user.id);
        let written = Replied::Written(MessageUuid(event.uuid.0));
        Ok(Stepped { unit: Some(turn.finish()), value: written })
    })
}

impl Turn<'_> {
    /// Keeps who wrote the message that was said last.
    fn keep_reply(&mut self, ticket: TicketUuid, user: UserId) {
        let said = self.changes.iter().rev().find_map(|change| match change {
            Change::Message(new) => Some((new.id, new.status)),
            _ => None,
        });
        let Some((message, status)) = said else { return };
        let goes_out = status != MessageStatus::Failed;
        let edit = TicketEdit::Reply { message, user: Some(user), goes_out };
        let (workspace, contact, at) = (self.ws.row.id, self.person.row.id, self.now);
        let change = TicketChange { workspace, contact, ticket, edit, at };
        self.changes.push(Change::Ticket(Box::new(change)));
    }
}
