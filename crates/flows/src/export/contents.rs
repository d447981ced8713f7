//! What of a workspace can be exported, and which of it belongs to some flows.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::query::Query;
use domain::{Field, FlowUuid, Group, GroupUuid};
use expressions::Environment;
use indexmap::{IndexMap, IndexSet};
use jiff::Timestamp;
use smol_str::{SmolStr, format_smolstr};
use uuid::Uuid;

use super::{Plan, PlannedCampaign, PlannedPoint, PlannedTrigger};
use crate::{Definition, DefinitionError, Dependency, DependencyKind};

/// What of a workspace can be exported, in the order in which it is written.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// Flows.
    pub flows: Vec<ContentFlow>,
    /// Campaigns in use.
    pub campaigns: Vec<PlannedCampaign>,
    /// Triggers in use.
    pub triggers: Vec<PlannedTrigger>,
    /// Contact fields.
    pub fields: Vec<Field>,
    /// Groups.
    pub groups: Vec<Group>,
}

/// A flow of a workspace.
#[derive(Clone, Debug)]
pub struct ContentFlow {
    /// Public identifier.
    pub uuid: FlowUuid,
    /// Name.
    pub name: SmolStr,
    /// Whether it was put away; such a flow is exported only where another needs it.
    pub archived: bool,
    /// JSON of the live revision.
    pub definition: Arc<str>,
}

/// What belongs together.
#[derive(Debug, Default)]
pub(super) struct Selection {
    pub flows: BTreeSet<FlowUuid>,
    /// Places in [`Contents::campaigns`].
    pub campaigns: BTreeSet<usize>,
    pub groups: BTreeSet<GroupUuid>,
    pub fields: BTreeSet<SmolStr>,
    /// What flows name and the workspace does not have, with the flows that do.
    pub missing: IndexMap<(DependencyKind, SmolStr), (Dependency, Vec<SmolStr>)>,
}

impl Contents {
    /// What an import into an empty workspace makes.
    pub fn of_plan(plan: &Plan) -> Self {
        let flows = plan.flows.iter().map(|flow| ContentFlow {
            uuid: flow.definition.uuid,
            name: flow.definition.name.clone(),
            archived: false,
            definition: flow.definition.json().clone(),
        });
        let fields = plan.fields.iter().map(|field| Field {
            uuid: Uuid::nil().into(),
            key: field.key.clone(),
            name: field.name.clone(),
            field_type: field.field_type,
        });
        let groups = plan.groups.iter().map(|group| Group {
            uuid: group.uuid,
            name: group.name.clone(),
            query: group.query.clone(),
        });
        Self {
            flows: flows.collect(),
            campaigns: plan.campaigns.clone(),
            triggers: plan.triggers.clone(),
            fields: fields.collect(),
            groups: groups.collect(),
        }
    }

    /// Everything in use, or what some flows need: flows that they enter and start, campaigns and triggers that start
    /// them, the groups and fields of all these, and what the queries of those groups name.
    pub(super) fn select(
        &self,
        chosen: Option<&[FlowUuid]>,
    ) -> Result<Selection, (SmolStr, DefinitionError)> {
        let mut selection = Selection::default();
        let in_use = self.flows.iter().filter(|flow| !flow.archived).map(|flow| flow.uuid);
        let mut waiting: IndexSet<FlowUuid> = match chosen {
            Some(chosen) => chosen.iter().copied().collect(),
            None => in_use.collect(),
        };
        if chosen.is_none() {
            selection.campaigns = (0..self.campaigns.len()).collect();
            selection.groups = self.groups.iter().map(|group| group.uuid).collect();
            selection.fields = self.fields.iter().map(|field| field.key.clone()).collect();
            waiting.extend(self.campaigns.iter().flat_map(flows_of));
        }
        while let Some(uuid) = waiting.pop() {
            let Some(flow) = self.flows.iter().find(|flow| flow.uuid == uuid) else { continue };
            if selection.flows.insert(uuid) {
                self.follow(flow, &mut selection, &mut waiting)?;
            }
        }
        self.groups_and_fields(&mut selection);
        Ok(selection)
    }

