//! Slices of the planning of programmes anew after the workspace got another zone. What it does for its people are
//! transactions of their own; doing a slice again changes nothing, so the job's place is written after them.

use std::sync::Arc;

use domain::SubscriptionId;
use serde::{Deserialize, Serialize};
use store::JobRow;

use super::slice::{Progress, Trouble, commit, fewer, place_of, place_text};
use crate::{Committed, Context, Workspace, programmes::move_people};

/// Subscriptions of one slice.
const SLICE: usize = 500;

/// How far the planning is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    #[serde(default)]
    after: SubscriptionId,
}

pub(super) async fn slice(
    ctx: &Context,
    ws: &Arc<Workspace>,
    job: &JobRow,
) -> Result<Committed<JobRow>, Trouble> {
    let place: Place = place_of(job)?;
    let limit = fewer(SLICE, job);
    let rows = ctx.store.active_subscriptions(ws.row.id, place.after, limit).await?;
    let people = rows.iter().map(|row| row.contact).collect();
    move_people(ctx, ws.row.id, people).await?;
    let progress = Progress {
        place: place_text(&Place { after: rows.last().map_or(place.after, |row| row.id) }),
        is_last: rows.len() < limit,
        done: rows.len(),
        ..Progress::default()
    };
    commit(ctx, job, progress, Vec::new()).await
}
