//! The export of flows with all that they need, from one consistent read of the workspace.

use std::collections::BTreeMap;

use domain::{CampaignId, ChannelId, FlowId, FlowUuid, GroupId, GroupUuid, WorkspaceId};
use flows::export::{
    ContentFlow, Contents, ExportError, PlannedCampaign, PlannedEvent, PlannedPoint, PlannedTrigger, Skipped,
    TriggerType, Write, Written,
};
use flows::migrations::Version;
use smol_str::{SmolStr, format_smolstr};
use store::{CampaignEventRow, Definitions, StoreError, TriggerRow};
use thiserror::Error;

use crate::Context;

/// What to export.
#[derive(Clone, Debug)]
pub struct ExportRequest {
    /// Names or identifiers of flows; none for everything in use.
    pub flows: Vec<String>,
    /// Specification of the flows.
    pub specification: Version,
    /// Where the export says that it was made. RapidPro matches flows of its own site by identifier.
    pub site: String,
}

/// Why nothing was exported.
#[derive(Debug, Error)]
pub enum ExportDefinitionsError {
    /// There is no such workspace.
    #[error("there is no such workspace; `seedling init` makes one")]
    NoWorkspace,
    /// There is no such flow.
    #[error("there is no flow {name:?}; there is {known}")]
    UnknownFlow {
        /// What was asked for.
        name: String,
        /// Names of flows, or a note that there is none.
        known: String,
    },
    /// A flow cannot be read.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An export, and what could not be part of it.
#[derive(Debug)]
pub struct ExportedDefinitions {
    /// The export.
    pub written: Written,
    /// What exports have no place for.
    pub skipped: Vec<Skipped>,
}

/// Most names that are listed where one is not known.
const MAX_NAMES: usize = 20;

/// Exports flows with everything that they need, or all that is in use.
pub async fn export_definitions(
    ctx: &Context,
    workspace: WorkspaceId,
    request: ExportRequest,
) -> Result<ExportedDefinitions, ExportDefinitionsError> {
    let definitions = ctx.store.definitions(workspace).await?.ok_or(ExportDefinitionsError::NoWorkspace)?;
    // The largest programmes take a tenth of a second: too long beside conversations.
    let work = tokio::task::spawn_blocking(move || export(&definitions, &request));
    match work.await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Closed.into()),
    }
}

fn export(
    definitions: &Definitions,
    request: &ExportRequest,
) -> Result<ExportedDefinitions, ExportDefinitionsError> {
    let chosen: Vec<FlowUuid> =
        request.flows.iter().map(|name| find_flow(definitions, name)).collect::<Result<_, _>>()?;
    let mut skipped = Vec::new();
    let contents = contents(definitions, &mut skipped);
    let chosen = (!chosen.is_empty()).then_some(chosen.as_slice());
    let written = contents.write(chosen, request.specification, &request.site)?;
    Ok(ExportedDefinitions { written, skipped })
}

/// The flow with a name, whatever its case, or an identifier.
fn find_flow(definitions: &Definitions, wanted: &str) -> Result<FlowUuid, ExportDefinitionsError> {
    let same = |name: &str| name.to_lowercase() == wanted.trim().to_lowercase();
    let found = definitions.flows.iter().find(|flow| same(&flow.name) || flow.uuid.to_string() == wanted);
    found.map(|flow| flow.uuid).ok_or_else(|| {
        let in_use = || definitions.flows.iter().filter(|flow| !flow.archived);
        let mut known: Vec<String> =
            in_use().take(MAX_NAMES).map(|flow| format!("{:?}", flow.name)).collect();
        if in_use().count() > MAX_NAMES {
            known.push("…".to_owned());
        }
        let known = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
        ExportDefinitionsError::UnknownFlow { name: wanted.to_owned(), known }
    })
}

