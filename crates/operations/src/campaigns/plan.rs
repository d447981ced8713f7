//! Sets the timers of points: for one person as they change, and for all members when a campaign changes.

use domain::{CampaignUuid, ContactId, ContactStatus, GroupId, JobUuid, SessionId, WorkspaceId};
use jiff::Timestamp;
use store::{Change, ContactRow, DueTimer, JobRow, TimerKind};

use super::points::{CampaignPoint, Dates};
use crate::{Context, JobSpec, Workspace, jobs::PlanCampaignJob, jobs::job_row, person::Person, turn::Turn};

/// The timer of a point for one person.
pub(super) fn timer(
    workspace: WorkspaceId,
    contact: ContactId,
    point: &CampaignPoint,
    due: Timestamp,
) -> DueTimer {
    DueTimer { workspace, contact, kind: TimerKind::Campaign, due, session: SessionId(point.id.0) }
}

/// Timers of members of a campaign's group, for those points that are still to come.
pub(crate) fn upcoming(
    ws: &Workspace,
    campaign: CampaignUuid,
    row: &ContactRow,
    now: Timestamp,
) -> Vec<Change> {
    if row.status != ContactStatus::Active {
        return Vec::new();
    }
    let dates = Dates::of_row(row);
    let zone = dates.zone(&ws.env.timezone);
    let points = ws.campaign_points().iter().filter(|point| point.campaign.uuid == campaign);
    let due = points.filter_map(|point| Some((point, point.moment(&dates, &zone).filter(|due| *due > now)?)));
    due.map(|(point, due)| Change::SetTimer(timer(row.workspace, row.id, point, due))).collect()
}

/// Sets the timers of one person anew where their dates, groups or zone are others than in the store.
pub(crate) fn person(ws: &Workspace, person: &Person, moved: &[Change], now: Timestamp) -> Vec<Change> {
    if ws.campaign_points().is_empty() {
        return Vec::new();
    }
    let (before, after) = (Dates::of_row(&person.row), Dates::of(&person.contact));
    let in_and_out = |point: &CampaignPoint| {
        moved.iter().any(|change| match change {
            Change::JoinGroup(_, _, group, _) | Change::LeaveGroup(_, _, group) => *group == point.group,
            _ => false,
        })
    };
    let back = person.row.status != ContactStatus::Active && person.contact.status == ContactStatus::Active;
    let mut zone = None;
    let mut changes = Vec::new();
    for point in ws.campaign_points() {
        let is_member = person.contact.groups.contains(&point.group_uuid);
        let moves = in_and_out(point);
        if !moves && !(is_member && (person.is_new() || back || after.differ(&before, &point.base))) {
            continue;
        }
        if !person.is_new() {
            let (workspace, contact) = (person.row.workspace, person.row.id);
            let session = SessionId(point.id.0);
            changes.push(Change::ClearTimer(workspace, contact, TimerKind::Campaign, session));
        }
        let zone = zone.get_or_insert_with(|| after.zone(&ws.env.timezone));
        let is_meant = is_member && person.contact.status == ContactStatus::Active;
        let due = point.moment(&after, zone).filter(|due| is_meant && *due > now);
        if let Some(due) = due {
            changes.push(Change::SetTimer(timer(person.row.workspace, person.row.id, point, due)));
        }
    }
    changes
}

/// What becomes of the timers of somebody who joins a group, or leaves it, and does not change otherwise.
pub(crate) fn moved(
    ws: &Workspace,
    row: &ContactRow,
    (group, joins): (GroupId, bool),
    now: Timestamp,
) -> Vec<Change> {
    let points = ws.campaign_points().iter().filter(|point| point.group == group);
    let dates = Dates::of_row(row);
    let zone = dates.zone(&ws.env.timezone);
    let change = |point: &CampaignPoint| {
        let (workspace, contact, session) = (row.workspace, row.id, SessionId(point.id.0));
        if !joins {
            return Some(Change::ClearTimer(workspace, contact, TimerKind::Campaign, session));
        }
        let due = point.moment(&dates, &zone).filter(|due| *due > now)?;
        Some(Change::SetTimer(timer(workspace, contact, point, due)))
    };
    points.filter_map(change).collect()
}

impl Turn<'_> {
    /// Sets the timers of points anew where this turn changed what they count from. After groups are settled.
    pub(crate) fn plan_campaigns(&mut self) {
        let planned = person(&self.ws, &self.person, &self.changes, self.now);
        self.changes.extend(planned);
    }
}

/// The job that plans a campaign for all its members. It is written with what makes that necessary.
fn job(ctx: &Context, workspace: WorkspaceId, campaign: CampaignUuid) -> Result<JobRow, serde_json::Error> {
    let spec = JobSpec::PlanCampaign(PlanCampaignJob { campaign });
    job_row(ctx, workspace, JobUuid(ctx.host.uuid_v7()), &spec, None)
}

/// The same, as a change of a unit.
pub(crate) fn planned_anew(ctx: &Context, workspace: WorkspaceId, campaign: CampaignUuid) -> Option<Change> {
    match job(ctx, workspace, campaign) {
        Ok(row) => Some(Change::NewJob(Box::new(row))),
        Err(error) => {
            tracing::error!(%error, %campaign, "a campaign cannot be planned");
            None
        }
    }
}
