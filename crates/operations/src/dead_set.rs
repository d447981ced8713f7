//! The dead set: what could not leave and waits for a person, who lets it be tried again or throws it away.

use domain::{OutboxId, WorkspaceId};
use jiff::Timestamp;
use store::{Change, DeadFilter, DeadRow, ReviveOutbox, Revived, StoreError, Unit, UnitError};

use crate::Context;

/// Rows that one transaction takes out of the dead set.
const SLICE: usize = 500;

/// What trying again, or throwing away, came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleared {
    /// Rows that are queued again, behind what their contacts have on the same lines; or that were thrown away.
    pub done: u64,
    /// Rows that are not wanted any more: their contacts opted out, or the messages arrived after all. They are gone.
    pub not_wanted: u64,
}

/// Rows of the dead set that the filter fits, the oldest first, after the given one.
///
/// # Errors
/// When the store cannot be read.
pub async fn list_dead(
    ctx: &Context,
    workspace: WorkspaceId,
    filter: DeadFilter,
    after: OutboxId,
    limit: usize,
) -> Result<Vec<DeadRow>, StoreError> {
    ctx.store.dead_set(workspace, filter, after, limit).await
}

/// Queues rows of the dead set again, each by itself and anew: the attempts before do not count, and it goes behind
/// everything that its contact has on the same line by now. Whoever opted out gets nothing. Tell the dispatcher to
/// look for it.
///
/// # Errors
/// When the store fails; what was done until then stays done.
pub async fn retry_dead(
    ctx: &Context,
    workspace: WorkspaceId,
    filter: DeadFilter,
) -> Result<Cleared, StoreError> {
    let revive = |id: OutboxId| {
        let at = ctx.now();
        let new_id = OutboxId(ctx.next_id(at));
        Change::ReviveOutbox(ReviveOutbox { workspace, id, new_id, at })
    };
    clear(ctx, workspace, filter, revive).await
}

/// Throws rows of the dead set away. Their messages stay failed.
///
/// # Errors
/// When the store fails; what was done until then stays done.
pub async fn discard_dead(
    ctx: &Context,
    workspace: WorkspaceId,
    filter: DeadFilter,
) -> Result<Cleared, StoreError> {
    clear(ctx, workspace, filter, |id| Change::DiscardDead(workspace, id)).await
}

/// Throws away what has been in the dead sets of all workspaces since before a moment. Answers how much it was.
///
/// # Errors
/// When the store fails; what was done until then stays done.
pub async fn forget_dead(ctx: &Context, before: Timestamp) -> Result<u64, StoreError> {
    let mut forgotten = 0;
    for workspace in ctx.store.workspaces().await? {
        loop {
            let page = ctx.store.dead_set(workspace.id, DeadFilter::default(), OutboxId(0), SLICE).await?;
            // Row numbers rise with time: the oldest come first.
            let old = page.iter().take_while(|row| row.item.created_on < before);
            let units: Vec<Unit> =
                old.map(|row| Unit::new(vec![Change::DiscardDead(workspace.id, row.item.id)])).collect();
            let count = units.len();
            if count > 0 {
                let answers = ctx.write(units).await?;
                forgotten += answers.iter().filter(|answer| answer.is_ok()).count() as u64;
            }
            if count < SLICE {
                break;
            }
        }
    }
    Ok(forgotten)
}

/// Goes over the rows as they are now; what dies meanwhile is not met again.
async fn clear(
    ctx: &Context,
    workspace: WorkspaceId,
    filter: DeadFilter,
    change: impl Fn(OutboxId) -> Change,
) -> Result<Cleared, StoreError> {
    let (mut cleared, mut after) = (Cleared::default(), OutboxId(0));
    let last = OutboxId(ctx.next_id(ctx.now()));
    loop {
        let page = ctx.store.dead_set(workspace, filter.clone(), after, SLICE).await?;
        let is_last = page.len() < SLICE;
        let rows: Vec<OutboxId> = page.iter().map(|row| row.item.id).filter(|id| *id < last).collect();
        let Some(newest) = rows.last() else { return Ok(cleared) };
        after = *newest;
        let units = rows.iter().map(|id| Unit::new(vec![change(*id)])).collect();
        for done in ctx.write(units).await? {
            match done {
                Ok(done) => match done.revived.first() {
                    Some(Revived::NotWanted) => cleared.not_wanted += 1,
                    Some(Revived::Gone) => {}
                    Some(Revived::Queued) | None => cleared.done += 1,
                },
                // Somebody else was faster.
                Err(UnitError::Gone) => {}
                Err(UnitError::Store(error)) => return Err(error),
                Err(other) => return Err(StoreError::Database(other.to_string())),
            }
        }
        if is_last {
            return Ok(cleared);
        }
    }
}