    /// Adds what one flow needs, and the campaigns that start it.
    fn follow(
        &self,
        flow: &ContentFlow,
        selection: &mut Selection,
        waiting: &mut IndexSet<FlowUuid>,
    ) -> Result<(), (SmolStr, DefinitionError)> {
        let definition = Definition::read(flow.definition.as_bytes(), &mut Uuid::nil)
            .map_err(|error| (flow.name.clone(), error))?;
        for checked in definition.inspect(None).dependencies {
            let dependency = checked.dependency;
            let known = match dependency.kind {
                DependencyKind::Flow => {
                    let known =
                        self.flows.iter().find(|flow| format_smolstr!("{}", flow.uuid) == dependency.id);
                    waiting.extend(known.map(|flow| flow.uuid));
                    known.is_some()
                }
                DependencyKind::Group => {
                    let known =
                        self.groups.iter().find(|group| format_smolstr!("{}", group.uuid) == dependency.id);
                    selection.groups.extend(known.map(|group| group.uuid));
                    known.is_some()
                }
                DependencyKind::Field => {
                    let key = SmolStr::from(dependency.id.to_lowercase());
                    let known = self.fields.iter().any(|field| field.key == key);
                    let system = super::write::SYSTEM_DATES.iter().any(|(system, _)| *system == key);
                    selection.fields.extend(known.then_some(key));
                    known || system
                }
                DependencyKind::Channel
                | DependencyKind::Contact
                | DependencyKind::Global
                | DependencyKind::Label
                | DependencyKind::Llm
                | DependencyKind::Template
                | DependencyKind::Topic
                | DependencyKind::User => true,
            };
            if !known {
                let key = (dependency.kind, dependency.id.clone());
                let (_, needed_by) = selection.missing.entry(key).or_insert_with(|| (dependency, Vec::new()));
                needed_by.push(format_smolstr!("flow '{}'", flow.name));
            }
        }
        for (place, campaign) in self.campaigns.iter().enumerate() {
            if flows_of(campaign).any(|started| started == flow.uuid) && selection.campaigns.insert(place) {
                waiting.extend(flows_of(campaign));
            }
        }
        Ok(())
    }

    /// Adds the groups and fields of campaigns and triggers, and what queries of groups name.
    fn groups_and_fields(&self, selection: &mut Selection) {
        for place in &selection.campaigns {
            let campaign = &self.campaigns[*place];
            selection.groups.insert(campaign.group);
            selection.fields.extend(campaign.events.iter().map(|event| event.relative_to.clone()));
        }
        for trigger in self.triggers.iter().filter(|trigger| selection.flows.contains(&trigger.flow)) {
            selection.groups.extend(trigger.groups.iter().chain(&trigger.exclude_groups));
        }
        let mut waiting: Vec<GroupUuid> = selection.groups.iter().copied().collect();
        while let Some(uuid) = waiting.pop() {
            let query =
                self.groups.iter().find(|group| group.uuid == uuid).and_then(|group| group.query.as_ref());
            let Some(query) = query else { continue };
            // Only names matter here, so the conventions for dates and numbers do not.
            let Ok(query) = Query::parse(query, &Environment::default(), Timestamp::UNIX_EPOCH, None) else {
                continue;
            };
            let inspection = query.inspection();
            selection.fields.extend(inspection.fields.iter().map(|field| field.key.clone()));
            for group in self.groups.iter().filter(|group| names_group(inspection, &group.name)) {
                if selection.groups.insert(group.uuid) {
                    waiting.push(group.uuid);
                }
            }
        }
    }
}

/// The flows that a campaign starts.
fn flows_of(campaign: &PlannedCampaign) -> impl Iterator<Item = FlowUuid> {
    campaign.events.iter().filter_map(|event| match &event.point {
        PlannedPoint::Flow(flow) => Some(*flow),
        PlannedPoint::Message { .. } => None,
    })
}

fn names_group(inspection: &domain::query::Inspection, name: &str) -> bool {
    inspection.groups.iter().any(|dependency| match dependency {
        domain::query::GroupDependency::Known(group) => group.name.eq_ignore_ascii_case(name),
        domain::query::GroupDependency::Named(named) => named.to_lowercase() == name.to_lowercase(),
    })
}
