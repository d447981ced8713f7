//! The import of a workspace export: read, planned on what the workspace has, and written as one unit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{
    CampaignEventId, CampaignId, ChannelId, ChannelUuid, Field, FieldId, FieldUuid, FlowId, FlowUuid, Group,
    GroupId, GroupUuid, Reference, TriggerId, WorkspaceId,
};
use flows::FlowType;
use flows::export::{
    Existing, ExistingCampaign, ExistingFlow, ExistingTrigger, Export, ExportError, ImportReport, Plan,
    PlannedCampaign, PlannedFlow, PlannedPoint, PlannedTrigger, TriggerType, Write, plan,
};
use jiff::Timestamp;
use serde_json::json;
use store::{
    CampaignEventRow, CampaignRow, Change, DefinitionChange, Definitions, FieldRow, FlowRow, GroupRow,
    RevisionRow, StoreError, TriggerRow, Unit, UnitError,
};
use thiserror::Error;

use crate::{Context, campaigns::plan::planned_anew, jobs::fill_group_job};

/// How often the import plans anew because somebody else changed the definitions meanwhile.
const MAX_ATTEMPTS: usize = 5;

/// Why nothing was imported.
#[derive(Debug, Clone, Error)]
pub enum ImportError {
    /// The file cannot be imported.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// There is no such workspace.
    #[error("there is no such workspace; `seedling init` makes one")]
    NoWorkspace,
    /// Somebody kept changing the definitions.
    #[error("the flows of this workspace are being changed by somebody else; try again")]
    Busy,
    /// The job that it is part of was moved by somebody else.
    #[error("the import was cancelled or done by somebody else")]
    Gone,
    /// A name or identifier is in use.
    #[error("{0} is already in use; nothing was imported")]
    Taken(&'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Imports an export into a workspace: all of it, or nothing. Groups that are defined by a query are filled by jobs that
/// are written with it.
pub async fn import_export(
    ctx: &Context,
    workspace: WorkspaceId,
    bytes: Vec<u8>,
) -> Result<ImportReport, ImportError> {
    import_with(ctx, workspace, bytes, |_| Vec::new()).await
}

/// As [`import_export`], with changes that are made of the report in the same transaction.
pub(crate) async fn import_with(
    ctx: &Context,
    workspace: WorkspaceId,
    bytes: Vec<u8>,
    with: impl Fn(&ImportReport) -> Vec<Change>,
) -> Result<ImportReport, ImportError> {
    let host = ctx.host.clone();
    let export = off_the_runtime(move || Export::read(&bytes, &mut || host.uuid_v4())).await?;
    let export = Arc::new(export);
    for _ in 0..MAX_ATTEMPTS {
        let definitions = ctx.store.definitions(workspace).await?.ok_or(ImportError::NoWorkspace)?;
        let taken = ctx.store.identifiers_of_others(workspace, export.identifiers()).await?;
        let (host, planned) = (ctx.host.clone(), export.clone());
        let existing = existing(&definitions, taken.into_iter().collect());
        let plan = off_the_runtime(move || plan(&planned, &existing, &mut || host.uuid_v4())).await?;
        let mut unit = Writer::new(ctx, &definitions).unit(&plan);
        unit.changes.append(&mut with(&plan.report));
        match ctx.write_one(unit).await {
            Ok(_) => {
                ctx.jobs.notify_one();
                return Ok(plan.report);
            }
            Err(UnitError::Gone) => return Err(ImportError::Gone),
            Err(UnitError::Conflict) => {}
            Err(UnitError::Taken(what)) => return Err(ImportError::Taken(what)),
            Err(UnitError::Store(error)) => return Err(error.into()),
            Err(other) => return Err(StoreError::Database(other.to_string()).into()),
        }
    }
    Err(ImportError::Busy)
}

/// Reading and planning take a tenth of a second for the largest programmes: too long beside conversations.
async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ExportError> + Send + 'static,
) -> Result<T, ImportError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(StoreError::Closed.into()),
    }
}

