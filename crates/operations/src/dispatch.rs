//! What the dispatcher asks for: rows that nobody has in hand, and at the start those that a crash left.

use jiff::Timestamp;
use store::{Claimed, OutboxLine, Recovered, StoreError};

use crate::Context;

/// What a look into the outbox found.
#[derive(Debug, Default)]
pub struct Look {
    /// Rows that are in this run's hand now. Those of one contact and channel are in order.
    pub claimed: Claimed,
    /// Whether more is due of lines that have room for it.
    pub more: bool,
    /// Lines of which rows are due for which there was no room.
    pub held_back: Vec<OutboxLine>,
    /// When the next row is due of lines of which none is due yet.
    pub next: Option<Timestamp>,
}

/// Takes up to `limit` outbox rows that are due and in nobody's hand: backlog, retries, rows written by commands.
/// Rows of one contact and channel come in order, and never before an earlier one that is not due yet. Lines share
/// the limit, and none gives more than `room` has for it; to look costs no write if nothing can be taken.
pub async fn claim_outbox(
    ctx: &Context,
    limit: usize,
    room: impl Fn(OutboxLine) -> usize,
) -> Result<Look, StoreError> {
    let now = ctx.now();
    let mut look = Look::default();
    let mut shares = Vec::new();
    for (line, due) in ctx.store.outbox_due().await? {
        match room(line) {
            _ if due > now => look.next = Some(look.next.map_or(due, |next| next.min(due))),
            0 => look.held_back.push(line),
            room => shares.push((line, room)),
        }
    }
    look.more = shares.len() > limit;
    shares.truncate(limit);
    if shares.is_empty() {
        return Ok(look);
    }
    let most = limit / shares.len();
    for (_, share) in &mut shares {
        *share = most.min(*share);
    }
    look.claimed = ctx.store.claim_outbox(ctx.run, now, shares).await?;
    look.more |= !look.claimed.unfinished.is_empty();
    Ok(look)
}

/// Gives back what runs had in hand that are not alive any more: each is marked as possibly repeated (row and message)
/// and is due now. What is left by a run that another node ends is given back then; this is for a start.
pub async fn recover(ctx: &Context) -> Result<Recovered, StoreError> {
    ctx.store.recover_outbox(ctx.now()).await
}
