//! Reads workspaces and everything their flows run on.

use std::sync::Arc;

use crate::sql::Row;
use domain::{
    CampaignEventId, CampaignId, ChannelId, ChannelUuid, FieldId, FieldType, FlowId, GlobalId, GroupId,
    LabelId, OptinId, ResthookId, ServiceId, TemplateId, TopicId, TriggerId, UserId, WorkspaceId,
};
use uuid::Uuid;

use super::{Rows, sql};
use crate::{
    CampaignEventRow, CampaignRow, ChannelRow, Definitions, FieldRow, FlowRow, FormerZone, GlobalRow,
    GroupRow, IdSource, LabelRow, OptinRow, Rate, ResthookRow, RevisionRow, Secret, ServiceKind, ServiceRow,
    StoreError, TemplateRow, TopicRow, TriggerRow, UserRow, WorkspaceRow,
};

const WORKSPACE_COLUMNS: &str = "id, uuid, name, timezone, country, languages, date_format, time_format,
    input_collation, anonymous, obfuscation_key, definitions_version, created_on";
const CHANNEL_COLUMNS: &str = "id, workspace_id, uuid, channel_type, name, address, schemes, roles, country,
    config, rate, active, created_on, rate_seconds";

impl Rows<'_> {
    pub(crate) fn definitions_version(&self, workspace: WorkspaceId) -> Result<Option<i64>, StoreError> {
        let text = "SELECT definitions_version FROM workspace WHERE id = $1";
        Ok(sql::one(self.conn, text, &[&workspace.0], |row| row.get(0))?)
    }

    pub(crate) fn workspaces(&self) -> Result<Vec<WorkspaceRow>, StoreError> {
        let text = format!("SELECT {WORKSPACE_COLUMNS} FROM workspace ORDER BY id");
        sql::all(self.conn, &text, &[], workspace_row)
    }

    pub(crate) fn channel(&self, uuid: ChannelUuid) -> Result<Option<ChannelRow>, StoreError> {
        let text = format!("SELECT {CHANNEL_COLUMNS} FROM channel WHERE uuid = $1 AND active = 1");
        Ok(sql::one(self.conn, &text, &[&uuid.0], channel_row)?)
    }

    pub(crate) fn channels_of_type(
        &self,
        channel_type: smol_str::SmolStr,
    ) -> Result<Vec<ChannelRow>, StoreError> {
        let text = format!(
            "SELECT {CHANNEL_COLUMNS} FROM channel WHERE channel_type = $1 AND active = 1 ORDER BY id"
        );
        sql::all(self.conn, &text, &[&channel_type.as_str()], channel_row)
    }

    pub(crate) fn definitions(&self, workspace: WorkspaceId) -> Result<Option<Definitions>, StoreError> {
        let text = format!("SELECT {WORKSPACE_COLUMNS} FROM workspace WHERE id = $1");
        let Some(row) = sql::one(self.conn, &text, &[&workspace.0], workspace_row)? else { return Ok(None) };
        Ok(Some(Definitions {
            workspace: row,
            fields: self.fields(workspace)?,
            groups: self.groups(workspace)?,
            labels: self.labels(workspace)?,
            globals: self.globals(workspace)?,
            channels: self.channels(workspace)?,
            flows: self.flows(workspace)?,
            revisions: self.live_revisions(workspace)?,
            triggers: self.triggers(workspace)?,
            campaigns: self.campaigns(workspace)?,
            campaign_events: self.campaign_events(workspace)?,
            users: self.users(workspace)?,
            services: self.services(workspace)?,
            resthooks: self.resthooks(workspace)?,
            topics: self.topics(workspace)?,
            former_zones: self.former_zones(workspace)?,
            teams: self.teams(workspace)?,
            canned_replies: self.canned_replies(workspace)?,
            locations: self.locations(workspace)?,
            tables: self.tables(workspace)?,
            message_sets: self.message_sets(workspace)?,
            templates: self.templates(workspace)?,
            optins: self.optins(workspace)?,
            features: self.features(workspace)?,
        }))
    }

    pub(crate) fn revision(
        &self,
        workspace: WorkspaceId,
        flow: FlowId,
        revision: i64,
    ) -> Result<Option<RevisionRow>, StoreError> {
        Ok(sql::one(
            self.conn,
            "SELECT flow_id, revision, definition, created_on FROM flow_revision
             WHERE flow_id = $1 AND revision = $2 AND workspace_id = $3",
            &[&flow.0, &revision, &workspace.0],
            revision_row,
        )?)
    }

    pub(crate) fn identifiers_of_others(
        &self,
        workspace: WorkspaceId,
        uuids: Vec<Uuid>,
    ) -> Result<Vec<Uuid>, StoreError> {
        let text = "SELECT 1 FROM flow WHERE uuid = $1 AND workspace_id <> $2
            UNION ALL SELECT 1 FROM contact_group WHERE uuid = $1 AND workspace_id <> $2
            UNION ALL SELECT 1 FROM campaign WHERE uuid = $1 AND workspace_id <> $2
            UNION ALL SELECT 1 FROM campaign_event WHERE uuid = $1 AND workspace_id <> $2";
        let mut taken = Vec::new();
        for uuid in uuids {
            if sql::one(self.conn, text, &[&uuid, &workspace.0], |_| Ok(()))?.is_some() {
                taken.push(uuid);
            }
        }
        Ok(taken)
    }

    fn fields(&self, workspace: WorkspaceId) -> Result<Vec<FieldRow>, StoreError> {
        let text =
            "SELECT id, uuid, key, name, value_type FROM contact_field WHERE workspace_id = $1 ORDER BY key";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok(FieldRow {
                id: FieldId(row.get(0)?),
                uuid: sql::uuid(row, 1)?.into(),
                key: sql::text(row, 2)?,
                name: sql::text(row, 3)?,
                field_type: sql::word(row, 4, field_type)?,
            })
        })
    }

    fn groups(&self, workspace: WorkspaceId) -> Result<Vec<GroupRow>, StoreError> {
        let text =
            "SELECT id, uuid, name, query FROM contact_group WHERE workspace_id = $1 ORDER BY name_key";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok(GroupRow {
                id: GroupId(row.get(0)?),
                uuid: sql::uuid(row, 1)?.into(),
                name: sql::text(row, 2)?,
                query: sql::text_opt(row, 3)?,
            })
        })
    }

    fn labels(&self, workspace: WorkspaceId) -> Result<Vec<LabelRow>, StoreError> {
        let text = "SELECT id, uuid, name FROM label WHERE workspace_id = $1 ORDER BY name_key";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok(LabelRow {
                id: LabelId(row.get(0)?),
                uuid: sql::uuid(row, 1)?.into(),
                name: sql::text(row, 2)?,
            })
        })
    }

    fn globals(&self, workspace: WorkspaceId) -> Result<Vec<GlobalRow>, StoreError> {
        let text =
            "SELECT id, key, name, value, modified_on FROM global_value WHERE workspace_id = $1 ORDER BY key";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            let id = row.get(0)?;
            Ok(GlobalRow {
                id: GlobalId(id),
                key: sql::text(row, 1)?,
                name: sql::text(row, 2)?,
                value: sql::text(row, 3)?,
                modified_on: sql::time_opt(row, 4)?.unwrap_or_else(|| IdSource::made_on(id)),
            })
        })
    }

    fn locations(&self, workspace: WorkspaceId) -> Result<Option<Arc<str>>, StoreError> {
        let text = "SELECT tree FROM location_tree WHERE workspace_id = $1";
        Ok(sql::one(self.conn, text, &[&workspace.0], |row| Ok(Arc::from(row.get::<String>(0)?)))?)
    }

    fn channels(&self, workspace: WorkspaceId) -> Result<Vec<ChannelRow>, StoreError> {
        let text = format!("SELECT {CHANNEL_COLUMNS} FROM channel WHERE workspace_id = $1 ORDER BY id");
        sql::all(self.conn, &text, &[&workspace.0], channel_row)
    }

    fn flows(&self, workspace: WorkspaceId) -> Result<Vec<FlowRow>, StoreError> {
        let text = "SELECT id, uuid, name, flow_type, expire_after_minutes, revision, archived, created_on,
             modified_on, ignore_triggers FROM flow WHERE workspace_id = $1 ORDER BY id";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok(FlowRow {
                id: FlowId(row.get(0)?),
                uuid: sql::uuid(row, 1)?.into(),
                name: sql::text(row, 2)?,
                flow_type: sql::text(row, 3)?,
                expire_after_minutes: row.get(4)?,
                revision: row.get(5)?,
                archived: row.get(6)?,
                created_on: sql::time(row, 7)?,
                modified_on: sql::time(row, 8)?,
                ignore_triggers: row.get(9)?,
            })
        })
    }

    fn live_revisions(&self, workspace: WorkspaceId) -> Result<Vec<RevisionRow>, StoreError> {
        sql::all(
            self.conn,
            "SELECT r.flow_id, r.revision, r.definition, r.created_on FROM flow_revision AS r
             JOIN flow AS f ON f.id = r.flow_id AND f.revision = r.revision
             WHERE f.workspace_id = $1 ORDER BY r.flow_id",
            &[&workspace.0],
            revision_row,
        )
    }

    fn triggers(&self, workspace: WorkspaceId) -> Result<Vec<TriggerRow>, StoreError> {
        let text = format!("{TRIGGERS} AND archived = 0 ORDER BY id");
        sql::all(self.conn, &text, &[&workspace.0], trigger_row)
    }

    /// The triggers that are put away, the newest first.
    pub(crate) fn archived_triggers(
        &self,
        workspace: WorkspaceId,
        limit: usize,
    ) -> Result<Vec<TriggerRow>, StoreError> {
        let text = format!("{TRIGGERS} AND archived = 1 ORDER BY id DESC LIMIT $2");
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        sql::all(self.conn, &text, &[&workspace.0, &limit], trigger_row)
    }

    fn campaigns(&self, workspace: WorkspaceId) -> Result<Vec<CampaignRow>, StoreError> {
        let text = "SELECT id, uuid, name, group_id, archived, created_on FROM campaign WHERE workspace_id = $1 ORDER BY id";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok(CampaignRow {
                id: CampaignId(row.get(0)?),
                uuid: sql::uuid(row, 1)?.into(),
                name: sql::text(row, 2)?,
                group: GroupId(row.get(3)?),
                archived: row.get(4)?,
                created_on: sql::time(row, 5)?,
            })
        })
    }

    fn campaign_events(&self, workspace: WorkspaceId) -> Result<Vec<CampaignEventRow>, StoreError> {
        let text = "SELECT id, uuid, campaign_id, relative_to, offset_count, offset_unit, delivery_hour,
             start_mode, flow_id, message, base_language, created_on
             FROM campaign_event WHERE workspace_id = $1 ORDER BY campaign_id, id";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok(CampaignEventRow {
                id: CampaignEventId(row.get(0)?),
                uuid: sql::uuid(row, 1)?.into(),
                campaign: CampaignId(row.get(2)?),
                relative_to: sql::text(row, 3)?,
                offset: row.get(4)?,
                unit: sql::text(row, 5)?,
                delivery_hour: row.get(6)?,
                start_mode: sql::text(row, 7)?,
                flow: row.get::<Option<i64>>(8)?.map(FlowId),
                message: row.get(9)?,
                base_language: sql::text_opt(row, 10)?,
                created_on: sql::time(row, 11)?,
            })
        })
    }

    fn services(&self, workspace: WorkspaceId) -> Result<Vec<ServiceRow>, StoreError> {
        let text = "SELECT id, uuid, kind, name, config, secret, created_on
             FROM service WHERE workspace_id = $1 AND active = 1 ORDER BY id";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok(ServiceRow {
                id: ServiceId(row.get(0)?),
                uuid: sql::uuid(row, 1)?,
                kind: sql::word(row, 2, ServiceKind::parse)?,
                name: sql::text(row, 3)?,
                config: sql::json(row, 4)?,
                secret: Secret::new(row.get(5)?),
                active: true,
                created_on: sql::time(row, 6)?,
            })
        })
    }

    fn resthooks(&self, workspace: WorkspaceId) -> Result<Vec<ResthookRow>, StoreError> {
        let text = "SELECT id, slug, subscribers, secret FROM resthook WHERE workspace_id = $1 ORDER BY slug";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok(ResthookRow {
                id: ResthookId(row.get(0)?),
                slug: sql::text(row, 1)?,
                subscribers: sql::json(row, 2)?,
                secret: row.get::<Option<String>>(3)?.map(crate::Secret::new),
            })
        })
    }

    fn templates(&self, workspace: WorkspaceId) -> Result<Vec<TemplateRow>, StoreError> {
        let text = "SELECT id, uuid, name, translations, created_on, modified_on FROM template
             WHERE workspace_id = $1 ORDER BY name";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok(TemplateRow {
                id: TemplateId(row.get(0)?),
                uuid: sql::uuid(row, 1)?.into(),
                name: sql::text(row, 2)?,
                translations: sql::json(row, 3)?,
                created_on: sql::time(row, 4)?,
                modified_on: sql::time(row, 5)?,
            })
        })
    }

    fn optins(&self, workspace: WorkspaceId) -> Result<Vec<OptinRow>, StoreError> {
        let text = "SELECT id, uuid, name, created_on FROM optin WHERE workspace_id = $1 ORDER BY id";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok(OptinRow {
                id: OptinId(row.get(0)?),
                uuid: sql::uuid(row, 1)?.into(),
                name: sql::text(row, 2)?,
                created_on: sql::time(row, 3)?,
            })
        })
    }

    fn topics(&self, workspace: WorkspaceId) -> Result<Vec<TopicRow>, StoreError> {
        let text = "SELECT id, uuid, name FROM topic WHERE workspace_id = $1 ORDER BY id";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok(TopicRow {
                id: TopicId(row.get(0)?),
                uuid: sql::uuid(row, 1)?.into(),
                name: sql::text(row, 2)?,
            })
        })
    }

    fn former_zones(&self, workspace: WorkspaceId) -> Result<Vec<FormerZone>, StoreError> {
        let text = "SELECT until, timezone FROM former_zone WHERE workspace_id = $1 ORDER BY until DESC";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok(FormerZone { until: sql::time(row, 0)?, timezone: sql::text(row, 1)? })
        })
    }

    fn users(&self, workspace: WorkspaceId) -> Result<Vec<UserRow>, StoreError> {
        let text = "SELECT id, uuid, email, name, password_hash, role, created_on, team_id
             FROM user_account WHERE workspace_id = $1 ORDER BY id";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok(UserRow {
                id: UserId(row.get(0)?),
                workspace,
                uuid: sql::uuid(row, 1)?.into(),
                email: sql::text(row, 2)?,
                name: sql::text(row, 3)?,
                password_hash: row.get(4)?,
                role: sql::text(row, 5)?,
                created_on: sql::time(row, 6)?,
                team: super::access::team(row, 7)?,
            })
        })
    }
}