/// What planning must know of the workspace.
fn existing(definitions: &Definitions, taken: BTreeSet<uuid::Uuid>) -> Existing {
    let revisions: BTreeMap<FlowId, &RevisionRow> =
        definitions.revisions.iter().map(|revision| (revision.flow, revision)).collect();
    let flows = definitions.flows.iter().map(|flow| ExistingFlow {
        uuid: flow.uuid,
        name: flow.name.clone(),
        flow_type: FlowType::from_name(&flow.flow_type).unwrap_or_default(),
        archived: flow.archived,
        revision: u32::try_from(flow.revision).unwrap_or_default(),
        definition: revisions.get(&flow.id).map_or_else(|| Arc::from(""), |row| row.definition.clone()),
    });
    let fields = definitions.fields.iter().map(|field| Field {
        uuid: field.uuid,
        key: field.key.clone(),
        name: field.name.clone(),
        field_type: field.field_type,
    });
    let groups = definitions.groups.iter().map(|group| Group {
        uuid: group.uuid,
        name: group.name.clone(),
        query: group.query.clone(),
    });
    let campaigns = definitions.campaigns.iter().map(|campaign| ExistingCampaign {
        uuid: campaign.uuid,
        name: campaign.name.clone(),
        events: definitions
            .campaign_events
            .iter()
            .filter(|event| event.campaign == campaign.id)
            .map(|event| event.uuid)
            .collect(),
    });
    let labels = definitions.labels.iter().map(|row| Reference { uuid: row.uuid, name: row.name.clone() });
    Existing {
        fields: fields.collect(),
        groups: groups.collect(),
        flows: flows.collect(),
        triggers: existing_triggers(definitions),
        campaigns: campaigns.collect(),
        channels: definitions.channels.iter().map(|channel| channel.uuid).collect(),
        labels: labels.collect(),
        topics: Vec::new(),
        users: definitions.users.iter().map(|user| user.uuid).collect(),
        globals: definitions.globals.iter().map(|global| global.key.clone()).collect(),
        taken,
    }
}

fn existing_triggers(definitions: &Definitions) -> Vec<ExistingTrigger> {
    let flows: BTreeMap<FlowId, FlowUuid> =
        definitions.flows.iter().map(|flow| (flow.id, flow.uuid)).collect();
    let groups: BTreeMap<GroupId, GroupUuid> =
        definitions.groups.iter().map(|group| (group.id, group.uuid)).collect();
    let channels: BTreeMap<ChannelId, ChannelUuid> =
        definitions.channels.iter().map(|channel| (channel.id, channel.uuid)).collect();
    let uuids = |ids: &[GroupId]| ids.iter().filter_map(|id| groups.get(id).copied()).collect();
    let known = definitions.triggers.iter().filter_map(|trigger| {
        Some(ExistingTrigger {
            id: trigger.id.0,
            trigger_type: TriggerType::from_letter(&trigger.trigger_type)?,
            flow: flows.get(&trigger.flow).copied()?,
            keywords: trigger.keywords.clone(),
            only_word: trigger.match_type.as_deref() == Some("O"),
            groups: uuids(&trigger.include_groups),
            exclude_groups: uuids(&trigger.exclude_groups),
            channel: trigger.channel.and_then(|id| channels.get(&id).copied()),
        })
    });
    known.collect()
}

/// Turns a plan into rows.
struct Writer<'a> {
    ctx: &'a Context,
    before: &'a Definitions,
    now: Timestamp,
    flows: BTreeMap<FlowUuid, FlowId>,
    groups: BTreeMap<GroupUuid, GroupId>,
    changes: Vec<Change>,
}

impl<'a> Writer<'a> {
    fn new(ctx: &'a Context, before: &'a Definitions) -> Self {
        Self {
            ctx,
            before,
            now: ctx.now(),
            flows: before.flows.iter().map(|flow| (flow.uuid, flow.id)).collect(),
            groups: before.groups.iter().map(|group| (group.uuid, group.id)).collect(),
            changes: Vec::new(),
        }
    }

    fn unit(mut self, plan: &Plan) -> Unit {
        self.push(DefinitionChange::Expect(self.before.workspace.definitions_version));
        self.fields_and_groups(plan);
        for flow in &plan.flows {
            self.flow(flow);
        }
        for campaign in &plan.campaigns {
            self.campaign(campaign);
        }
        for trigger in self.before.triggers.iter().filter(|row| plan.archived_triggers.contains(&row.id.0)) {
            self.push(DefinitionChange::Trigger(TriggerRow { archived: true, ..trigger.clone() }));
        }
        for trigger in &plan.triggers {
            self.trigger(trigger);
        }
        Unit::new(self.changes)
    }

    fn push(&mut self, change: DefinitionChange) {
        self.changes.push(Change::Definition(self.before.workspace.id, change));
    }

    fn next_id(&self) -> i64 {
        self.ctx.next_id(self.now)
    }

