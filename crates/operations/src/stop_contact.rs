//! A person wants no more messages from us.

use std::sync::Arc;

use domain::{ContactId, ContactStatus, SessionId, WorkspaceId};
use smol_str::SmolStr;
use store::{Change, Conversation, ConversationKey, StoreError, TimerKind};
use thiserror::Error;

use crate::{
    Context, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    turn::Turn,
};

/// Why a contact was not stopped.
#[derive(Debug, Clone, Error)]
pub enum StopError {
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

/// Stops a contact: the status, the end of the conversation, and the removal of everything queued for them are
/// one unit. What a dispatcher has in hand is taken back too ([`crate::Withdrawn`]); only a request that is on its way
/// at that very moment cannot be.
pub async fn stop_contact(
    ctx: &Context,
    workspace: WorkspaceId,
    contact: ContactId,
    reason: &str,
) -> Result<(), StopError> {
    let inputs = [(ConversationKey::Contact(workspace, contact), SmolStr::from(reason))];
    let (mut ends, _) = batch::run(ctx, &inputs, step).await;
    match ends.pop() {
        Some(Ok(true)) => Ok(()),
        Some(Ok(false) | Err(BatchError::NoWorkspace)) => Err(StopError::NoContact),
        Some(Err(BatchError::Store(error))) => Err(error.into()),
        Some(Err(BatchError::BrokeOff(said))) => Err(batch::broke_off(&said).into()),
        Some(Err(BatchError::Busy | BatchError::Duplicate | BatchError::Gone)) | None => Err(StopError::Busy),
    }
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    reason: &'a SmolStr,
) -> StepFuture<'a, bool> {
    Box::pin(async move {
        let Some(conversation) = conversation else { return Ok(Stepped::nothing(false)) };
        let mut turn = Turn::of(ctx, ws, ctx.now(), conversation);
        stop(&mut turn, reason);
        Ok(Stepped { unit: Some(turn.finish()), value: true })
    })
}

/// Stops the contact of a turn.
pub(crate) fn stop(turn: &mut Turn<'_>, reason: &str) {
    if turn.person.contact.status == ContactStatus::Active {
        turn.set_status(ContactStatus::Stopped);
    }
    turn.interrupt();
    let (workspace, contact) = (turn.ws.row.id, turn.person.row.id);
    for pending in std::mem::take(&mut turn.pending) {
        turn.changes.push(Change::Handled(workspace, pending.id, None, Some(reason.to_owned()), turn.now));
    }
    turn.cancel_reminders(&SmolStr::default());
    turn.changes.push(Change::ClearTimer(workspace, contact, TimerKind::WindowEnd, SessionId(0)));
    if matches!(turn.person.contact.status, ContactStatus::Stopped | ContactStatus::Archived) {
        turn.changes.push(Change::EndSubscriptions(workspace, contact, reason.into(), turn.now));
    }
    turn.changes.push(Change::DropQueued(workspace, contact, reason.to_owned(), turn.now));
}
