//! What the dispatcher asks for: rows that nobody has in hand, and at the start those that a crash left.

use store::{Claimed, Recovered, StoreError};

use crate::Context;

/// Takes up to `limit` outbox rows that are due and in nobody's hand: backlog, retries, rows written by commands.
/// Rows of one contact and channel come in order, and never before an earlier one that is not due yet.
pub async fn claim_outbox(ctx: &Context, limit: usize) -> Result<Claimed, StoreError> {
    ctx.store.claim_outbox(ctx.run, ctx.now(), limit).await
}

/// Gives back what earlier runs had in hand when they ended: each is marked as possibly repeated (row and message)
/// and is due now. Call it once at the start, before anything is received.
pub async fn recover(ctx: &Context) -> Result<Recovered, StoreError> {
    ctx.store.recover_outbox(ctx.run, ctx.now()).await
}
