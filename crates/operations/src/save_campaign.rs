//! A campaign is added or changed, and points in time are added to it, changed or removed. What that means for everybody
//! it is for is a job, written in the same transaction; timers of a point that is gone do nothing.

use std::collections::BTreeMap;

use domain::{
    CampaignEventId, CampaignEventUuid, CampaignId, CampaignUuid, FieldType, FlowUuid, GroupUuid, WorkspaceId,
};
use smol_str::SmolStr;
use store::{CampaignEventRow, CampaignRow, Change, DefinitionChange};

use crate::{
    Context, Workspace,
    campaigns::plan::planned_anew,
    edit_definitions::{SaveError, Saved, edit, proper_name, same_name},
};

/// Campaigns of a workspace.
pub const MAX_CAMPAIGNS: usize = 250;
/// Points of a campaign.
pub const MAX_CAMPAIGN_EVENTS: usize = 500;
/// Characters of a campaign's name.
pub const MAX_CAMPAIGN_NAME: usize = 64;
/// Moments that every contact has.
const MOMENTS: [&str; 2] = ["created_on", "last_seen_on"];

/// Adds a campaign, or changes the one with this identifier.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn save_campaign(
    ctx: &Context,
    workspace: WorkspaceId,
    campaign: Option<CampaignUuid>,
    name: &str,
    group: GroupUuid,
) -> Result<Saved<CampaignRow>, SaveError> {
    let name = proper_name(name, MAX_CAMPAIGN_NAME)?;
    edit(ctx, workspace, |ws| {
        let campaigns = &ws.definitions().campaigns;
        let group = ws.group_id(group).ok_or(SaveError::NotFound)?;
        let (row, made) = match campaign {
            Some(uuid) => {
                let known = campaigns.iter().find(|one| one.uuid == uuid && !one.archived);
                let known = known.ok_or(SaveError::NotFound)?;
                (CampaignRow { name: name.clone(), group, ..known.clone() }, false)
            }
            None if campaigns.len() >= MAX_CAMPAIGNS => return Err(SaveError::TooMany(MAX_CAMPAIGNS)),
            None => {
                let created_on = ctx.now();
                let (id, uuid) = (CampaignId(ctx.next_id(created_on)), CampaignUuid(ctx.host.uuid_v4()));
                (CampaignRow { id, uuid, name: name.clone(), group, archived: false, created_on }, true)
            }
        };
        let same = |one: &&CampaignRow| one.id != row.id && !one.archived && same_name(&one.name, &row.name);
        if campaigns.iter().find(same).is_some() {
            return Err(SaveError::Taken);
        }
        let mut changes = vec![Change::Definition(workspace, DefinitionChange::Campaign(row.clone()))];
        changes.extend((!made).then(|| planned_anew(ctx, workspace, row.uuid)).flatten());
        Ok((changes, Saved { row, made }))
    })
    .await
}

/// What happens at a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PointDoes {
    /// A message is sent: its texts by language.
    Says {
        /// Texts by language.
        texts: BTreeMap<SmolStr, String>,
        /// The language it was written in.
        base_language: SmolStr,
    },
    /// A flow starts.
    Starts(FlowUuid),
}

/// What becomes of a conversation that somebody is in when a point comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointMode {
    /// It ends.
    Interrupt,
    /// It goes on, and the point is left out.
    Skip,
    /// It goes on; only flows in the background can start beside it.
    Passive,
}

impl PointMode {
    /// As it is stored and as exports have it.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Interrupt => "I",
            Self::Skip => "S",
            Self::Passive => "P",
        }
    }
}

/// A point in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Field key, or one of the moments that every contact has.
    pub relative_to: SmolStr,
    /// How many units after it; negative before.
    pub offset: i64,
    /// `M` minutes, `H` hours, `D` days, `W` weeks.
    pub unit: SmolStr,
    /// Local hour of the day, -1 for the hour that comes out.
    pub delivery_hour: i64,
    /// What becomes of a conversation that somebody is in then; as it was, or interrupted, if it is not said.
    pub mode: Option<PointMode>,
    /// What happens.
    pub does: PointDoes,
}

/// Which point is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointNamed {
    /// A new one of this campaign.
    New(CampaignUuid),
    /// This one.
    Known(CampaignEventUuid),
}