/// What of the workspace can be exported.
fn contents(definitions: &Definitions, skipped: &mut Vec<Skipped>) -> Contents {
    let revisions: BTreeMap<FlowId, _> =
        definitions.revisions.iter().map(|row| (row.flow, &row.definition)).collect();
    let flows = definitions.flows.iter().filter_map(|flow| {
        Some(ContentFlow {
            uuid: flow.uuid,
            name: flow.name.clone(),
            archived: flow.archived,
            definition: revisions.get(&flow.id).map(|definition| (*definition).clone())?,
        })
    });
    let ids = Ids::new(definitions);
    let campaigns =
        definitions.campaigns.iter().filter(|campaign| !campaign.archived).filter_map(|campaign| {
            Some(PlannedCampaign {
                write: Write::Keep,
                uuid: campaign.uuid,
                name: campaign.name.clone(),
                group: ids.groups.get(&campaign.group).copied()?,
                events: ids.events(definitions, campaign.id),
            })
        });
    Contents {
        flows: flows.collect(),
        campaigns: campaigns.collect(),
        triggers: definitions.triggers.iter().filter_map(|row| ids.trigger(row, skipped)).collect(),
        fields: definitions
            .fields
            .iter()
            .map(|row| domain::Field {
                uuid: row.uuid,
                key: row.key.clone(),
                name: row.name.clone(),
                field_type: row.field_type,
            })
            .collect(),
        groups: definitions
            .groups
            .iter()
            .map(|row| domain::Group { uuid: row.uuid, name: row.name.clone(), query: row.query.clone() })
            .collect(),
    }
}

/// From row numbers to public identifiers.
struct Ids {
    flows: BTreeMap<FlowId, FlowUuid>,
    groups: BTreeMap<GroupId, GroupUuid>,
    channels: BTreeMap<ChannelId, domain::ChannelUuid>,
}

impl Ids {
    fn new(definitions: &Definitions) -> Self {
        Self {
            flows: definitions.flows.iter().map(|flow| (flow.id, flow.uuid)).collect(),
            groups: definitions.groups.iter().map(|group| (group.id, group.uuid)).collect(),
            channels: definitions.channels.iter().map(|channel| (channel.id, channel.uuid)).collect(),
        }
    }

    fn events(&self, definitions: &Definitions, campaign: CampaignId) -> Vec<PlannedEvent> {
        let rows = definitions.campaign_events.iter().filter(|row| row.campaign == campaign);
        rows.filter_map(|row| self.event(row)).collect()
    }

    fn event(&self, row: &CampaignEventRow) -> Option<PlannedEvent> {
        let point = match (&row.message, row.flow) {
            (Some(message), _) => PlannedPoint::Message {
                texts: serde_json::from_str(message).unwrap_or_default(),
                base_language: row.base_language.clone().unwrap_or_else(|| "und".into()),
            },
            (None, flow) => PlannedPoint::Flow(self.flows.get(&flow?).copied()?),
        };
        Some(PlannedEvent {
            uuid: row.uuid,
            relative_to: row.relative_to.clone(),
            offset: row.offset,
            unit: row.unit.clone(),
            delivery_hour: row.delivery_hour,
            start_mode: row.start_mode.clone(),
            point,
        })
    }

    fn trigger(&self, row: &TriggerRow, skipped: &mut Vec<Skipped>) -> Option<PlannedTrigger> {
        let Some(trigger_type) = TriggerType::from_letter(&row.trigger_type) else {
            let reason = SmolStr::new_static("exports have no place for triggers of this type");
            skipped.push(Skipped { what: format_smolstr!("trigger {}", row.trigger_type), reason });
            return None;
        };
        let uuids = |ids: &[GroupId]| ids.iter().filter_map(|id| self.groups.get(id).copied()).collect();
        Some(PlannedTrigger {
            trigger_type,
            flow: self.flows.get(&row.flow).copied()?,
            keywords: row.keywords.clone(),
            only_word: row.match_type.as_deref() == Some("O"),
            groups: uuids(&row.include_groups),
            exclude_groups: uuids(&row.exclude_groups),
            channel: row.channel.and_then(|id| self.channels.get(&id).copied()),
        })
    }
}
