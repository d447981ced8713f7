//! Workspace exports of RapidPro: reading them, planning what an import changes, and writing them.
//!
//! Pure: [`Export::read`] turns bytes into typed parts or refuses the whole; [`plan`] holds them against what the
//! workspace has and decides what is made, changed, renamed and left. The operation that imports only writes
//! down the plan. [`Contents::write`] goes the other way.

mod campaign;
mod contents;
mod error;
mod existing;
mod named;
mod plan;
mod plan_campaigns;
mod plan_flows;
mod plan_people;
mod plan_triggers;
mod read;
mod remap;
mod report;
mod trigger;
mod write;

use domain::{FieldType, GroupUuid};
use serde_json::Value;
use smol_str::SmolStr;
use uuid::Uuid;

pub use campaign::{Campaign, CampaignEvent, CampaignPoint};
pub use contents::{ContentFlow, Contents};
pub use error::ExportError;
pub use existing::{Existing, ExistingCampaign, ExistingFlow, ExistingTrigger};
pub use plan::{
    Plan, PlannedCampaign, PlannedEvent, PlannedField, PlannedFlow, PlannedGroup, PlannedPoint,
    PlannedTrigger, Write, plan,
};
pub use report::{Counts, ImportReport, Renamed, Repaired, Skipped, Unresolved};
pub use trigger::{Trigger, TriggerType};
pub use write::Written;

use crate::FlowType;

/// The generation of exports that is written today.
pub const EXPORT_VERSION: u16 = 13;
/// The oldest generation of which anything is known.
pub const OLDEST_VERSION: u16 = 3;
/// Largest export, in bytes.
pub const MAX_EXPORT_BYTES: usize = 64 * 1024 * 1024;
/// Most flows in one export.
pub const MAX_FLOWS: usize = 2_000;
/// Most fields, groups, campaigns or triggers in one export.
pub const MAX_ITEMS: usize = 10_000;

/// A workspace export.
#[derive(Clone, Debug)]
pub struct Export {
    /// The generation it says it is.
    pub version: SmolStr,
    /// Where it was made.
    pub site: Option<String>,
    /// Flows, brought to the current specification.
    pub flows: Vec<ExportedFlow>,
    /// Campaigns.
    pub campaigns: Vec<Campaign>,
    /// Triggers of the types that are known; see [`Export::skipped`].
    pub triggers: Vec<Trigger>,
    /// Contact fields.
    pub fields: Vec<ExportedField>,
    /// Groups.
    pub groups: Vec<ExportedGroup>,
    /// What was left out when it was read, and why.
    pub skipped: Vec<Skipped>,
    /// What was mended when it was read.
    pub repaired: Vec<Repaired>,
}

/// A flow of an export.
#[derive(Clone, Debug)]
pub struct ExportedFlow {
    /// Its identifier where it was made.
    pub uuid: Uuid,
    /// Its name there.
    pub name: SmolStr,
    /// Where it can run.
    pub flow_type: FlowType,
    /// The definition, of the current specification.
    pub definition: Value,
    /// The line where it begins.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// A contact field of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedField {
    /// Key.
    pub key: SmolStr,
    /// Name.
    pub name: SmolStr,
    /// What its values mean.
    pub field_type: FieldType,
}

/// A group of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportedGroup {
    /// Its identifier where it was made; a reference may lack it.
    pub uuid: Option<GroupUuid>,
    /// Its name.
    pub name: SmolStr,
    /// The contact query of a group that fills itself.
    pub query: Option<SmolStr>,
}

impl Export {
    /// Identifiers that the import would like to keep, so that the caller can find out which are taken by others.
    pub fn identifiers(&self) -> Vec<Uuid> {
        let flows = self.flows.iter().map(|flow| flow.uuid);
        let groups = self.all_groups().filter_map(|group| group.uuid).map(|uuid| uuid.0);
        let campaigns = self.campaigns.iter().filter_map(|campaign| campaign.uuid).map(|uuid| uuid.0);
        let events = self.campaigns.iter().flat_map(|campaign| &campaign.events);
        let events = events.filter_map(|event| event.uuid).map(|uuid| uuid.0);
        flows.chain(groups).chain(campaigns).chain(events).collect()
    }

    /// The groups of the list, then those that campaigns and triggers name.
    pub(crate) fn all_groups(&self) -> impl Iterator<Item = &ExportedGroup> {
        let campaigns = self.campaigns.iter().map(|campaign| &campaign.group);
        let triggers =
            self.triggers.iter().flat_map(|trigger| trigger.groups.iter().chain(&trigger.exclude_groups));
        self.groups.iter().chain(campaigns).chain(triggers)
    }
}