/// Adds a point to a campaign, or changes one.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn save_campaign_event(
    ctx: &Context,
    workspace: WorkspaceId,
    which: PointNamed,
    point: &Point,
) -> Result<Saved<CampaignEventRow>, SaveError> {
    edit(ctx, workspace, |ws| {
        let definitions = ws.definitions();
        if !is_date(ws, &point.relative_to) {
            return Err(SaveError::Kind("Campaigns count from dates only."));
        }
        let known = match which {
            PointNamed::Known(uuid) => Some(find(ws, uuid).ok_or(SaveError::NotFound)?),
            PointNamed::New(_) => None,
        };
        let campaign = match which {
            PointNamed::Known(_) => known.map(|row| row.campaign),
            PointNamed::New(uuid) => {
                let found = definitions.campaigns.iter().find(|one| one.uuid == uuid && !one.archived);
                found.map(|one| one.id)
            }
        };
        let campaign = campaign.ok_or(SaveError::NotFound)?;
        let of_campaign = definitions.campaign_events.iter().filter(|one| one.campaign == campaign);
        if known.is_none() && of_campaign.count() >= MAX_CAMPAIGN_EVENTS {
            return Err(SaveError::TooMany(MAX_CAMPAIGN_EVENTS));
        }
        let (flow, message, base_language) = match &point.does {
            PointDoes::Starts(uuid) => {
                let flow = ws.flow(*uuid).filter(|flow| !flow.archived).ok_or(SaveError::NotFound)?;
                (Some(flow.id), None, None)
            }
            PointDoes::Says { texts, base_language } => {
                let json = serde_json::to_string(texts).unwrap_or_default();
                (None, Some(json), Some(base_language.clone()))
            }
        };
        let now = ctx.now();
        let row = CampaignEventRow {
            id: known.map_or_else(|| CampaignEventId(ctx.next_id(now)), |row| row.id),
            uuid: known.map_or_else(|| CampaignEventUuid(ctx.host.uuid_v4()), |row| row.uuid),
            campaign,
            relative_to: point.relative_to.clone(),
            offset: point.offset,
            unit: point.unit.clone(),
            delivery_hour: point.delivery_hour,
            start_mode: match (point.mode, known) {
                (Some(mode), _) => mode.letter().into(),
                (None, Some(row)) => row.start_mode.clone(),
                (None, None) => PointMode::Interrupt.letter().into(),
            },
            flow,
            message,
            base_language,
            created_on: known.map_or(now, |row| row.created_on),
        };
        let change = Change::Definition(workspace, DefinitionChange::CampaignEvent(row.clone()));
        let campaign = definitions.campaigns.iter().find(|one| one.id == row.campaign);
        let plan = campaign.and_then(|campaign| planned_anew(ctx, workspace, campaign.uuid));
        let changes = std::iter::once(change).chain(plan).collect();
        Ok((changes, Saved { made: known.is_none(), row }))
    })
    .await
    .inspect(|_| ctx.jobs.notify_one())
}

/// Removes a point of a campaign.
///
/// # Errors
/// [`SaveError`]; nothing is written then.
pub async fn remove_campaign_event(
    ctx: &Context,
    workspace: WorkspaceId,
    event: CampaignEventUuid,
) -> Result<(), SaveError> {
    edit(ctx, workspace, |ws| {
        let row = find(ws, event).ok_or(SaveError::NotFound)?;
        Ok((vec![Change::Definition(workspace, DefinitionChange::RemoveCampaignEvent(row.id))], ()))
    })
    .await
}

/// A point of a campaign that is not archived.
fn find(ws: &Workspace, event: CampaignEventUuid) -> Option<&CampaignEventRow> {
    let definitions = ws.definitions();
    let row = definitions.campaign_events.iter().find(|row| row.uuid == event)?;
    definitions.campaigns.iter().any(|one| one.id == row.campaign && !one.archived).then_some(row)
}

fn is_date(ws: &Workspace, key: &str) -> bool {
    MOMENTS.contains(&key)
        || ws
            .definitions()
            .fields
            .iter()
            .any(|field| field.key == key && field.field_type == FieldType::Datetime)
}
