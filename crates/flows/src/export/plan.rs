//! What an import changes, decided before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use domain::{CampaignEventUuid, CampaignUuid, ChannelUuid, FieldType, FlowUuid, GroupUuid};
use indexmap::IndexMap;
use smol_str::{SmolStr, format_smolstr};
use uuid::Uuid;

use super::plan_flows::Names;
use super::remap::Renames;
use super::report::{Counts, ImportReport, Renamed, Skipped, Unresolved};
use super::{Existing, Export, ExportError, TriggerType};
use crate::{Definition, Dependency, DependencyKind};

/// What happens to one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// It is made.
    Create,
    /// It is there and changes.
    Update,
    /// It is there and stays.
    Keep,
}

/// Everything an import writes.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Fields, those to keep too.
    pub fields: Vec<PlannedField>,
    /// Groups, those to keep too.
    pub groups: Vec<PlannedGroup>,
    /// Flows, those to keep too.
    pub flows: Vec<PlannedFlow>,
    /// New triggers.
    pub triggers: Vec<PlannedTrigger>,
    /// Row numbers of triggers that are put away.
    pub archived_triggers: Vec<i64>,
    /// Campaigns; their points take the place of all earlier ones.
    pub campaigns: Vec<PlannedCampaign>,
    /// What to tell people.
    pub report: ImportReport,
}

/// A contact field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedField {
    /// What happens.
    pub write: Write,
    /// Key.
    pub key: SmolStr,
    /// Name.
    pub name: SmolStr,
    /// What its values mean.
    pub field_type: FieldType,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedGroup {
    /// What happens.
    pub write: Write,
    /// Its identifier here.
    pub uuid: GroupUuid,
    /// Its name here.
    pub name: SmolStr,
    /// The contact query of a group that fills itself.
    pub query: Option<SmolStr>,
}

/// A flow.
#[derive(Clone, Debug)]
pub struct PlannedFlow {
    /// What happens. A kept one gets no new revision, but is no longer put away.
    pub write: Write,
    /// The definition with the identifiers and the name it has here. Its revision is the one to write.
    pub definition: Definition,
}

/// A new trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedTrigger {
    /// What kind.
    pub trigger_type: TriggerType,
    /// The flow.
    pub flow: FlowUuid,
    /// Words.
    pub keywords: Vec<SmolStr>,
    /// Whether the word must be the whole message.
    pub only_word: bool,
    /// Only for members of these.
    pub groups: BTreeSet<GroupUuid>,
    /// Not for members of these.
    pub exclude_groups: BTreeSet<GroupUuid>,
    /// Only on this channel.
    pub channel: Option<ChannelUuid>,
}

/// A campaign.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedCampaign {
    /// What happens.
    pub write: Write,
    /// Its identifier here.
    pub uuid: CampaignUuid,
    /// Its name here.
    pub name: SmolStr,
    /// Whom it is for.
    pub group: GroupUuid,
    /// Its points.
    pub events: Vec<PlannedEvent>,
}

/// A point of a campaign.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedEvent {
    /// Its identifier here.
    pub uuid: CampaignEventUuid,
    /// Key of the field that holds the date, or `created_on`, `last_seen_on`.
    pub relative_to: SmolStr,
    /// How many units after the date; before it if negative.
    pub offset: i64,
    /// `M` minutes, `H` hours, `D` days, `W` weeks.
    pub unit: SmolStr,
    /// Local hour of the day; -1 for the one that comes out.
    pub delivery_hour: i64,
    /// `I` interrupt, `S` skip, `P` passive.
    pub start_mode: SmolStr,
    /// What happens then.
    pub point: PlannedPoint,
}

/// What happens at a point of a campaign.
#[derive(Clone, Debug, PartialEq)]
pub enum PlannedPoint {
    /// A flow begins.
    Flow(FlowUuid),
    /// A message is sent.
    Message {
        /// Texts by language.
        texts: IndexMap<SmolStr, String>,
        /// The language it was written in.
        base_language: SmolStr,
    },
}

