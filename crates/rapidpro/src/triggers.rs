//! What starts flows. Those that start at set moments become schedules.

use domain::{ChannelId, FlowId, GroupId, TriggerId};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use smol_str::SmolStr;
use store::{DefinitionChange, TriggerRow};

use crate::{MigrateError, migration::Migration};

/// A trigger as it is there.
#[derive(Deserialize)]
pub(crate) struct Trigger {
    pub id: i64,
    pub trigger_type: SmolStr,
    pub is_archived: bool,
    pub is_active: bool,
    pub keywords: Option<Vec<SmolStr>>,
    pub match_type: Option<SmolStr>,
    pub referrer_id: Option<SmolStr>,
    pub channel_id: Option<i64>,
    pub flow_id: i64,
    pub schedule_id: Option<i64>,
    pub created_on: Timestamp,
    pub groups: Vec<i64>,
    pub exclude_groups: Vec<i64>,
    pub contacts: Vec<i64>,
}

const TRIGGERS: &str = "SELECT t.id, t.trigger_type, t.is_archived, t.is_active, t.keywords, t.match_type,
    t.referrer_id, t.channel_id, t.flow_id, t.schedule_id, t.created_on,
    ARRAY(SELECT g.contactgroup_id FROM triggers_trigger_groups g WHERE g.trigger_id = t.id ORDER BY g.id) AS groups,
    ARRAY(SELECT g.contactgroup_id FROM triggers_trigger_exclude_groups g WHERE g.trigger_id = t.id ORDER BY g.id)
        AS exclude_groups,
    ARRAY(SELECT c.contact_id FROM triggers_trigger_contacts c WHERE c.trigger_id = t.id ORDER BY c.id) AS contacts
    FROM triggers_trigger t WHERE t.org_id = $1 ORDER BY t.id";

impl Migration<'_> {
    /// All triggers as they are there.
    pub fn stored_triggers(&self) -> Result<Vec<Trigger>, MigrateError> {
        self.source.rows("a trigger", TRIGGERS, &[self.org.id])
    }

    /// All triggers but those of schedules.
    pub fn triggers(&mut self) -> Result<(), MigrateError> {
        let rows = self.stored_triggers()?;
        let is_first = self.before.is_none();
        self.count("triggers").there = rows.len() as u64;
        for row in rows {
            let flow = self.flows.get(&row.flow_id).map(|flow| flow.id);
            let area = self.count("triggers");
            match flow {
                _ if !row.is_active => area.leave("deleted there"),
                None => area.leave("their flow is left out"),
                // It comes as a schedule, whose area says more.
                Some(_) if row.trigger_type == "S" => {
                    area.take(is_first);
                    area.kind("S");
                    if row.is_archived {
                        area.kind("archived");
                    }
                }
                Some(flow) => self.trigger(row, FlowId(flow)),
            }
        }
        Ok(())
    }

    fn trigger(&mut self, row: Trigger, flow: FlowId) {
        let id = TriggerId(self.here(row.id));
        // Archived ones are not read with the definitions, which come all at once.
        let is_new = match &self.before {
            None => true,
            Some(before) => !row.is_archived && !before.triggers.iter().any(|trigger| trigger.id == id),
        };
        let area = self.count("triggers");
        area.kind(row.trigger_type.as_str());
        if row.is_archived {
            area.kind("archived");
        }
        area.take(is_new);
        if !is_new {
            return;
        }
        let known = |ids: &[i64]| {
            ids.iter().filter(|id| self.groups.contains_key(id)).map(|id| GroupId(self.here(*id))).collect()
        };
        let keywords = row.keywords.unwrap_or_default();
        let row = TriggerRow {
            id,
            flow,
            keywords: keywords.iter().map(|word| word.to_lowercase().into()).collect(),
            match_type: row.match_type.filter(|_| row.trigger_type == "K"),
            include_groups: known(&row.groups),
            exclude_groups: known(&row.exclude_groups),
            channel: row
                .channel_id
                .filter(|id| self.channels.contains(id))
                .map(|id| ChannelId(self.here(id))),
            detail: match row.referrer_id.filter(|id| !id.is_empty()) {
                Some(referrer) => json!({"referrer_id": referrer}),
                None => json!({}),
            },
            archived: row.is_archived,
            trigger_type: row.trigger_type,
            created_on: row.created_on,
        };
        self.define(DefinitionChange::Trigger(row));
    }
}
