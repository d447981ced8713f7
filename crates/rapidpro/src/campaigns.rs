//! Campaigns with their points. When each contact's turn comes is planned anew here, from their dates.

use domain::{CampaignEventId, CampaignEventUuid, CampaignId, CampaignUuid, FlowId, GroupId};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use smol_str::SmolStr;
use store::{CampaignEventRow, CampaignRow, DefinitionChange};
use uuid::Uuid;

use crate::{MigrateError, migration::Migration};

#[derive(Deserialize)]
struct Campaign {
    id: i64,
    uuid: Uuid,
    name: SmolStr,
    group_id: i64,
    is_archived: bool,
    is_active: bool,
    created_on: Timestamp,
}

#[derive(Deserialize)]
struct Point {
    id: i64,
    uuid: Uuid,
    event_type: String,
    offset: i64,
    unit: SmolStr,
    start_mode: SmolStr,
    message: Option<Value>,
    delivery_hour: i64,
    campaign_id: i64,
    flow_id: i64,
    base_language: SmolStr,
    relative_to_id: i64,
    is_active: bool,
    created_on: Timestamp,
}

const CAMPAIGNS: &str =
    "SELECT id, uuid, name, group_id, is_archived, is_active, created_on FROM campaigns_campaign
    WHERE org_id = $1 ORDER BY id";
const POINTS: &str = "SELECT e.id, e.uuid, e.event_type, e.\"offset\", e.unit, e.start_mode,
    hstore_to_json(e.message) AS message, e.delivery_hour, e.campaign_id, e.flow_id, f.base_language,
    e.relative_to_id, e.is_active, e.created_on
    FROM campaigns_campaignevent e JOIN campaigns_campaign c ON c.id = e.campaign_id
    JOIN flows_flow f ON f.id = e.flow_id WHERE c.org_id = $1 ORDER BY e.id";
const FIRES: &str = "SELECT count(*) AS n FROM campaigns_eventfire f
    JOIN campaigns_campaignevent e ON e.id = f.event_id JOIN campaigns_campaign c ON c.id = e.campaign_id
    WHERE c.org_id = $1 AND f.fired IS NULL";

impl Migration<'_> {
    /// All campaigns.
    pub fn campaigns(&mut self) -> Result<(), MigrateError> {
        let rows: Vec<Campaign> = self.source.rows("a campaign", CAMPAIGNS, &[self.org.id])?;
        self.count("campaigns").there = rows.len() as u64;
        let mut brought = Vec::new();
        for row in rows {
            let group = self.groups.contains_key(&row.group_id);
            let area = self.count("campaigns");
            match group {
                _ if !row.is_active => area.leave("deleted there"),
                false => area.leave("their group is left out"),
                true => {
                    brought.push(row.id);
                    self.campaign(row);
                }
            }
        }
        self.points(&brought)?;
        let pending = self.source.count(FIRES, &[self.org.id])?;
        let area = self.count("pending campaign moments");
        area.there = pending;
        area.leave_many("planned anew from the contacts' dates", pending);
        Ok(())
    }

    fn campaign(&mut self, row: Campaign) {
        let id = CampaignId(self.here(row.id));
        let is_new =
            !self.before.as_ref().is_some_and(|before| before.campaigns.iter().any(|one| one.id == id));
        let area = self.count("campaigns");
        area.take(is_new);
        area.kind(if row.is_archived { "archived" } else { "in use" });
        if is_new {
            let row = CampaignRow {
                id,
                uuid: CampaignUuid(row.uuid),
                name: row.name,
                group: GroupId(self.here(row.group_id)),
                archived: row.is_archived,
                created_on: row.created_on,
            };
            self.define(DefinitionChange::Campaign(row));
        }
    }

    fn points(&mut self, brought: &[i64]) -> Result<(), MigrateError> {
        let rows: Vec<Point> = self.source.rows("a point of a campaign", POINTS, &[self.org.id])?;
        self.count("campaign points").there = rows.len() as u64;
        for row in rows {
            let flow = self.flows.get(&row.flow_id).map(|flow| FlowId(flow.id));
            let relative_to = self.field_keys.get(&row.relative_to_id).cloned();
            let says = row.event_type == "M";
            let area = self.count("campaign points");
            match (relative_to, flow) {
                _ if !row.is_active => area.leave("changed or deleted there"),
                _ if !brought.contains(&row.campaign_id) => area.leave("their campaign is left out"),
                (None, _) => area.leave("their field is not in use"),
                (Some(_), None) if !says => area.leave("their flow is left out"),
                (Some(relative_to), flow) => {
                    area.kind(if says { "message" } else { "flow" });
                    self.point(row, relative_to, flow.filter(|_| !says));
                }
            }
        }
        Ok(())
    }

    fn point(&mut self, row: Point, relative_to: SmolStr, flow: Option<FlowId>) {
        let id = CampaignEventId(self.here(row.id));
        let is_new =
            !self.before.as_ref().is_some_and(|before| before.campaign_events.iter().any(|one| one.id == id));
        self.count("campaign points").take(is_new);
        if !is_new {
            return;
        }
        let says = flow.is_none();
        let row = CampaignEventRow {
            id,
            uuid: CampaignEventUuid(row.uuid),
            campaign: CampaignId(self.here(row.campaign_id)),
            relative_to,
            offset: row.offset,
            unit: row.unit,
            delivery_hour: row.delivery_hour,
            start_mode: row.start_mode,
            flow,
            message: row.message.filter(|_| says).map(|message| message.to_string()),
            base_language: says.then_some(row.base_language),
            created_on: row.created_on,
        };
        self.define(DefinitionChange::CampaignEvent(row));
    }
}