/// What planning knows so far.
pub(super) struct Planner<'a> {
    pub(super) export: &'a Export,
    pub(super) existing: &'a Existing,
    pub(super) uuids: &'a mut dyn FnMut() -> Uuid,
    pub(super) plan: Plan,
    /// What flows and groups of the export are called here.
    pub(super) renames: Renames,
    /// Identifiers that nothing new may have.
    pub(super) used: BTreeSet<Uuid>,
    /// Flows by name in the export, for references without an identifier.
    pub(super) flows_by_name: BTreeMap<String, FlowUuid>,
    unresolved: IndexMap<(DependencyKind, SmolStr), Unresolved>,
}

/// Plans the import of an export into a workspace.
///
/// Fields are matched by key; groups by identifier, then by name; flows by identifier, then by name and type;
/// campaigns by identifier, then by name. What matches nothing is made, under its own identifier if that is free.
/// `uuids` gives identifiers where it is not.
pub fn plan(
    export: &Export,
    existing: &Existing,
    uuids: &mut dyn FnMut() -> Uuid,
) -> Result<Plan, ExportError> {
    let mut planner = Planner {
        export,
        existing,
        uuids,
        plan: Plan::default(),
        renames: Renames::default(),
        used: existing.taken.clone(),
        flows_by_name: BTreeMap::new(),
        unresolved: IndexMap::new(),
    };
    planner.plan.report.skipped = export.skipped.clone();
    planner.plan.report.repaired = export.repaired.clone();
    planner.fields();
    planner.groups();
    planner.labels_and_topics();
    planner.flows()?;
    planner.campaigns();
    planner.triggers();
    planner.dependencies();
    Ok(planner.finish())
}

impl Planner<'_> {
    /// An identifier that is free: the wanted one, or a new one.
    pub(super) fn free(&mut self, wanted: Option<Uuid>) -> Uuid {
        let uuid = wanted
            .filter(|uuid| !uuid.is_nil() && !self.used.contains(uuid))
            .unwrap_or_else(|| (self.uuids)());
        self.used.insert(uuid);
        uuid
    }

    /// Notes that something is needed and not there.
    pub(super) fn missing(&mut self, dependency: Dependency, needed_by: SmolStr) {
        let key = (dependency.kind, dependency.id.clone());
        let entry =
            self.unresolved.entry(key).or_insert_with(|| Unresolved { dependency, needed_by: Vec::new() });
        if !entry.needed_by.contains(&needed_by) {
            entry.needed_by.push(needed_by);
        }
    }

    /// Notes that something has another name here.
    pub(super) fn renamed(&mut self, kind: &'static str, from: &SmolStr, to: &SmolStr) {
        if from != to {
            self.plan.report.renamed.push(Renamed { kind, from: from.clone(), to: to.clone() });
        }
    }

    /// Notes that something was left out.
    pub(super) fn skip(&mut self, what: SmolStr, reason: &str) {
        self.plan.report.skipped.push(Skipped { what, reason: reason.into() });
    }

    /// The flow that a reference of the export means here.
    pub(super) fn flow(
        &mut self,
        uuid: Option<Uuid>,
        name: &SmolStr,
        needed_by: &SmolStr,
    ) -> Option<FlowUuid> {
        let here = uuid.map(|uuid| match self.renames.uuids.get(&uuid.to_string()) {
            Some(renamed) => renamed.parse().unwrap_or(uuid),
            None => uuid,
        });
        let known = here.map(FlowUuid).filter(|uuid| self.has_flow(*uuid));
        let found = known.or_else(|| self.flows_by_name.get(&folded(name)).copied());
        if found.is_none() {
            let id = uuid.map_or_else(|| name.clone(), |uuid| format_smolstr!("{uuid}"));
            let dependency = Dependency { kind: DependencyKind::Flow, id, name: name.clone() };
            self.missing(dependency, needed_by.clone());
        }
        found
    }

    fn has_flow(&self, uuid: FlowUuid) -> bool {
        self.plan.flows.iter().any(|flow| flow.definition.uuid == uuid)
            || self.existing.flows.iter().any(|flow| flow.uuid == uuid)
    }

    /// Looks for everything the flows need.
    fn dependencies(&mut self) {
        let here = Inventory::new(&self.plan, self.existing);
        let mut missing = Vec::new();
        for flow in &self.plan.flows {
            let exists = |dependency: &Dependency| here.has(dependency);
            for checked in flow.definition.inspect(Some(&exists)).dependencies {
                if checked.missing {
                    missing.push((checked.dependency, format_smolstr!("flow '{}'", flow.definition.name)));
                }
            }
        }
        for (dependency, needed_by) in missing {
            self.missing(dependency, needed_by);
        }
    }

    fn finish(mut self) -> Plan {
        let plan = &mut self.plan;
        plan.report.fields = count(plan.fields.iter().map(|field| field.write));
        plan.report.groups = count(plan.groups.iter().map(|group| group.write));
        plan.report.flows = count(plan.flows.iter().map(|flow| flow.write));
        plan.report.campaigns = count(plan.campaigns.iter().map(|campaign| campaign.write));
        plan.report.campaign_events = plan.campaigns.iter().map(|campaign| campaign.events.len()).sum();
        plan.report.triggers.created = plan.triggers.len();
        plan.report.archived_triggers = plan.archived_triggers.len();
        plan.report.unresolved = self.unresolved.into_values().collect();
        self.plan
    }
}

