//! Somebody wants no more messages, or shall get none any more.

use std::sync::Arc;

use domain::{ContactId, ContactStatus, WorkspaceId};
use smol_str::SmolStr;
use store::{Change, ConsentSource, Conversation, ConversationKey, ProgrammeEventKind};

use super::{Done, ProgrammeError, only};
use crate::{
    Committed, Context, Workspace,
    act_on_contacts::erase,
    batch::{self, StepFuture, Stepped},
    stop_contact::stop,
    turn::Turn,
};

/// What shall become of the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptOutKind {
    /// Nothing is said to them any more, by nobody.
    Stop,
    /// As that, and what is known of them is erased; counts stay.
    Forget,
    /// Their programmes end without another word; they can go on talking with us.
    Loss,
}

/// An opt-out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptOut {
    /// What shall become of the person.
    pub kind: OptOutKind,
    /// Why, as a word that can be counted: `not_useful`, `miscarriage`, `other`.
    pub reason: SmolStr,
}

/// Ends all programmes of a contact: status, subscriptions, their timers and what was queued, as one transaction.
///
/// # Errors
/// [`ProgrammeError`]; nothing is written then.
pub async fn opt_out(
    ctx: &Context,
    workspace: WorkspaceId,
    contact: ContactId,
    opt_out: OptOut,
) -> Result<Committed<()>, ProgrammeError> {
    let inputs = [(ConversationKey::Contact(workspace, contact), opt_out)];
    let (mut ends, left) = batch::run(ctx, &inputs, step).await;
    only(ends.pop()).map(|()| Committed::new((), left))
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    input: &'a OptOut,
) -> StepFuture<'a, Done<()>> {
    Box::pin(async move {
        let Some(conversation) = conversation else {
            return Ok(Stepped::nothing(Err(ProgrammeError::NoContact)));
        };
        let mut turn = Turn::of(ctx, ws, ctx.now(), conversation);
        let (workspace, contact) = (turn.ws.row.id, turn.person.row.id);
        turn.programme_event(ProgrammeEventKind::OptOut, None, Some(&input.reason), None);
        turn.consent_by = Some(ConsentSource::Programme);
        let reason = input.reason.clone();
        turn.changes.push(Change::EndSubscriptions(workspace, contact, reason, turn.now));
        match input.kind {
            OptOutKind::Stop => {
                if turn.person.contact.status == ContactStatus::Active {
                    turn.set_status(ContactStatus::Stopped);
                }
                stop(&mut turn, "the contact opted out");
            }
            OptOutKind::Forget => {
                erase(&mut turn);
            }
            OptOutKind::Loss => {
                let said = "their programme ended";
                turn.changes.push(Change::DropQueued(workspace, contact, said.to_owned(), turn.now));
            }
        }
        turn.drain_pending().await?;
        Ok(Stepped { unit: Some(turn.finish()), value: Ok(()) })
    })
}
