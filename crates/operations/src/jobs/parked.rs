//! A broadcast goes on after a pause: first what it had written before, which rests in the outbox.

use store::{Change, JobRow, ReviveOutbox};

use super::{
    recipients::Place,
    slice::{Progress, Trouble, commit, place_text},
};
use crate::{Committed, Context};

/// Rows that are queued anew together.
const SLICE: usize = 500;

/// Queues what rests anew, behind what its people have been told since.
pub(super) async fn slice(
    ctx: &Context,
    job: &JobRow,
    mut place: Place,
) -> Result<Committed<JobRow>, Trouble> {
    let rows = ctx.store.parked_outbox(job.workspace, job.id, SLICE).await?;
    place.parked = rows.len() == SLICE;
    let at = ctx.now();
    let unpark = |id| {
        let new_id = domain::OutboxId(ctx.next_id(at));
        Change::Unpark(ReviveOutbox { workspace: job.workspace, id, new_id, at })
    };
    let changes = rows.into_iter().map(unpark).collect();
    let progress = Progress { place: place_text(&place), ..Progress::default() };
    commit(ctx, job, progress, changes).await
}