/// Names are the same whatever their case and outer blanks.
pub(super) fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

fn count(writes: impl Iterator<Item = Write>) -> Counts {
    let mut counts = Counts::default();
    for write in writes {
        match write {
            Write::Create => counts.created += 1,
            Write::Update => counts.updated += 1,
            Write::Keep => counts.unchanged += 1,
        }
    }
    counts
}

/// What the workspace has after the import.
struct Inventory {
    ids: BTreeSet<(DependencyKind, SmolStr)>,
}

/// Properties of contacts that expressions read like fields.
const SYSTEM_FIELDS: [&str; 2] = ["created_on", "last_seen_on"];

impl Inventory {
    fn new(plan: &Plan, existing: &Existing) -> Self {
        let mut ids: BTreeSet<(DependencyKind, SmolStr)> = BTreeSet::new();
        let mut add = |kind, id: &dyn std::fmt::Display| ids.insert((kind, format_smolstr!("{id}")));
        for field in &plan.fields {
            add(DependencyKind::Field, &field.key);
        }
        for field in &existing.fields {
            add(DependencyKind::Field, &field.key);
        }
        for key in SYSTEM_FIELDS {
            add(DependencyKind::Field, &key);
        }
        for group in &plan.groups {
            add(DependencyKind::Group, &group.uuid);
        }
        for group in &existing.groups {
            add(DependencyKind::Group, &group.uuid);
        }
        for flow in &plan.flows {
            add(DependencyKind::Flow, &flow.definition.uuid);
        }
        for flow in &existing.flows {
            add(DependencyKind::Flow, &flow.uuid);
        }
        for channel in &existing.channels {
            add(DependencyKind::Channel, channel);
        }
        for label in &existing.labels {
            add(DependencyKind::Label, &label.uuid);
        }
        for topic in &existing.topics {
            add(DependencyKind::Topic, &topic.uuid);
        }
        for user in &existing.users {
            add(DependencyKind::User, user);
        }
        for key in &existing.globals {
            add(DependencyKind::Global, key);
        }
        Self { ids }
    }

    fn has(&self, dependency: &Dependency) -> bool {
        let id = if dependency.kind.has_key() {
            dependency.id.to_lowercase().into()
        } else {
            dependency.id.clone()
        };
        self.ids.contains(&(dependency.kind, id))
    }
}

impl Planner<'_> {
    /// Names of flows that the import does not touch.
    pub(super) fn names_of_others(&self, matched: &BTreeSet<FlowUuid>) -> Names {
        let others = self.existing.flows.iter().filter(|flow| !matched.contains(&flow.uuid));
        Names::new(others.map(|flow| flow.name.as_str()))
    }
}