fn workspace_row(row: &Row<'_>) -> sql::Result<WorkspaceRow> {
    Ok(WorkspaceRow {
        id: WorkspaceId(row.get(0)?),
        uuid: sql::uuid(row, 1)?.into(),
        name: sql::text(row, 2)?,
        timezone: sql::text(row, 3)?,
        country: sql::text_opt(row, 4)?,
        languages: sql::json(row, 5)?,
        date_format: sql::text(row, 6)?,
        time_format: sql::text(row, 7)?,
        input_collation: sql::text(row, 8)?,
        anonymous: row.get(9)?,
        obfuscation_key: sql::json(row, 10)?,
        definitions_version: row.get(11)?,
        created_on: sql::time(row, 12)?,
    })
}

fn channel_row(row: &Row<'_>) -> sql::Result<ChannelRow> {
    Ok(ChannelRow {
        id: ChannelId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        uuid: sql::uuid(row, 2)?.into(),
        channel_type: sql::text(row, 3)?,
        name: sql::text(row, 4)?,
        address: sql::text(row, 5)?,
        schemes: sql::json(row, 6)?,
        roles: sql::json(row, 7)?,
        country: sql::text_opt(row, 8)?,
        config: sql::json(row, 9)?,
        rate: match row.get(10)? {
            Some(messages) => Some(Rate { messages, seconds: row.get(13)? }),
            None => None,
        },
        active: row.get(11)?,
        created_on: sql::time(row, 12)?,
    })
}

