//! Slices of the planning of a campaign for everybody it is for. A slice is one transaction; doing it again changes
//! nothing, and a person who changes meanwhile is planned by that change.

use std::sync::Arc;

use domain::ContactId;
use serde::{Deserialize, Serialize};
use store::JobRow;

use super::{
    PlanCampaignJob,
    slice::{Progress, Trouble, commit, fewer, place_of, place_text},
};
use crate::{Committed, Context, Workspace, campaigns::plan};

/// People of one slice: as many as a writer does in some ten milliseconds, so that replies go in between.
const SLICE: usize = 500;

/// How far the planning is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    #[serde(default)]
    after: ContactId,
}

pub(super) async fn slice(
    ctx: &Context,
    ws: &Arc<Workspace>,
    job: &JobRow,
    planned: &PlanCampaignJob,
) -> Result<Committed<JobRow>, Trouble> {
    let place: Place = place_of(job)?;
    let campaign =
        ws.definitions().campaigns.iter().find(|one| one.uuid == planned.campaign && !one.archived);
    let Some(campaign) = campaign else {
        let progress = Progress { place: job.place.clone(), is_last: true, ..Progress::default() };
        return commit(ctx, job, progress, Vec::new()).await;
    };
    let limit = fewer(SLICE, job);
    let members = ctx.store.member_rows_after(job.workspace, campaign.group, place.after, limit).await?;
    let total = match job.total {
        Some(total) => Some(total),
        None => i64::try_from(ctx.store.member_count(job.workspace, campaign.group).await?).ok(),
    };
    let now = ctx.now();
    let changes = members.iter().flat_map(|row| plan::upcoming(ws, planned.campaign, row, now)).collect();
    let progress = Progress {
        place: place_text(&Place { after: members.last().map_or(place.after, |row| row.id) }),
        is_last: members.len() < limit,
        done: members.len(),
        total,
        ..Progress::default()
    };
    commit(ctx, job, progress, changes).await
}
