//! A person is taken out of the flow they are in, by a user, the API, or because a line or flow was removed.

use std::sync::Arc;

use domain::{ContactId, WorkspaceId};
use store::{Conversation, ConversationKey, StoreError};
use thiserror::Error;

use crate::{
    Committed, Context, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    turn::Turn,
};

/// Why a conversation was not interrupted.
#[derive(Debug, Clone, Error)]
pub enum InterruptError {
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

/// Ends the conversation that a contact is in: its runs end as interrupted, which their history says, and what it waits
/// for (timers, effects, also those in the dispatcher's hand) is no longer wanted. Messages that waited behind an
/// effect are handled after it. What goes on in the background is left alone. Answers whether there was one.
pub async fn interrupt(
    ctx: &Context,
    workspace: WorkspaceId,
    contact: ContactId,
) -> Result<Committed<bool>, InterruptError> {
    let inputs = [(ConversationKey::Contact(workspace, contact), ())];
    let (mut ends, left) = batch::run(ctx, &inputs, step).await;
    match ends.pop() {
        Some(Ok(Some(value))) => Ok(Committed::new(value, left)),
        Some(Ok(None) | Err(BatchError::NoWorkspace)) => Err(InterruptError::NoContact),
        Some(Err(BatchError::Store(error))) => Err(error.into()),
        Some(Err(BatchError::BrokeOff(said))) => Err(batch::broke_off(&said).into()),
        Some(Err(BatchError::Busy | BatchError::Duplicate | BatchError::Gone)) | None => {
            Err(InterruptError::Busy)
        }
    }
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    (): &'a (),
) -> StepFuture<'a, Option<bool>> {
    Box::pin(async move {
        let Some(conversation) = conversation else { return Ok(Stepped::nothing(None)) };
        let mut turn = Turn::of(ctx, ws, ctx.now(), conversation);
        if !turn.interrupt() {
            return Ok(Stepped::nothing(Some(false)));
        }
        turn.drain_pending().await?;
        Ok(Stepped { unit: Some(turn.finish()), value: Some(true) })
    })
}
