//! A person is told something by somebody who is not in a flow.

use std::sync::Arc;

use domain::{ContactId, MessageUuid, WorkspaceId};
use flows::{Engine, EventKind, events::BroadcastCreated};
use store::{Conversation, ConversationKey, StoreError};
use thiserror::Error;

use crate::{
    Committed, Context, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    turn::Turn,
};

/// What is said, and to whom.
#[derive(Debug, Clone)]
pub struct SendMessage {
    /// Owner.
    pub workspace: WorkspaceId,
    /// The person.
    pub contact: ContactId,
    /// What is said. Whom it names is of no interest.
    pub said: BroadcastCreated,
}

/// Why nothing was said.
#[derive(Debug, Clone, Error)]
pub enum SendMessageError {
    /// There is no such contact.
    #[error("there is no such contact")]
    NoContact,
    /// The contact changes too fast.
    #[error("the contact is busy; try again")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes the message and its way out. One that cannot go anywhere is written as failed, with the reason.
///
/// # Errors
/// [`SendMessageError`]; nothing is written then.
pub async fn send_message(
    ctx: &Context,
    message: SendMessage,
) -> Result<Committed<MessageUuid>, SendMessageError> {
    let key = ConversationKey::Contact(message.workspace, message.contact);
    let inputs = [(key, message.said)];
    let (mut ends, left) = batch::run(ctx, &inputs, step).await;
    match ends.pop() {
        Some(Ok(Some(uuid))) => Ok(Committed::new(uuid, left)),
        Some(Ok(None) | Err(BatchError::NoWorkspace)) => Err(SendMessageError::NoContact),
        Some(Err(BatchError::Store(error))) => Err(error.into()),
        Some(Err(BatchError::BrokeOff(said))) => Err(batch::broke_off(&said).into()),
        Some(Err(BatchError::Busy | BatchError::Duplicate | BatchError::Gone)) | None => {
            Err(SendMessageError::Busy)
        }
    }
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    said: &'a BroadcastCreated,
) -> StepFuture<'a, Option<MessageUuid>> {
    Box::pin(async move {
        let Some(conversation) = conversation else { return Ok(Stepped::nothing(None)) };
        let mut turn = Turn::of(ctx, ws, ctx.now(), conversation);
        let ws = turn.ws.clone();
        let engine = Engine::new(&ws.assets, &ws.env, &*ctx.host);
        let event = engine.broadcast_message(&turn.person.contact, said, ctx.host.uuid_v7());
        let EventKind::MsgCreated(created) = &event.kind else { return Ok(Stepped::nothing(None)) };
        turn.send_alone(&event, &created.msg);
        Ok(Stepped { unit: Some(turn.finish()), value: Some(MessageUuid(event.uuid.0)) })
    })
}