fn revision_row(row: &Row<'_>) -> sql::Result<RevisionRow> {
    Ok(RevisionRow {
        flow: FlowId(row.get(0)?),
        revision: row.get(1)?,
        definition: Arc::from(row.str(2)?),
        created_on: sql::time(row, 3)?,
    })
}

/// The stored word of a field type.
pub(super) fn field_type_word(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Text => "text",
        FieldType::Number => "number",
        FieldType::Datetime => "datetime",
        FieldType::State => "state",
        FieldType::District => "district",
        FieldType::Ward => "ward",
    }
}

fn field_type(text: &str) -> Option<FieldType> {
    Some(match text {
        "text" => FieldType::Text,
        "number" => FieldType::Number,
        "datetime" => FieldType::Datetime,
        "state" => FieldType::State,
        "district" => FieldType::District,
        "ward" => FieldType::Ward,
        _ => return None,
    })
}

const TRIGGERS: &str =
    "SELECT id, trigger_type, flow_id, keywords, match_type, include_groups, exclude_groups,
     channel_id, detail, archived, created_on FROM flow_trigger WHERE workspace_id = $1";

fn trigger_row(row: &Row<'_>) -> sql::Result<TriggerRow> {
    Ok(TriggerRow {
        id: TriggerId(row.get(0)?),
        trigger_type: sql::text(row, 1)?,
        flow: FlowId(row.get(2)?),
        keywords: sql::json(row, 3)?,
        match_type: sql::text_opt(row, 4)?,
        include_groups: sql::json(row, 5)?,
        exclude_groups: sql::json(row, 6)?,
        channel: row.get::<Option<i64>>(7)?.map(ChannelId),
        detail: sql::json(row, 8)?,
        archived: row.get(9)?,
        created_on: sql::time(row, 10)?,
    })
}