    fn fields_and_groups(&mut self, plan: &Plan) {
        for field in plan.fields.iter().filter(|field| field.write == Write::Create) {
            self.push(DefinitionChange::Field(FieldRow {
                id: FieldId(self.next_id()),
                uuid: FieldUuid(self.ctx.host.uuid_v4()),
                key: field.key.clone(),
                name: field.name.clone(),
                field_type: field.field_type,
            }));
        }
        for group in plan.groups.iter().filter(|group| group.write == Write::Create) {
            let id = GroupId(self.next_id());
            self.groups.insert(group.uuid, id);
            let (name, query) = (group.name.clone(), group.query.clone());
            if query.is_some() {
                match fill_group_job(self.ctx, self.before.workspace.id, group.uuid) {
                    Ok(job) => self.changes.push(Change::NewJob(Box::new(job))),
                    Err(error) => tracing::error!(%error, "a job cannot be written down"),
                }
            }
            self.push(DefinitionChange::Group(GroupRow { id, uuid: group.uuid, name, query }));
        }
    }

    fn flow(&mut self, planned: &PlannedFlow) {
        let definition = &planned.definition;
        let known = self.before.flows.iter().find(|flow| flow.uuid == definition.uuid);
        if planned.write == Write::Keep && known.is_some_and(|flow| !flow.archived) {
            return;
        }
        let id = known.map_or_else(|| FlowId(self.next_id()), |flow| flow.id);
        self.flows.insert(definition.uuid, id);
        let revision = i64::from(definition.revision);
        self.push(DefinitionChange::Flow(FlowRow {
            id,
            uuid: definition.uuid,
            name: definition.name.clone(),
            flow_type: definition.flow_type.name().into(),
            expire_after_minutes: i64::from(definition.expire_after_minutes),
            revision,
            archived: false,
            ignore_triggers: definition.ignore_triggers,
            created_on: known.map_or(self.now, |flow| flow.created_on),
            modified_on: self.now,
        }));
        if planned.write != Write::Keep {
            let (definition, created_on) = (definition.json().clone(), self.now);
            self.push(DefinitionChange::Revision(RevisionRow { flow: id, revision, definition, created_on }));
        }
    }

    fn campaign(&mut self, planned: &PlannedCampaign) {
        let Some(group) = self.groups.get(&planned.group).copied() else { return };
        let known = self.before.campaigns.iter().find(|campaign| campaign.uuid == planned.uuid);
        let id = known.map_or_else(|| CampaignId(self.next_id()), |campaign| campaign.id);
        self.push(DefinitionChange::Campaign(CampaignRow {
            id,
            uuid: planned.uuid,
            name: planned.name.clone(),
            group,
            archived: false,
            created_on: known.map_or(self.now, |campaign| campaign.created_on),
        }));
        self.push(DefinitionChange::ClearCampaignEvents(id));
        for event in &planned.events {
            let (flow, message, base_language) = match &event.point {
                PlannedPoint::Flow(uuid) => (self.flows.get(uuid).copied(), None, None),
                PlannedPoint::Message { texts, base_language } => {
                    (None, Some(json!(texts).to_string()), Some(base_language.clone()))
                }
            };
            self.push(DefinitionChange::CampaignEvent(CampaignEventRow {
                id: CampaignEventId(self.next_id()),
                uuid: event.uuid,
                campaign: id,
                relative_to: event.relative_to.clone(),
                offset: event.offset,
                unit: event.unit.clone(),
                delivery_hour: event.delivery_hour,
                start_mode: event.start_mode.clone(),
                flow,
                message,
                base_language,
                created_on: self.now,
            }));
        }
        self.changes.extend(planned_anew(self.ctx, self.before.workspace.id, planned.uuid));
    }

    fn trigger(&mut self, planned: &PlannedTrigger) {
        let Some(flow) = self.flows.get(&planned.flow).copied() else { return };
        let ids = |uuids: &BTreeSet<GroupUuid>| {
            uuids.iter().filter_map(|uuid| self.groups.get(uuid).copied()).collect()
        };
        let is_keyword = planned.trigger_type == TriggerType::Keyword;
        let row = TriggerRow {
            id: TriggerId(self.next_id()),
            trigger_type: planned.trigger_type.letter().into(),
            flow,
            keywords: planned.keywords.clone(),
            match_type: is_keyword.then(|| if planned.only_word { "O".into() } else { "F".into() }),
            include_groups: ids(&planned.groups),
            exclude_groups: ids(&planned.exclude_groups),
            channel: planned.channel.and_then(|uuid| {
                self.before.channels.iter().find(|channel| channel.uuid == uuid).map(|channel| channel.id)
            }),
            detail: json!({}),
            archived: false,
            created_on: self.now,
        };
        self.push(DefinitionChange::Trigger(row));
    }
}
