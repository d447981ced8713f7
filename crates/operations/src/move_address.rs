//! Addresses that a carrier tells of a person besides those they write from: a new number, a name within our business.

use std::sync::Arc;

use domain::{ContactId, ContactUrn, Urn, WorkspaceId};
use store::{Conversation, ConversationKey, StoreError};

use crate::{
    Context, Receipt, Workspace,
    batch::{self, BatchError, StepFuture, Stepped},
    turn::Turn,
};

impl Turn<'_> {
    /// Puts a new address in the place of one that the person has no more. What is queued to the old one fails. If the
    /// new one is somebody else's, nothing changes: whose it is only a person can tell.
    pub(crate) async fn move_address(&mut self, from: &Urn, to: &[Urn]) -> Result<Receipt, StoreError> {
        let Some((new, others)) = to.split_first() else {
            return Ok(Receipt::Ignored("it has no new address"));
        };
        let has =
            |turn: &Self, urn: &Urn| turn.person.contact.urns.iter().any(|known| known.urn.is_same(urn));
        if new.is_same(from) {
            return Ok(Receipt::Ignored("the address is the same"));
        }
        let is_theirs = has(self, new);
        if !is_theirs && self.ctx.store.address_owner(self.ws.row.id, new.clone()).await?.is_some() {
            return Ok(Receipt::Ignored("the new address is somebody else's"));
        }
        let urns = &mut self.person.contact.urns;
        if let Some(place) = urns.iter().position(|known| known.urn.is_same(from)) {
            let old = urns.remove(place);
            if !is_theirs {
                urns.insert(place, ContactUrn { urn: new.clone(), channel: old.channel });
            }
        }
        self.person.doubt_groups();
        self.learn_addresses(others).await?;
        Ok(Receipt::Event)
    }
}

/// Adds an address to a contact, after those they have, unless somebody has it. Answers whether it is theirs now.
///
/// # Errors
/// When the store fails.
pub async fn learn_address(
    ctx: &Context,
    workspace: WorkspaceId,
    contact: ContactId,
    urn: Urn,
) -> Result<bool, StoreError> {
    if let Some((owner, _)) = ctx.store.address_owner(workspace, urn.clone()).await? {
        return Ok(owner == contact);
    }
    let inputs = [(ConversationKey::Contact(workspace, contact), urn)];
    let (mut ends, _) = batch::run(ctx, &inputs, step).await;
    match ends.pop() {
        Some(Ok(learnt)) => Ok(learnt),
        Some(Err(BatchError::Store(error))) => Err(error),
        Some(Err(BatchError::BrokeOff(said))) => Err(batch::broke_off(&said)),
        Some(Err(BatchError::NoWorkspace | BatchError::Busy | BatchError::Duplicate | BatchError::Gone))
        | None => Ok(false),
    }
}

fn step<'a>(
    ctx: &'a Context,
    ws: Arc<Workspace>,
    conversation: Option<Conversation>,
    urn: &'a Urn,
) -> StepFuture<'a, bool> {
    Box::pin(async move {
        let Some(conversation) = conversation else { return Ok(Stepped::nothing(false)) };
        let mut turn = Turn::of(ctx, ws, ctx.now(), conversation);
        turn.learn_addresses(std::slice::from_ref(urn)).await?;
        Ok(Stepped { unit: Some(turn.finish()), value: true })
    })
}
