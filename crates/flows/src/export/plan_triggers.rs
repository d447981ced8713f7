//! Triggers of an import, and which of the workspace's they replace.

use std::collections::BTreeSet;

use domain::{ChannelUuid, GroupUuid};
use smol_str::{SmolStr, format_smolstr};

use super::plan::{PlannedTrigger, Planner};
use super::{ExistingTrigger, ExportedGroup, Trigger, TriggerType};
use crate::{Dependency, DependencyKind};

impl Planner<'_> {
    pub(super) fn triggers(&mut self) {
        let export = self.export;
        for trigger in &export.triggers {
            let what = name_of(trigger.trigger_type, &trigger.keywords);
            if let Some(planned) = self.trigger(trigger, &what) {
                self.add_trigger(planned, what);
            }
        }
    }

    fn trigger(&mut self, trigger: &Trigger, what: &SmolStr) -> Option<PlannedTrigger> {
        if trigger.trigger_type == TriggerType::Keyword && trigger.keywords.is_empty() {
            self.skip(what.clone(), "it has no keyword");
            return None;
        }
        let Some(flow) = self.flow(trigger.flow, &trigger.flow_name, what) else {
            self.skip(what.clone(), "the flow that it starts is not there");
            return None;
        };
        Some(PlannedTrigger {
            trigger_type: trigger.trigger_type,
            flow,
            keywords: trigger.keywords.clone(),
            only_word: trigger.only_word,
            groups: self.trigger_groups(&trigger.groups),
            exclude_groups: self.trigger_groups(&trigger.exclude_groups),
            channel: self.channel(trigger.channel, what),
        })
    }

    fn trigger_groups(&mut self, groups: &[ExportedGroup]) -> BTreeSet<GroupUuid> {
        groups.iter().filter_map(|group| self.group(group)).collect()
    }

    /// The channel, if it is here. A trigger of a channel that is not works on all of them.
    fn channel(&mut self, channel: Option<ChannelUuid>, what: &SmolStr) -> Option<ChannelUuid> {
        let uuid = channel?;
        if self.existing.channels.contains(&uuid) {
            return Some(uuid);
        }
        let dependency = Dependency {
            kind: DependencyKind::Channel,
            id: format_smolstr!("{uuid}"),
            name: SmolStr::default(),
        };
        self.missing(dependency, what.clone());
        None
    }

    /// Adds a trigger unless it is there already, and puts away those that it takes the place of.
    fn add_trigger(&mut self, planned: PlannedTrigger, what: SmolStr) {
        let existing = self.existing;
        if existing.triggers.iter().any(|known| as_planned(known) == planned) {
            self.plan.report.triggers.unchanged += 1;
            return;
        }
        if self.plan.triggers.contains(&planned) {
            self.skip(what, "the export has the same trigger before it");
            return;
        }
        for known in &existing.triggers {
            if conflict(&as_planned(known), &planned) && !self.plan.archived_triggers.contains(&known.id) {
                self.plan.archived_triggers.push(known.id);
            }
        }
        let before = self.plan.triggers.iter().position(|earlier| conflict(earlier, &planned));
        if let Some(place) = before {
            let earlier = self.plan.triggers.remove(place);
            let earlier = name_of(earlier.trigger_type, &earlier.keywords);
            self.skip(earlier, "a later trigger of the export takes its place");
        }
        self.plan.triggers.push(planned);
    }
}

fn name_of(trigger_type: TriggerType, keywords: &[SmolStr]) -> SmolStr {
    let letter = trigger_type.letter();
    if keywords.is_empty() {
        format_smolstr!("trigger {letter}")
    } else {
        format_smolstr!("trigger {letter} '{}'", keywords.join(", "))
    }
}

fn as_planned(known: &ExistingTrigger) -> PlannedTrigger {
    PlannedTrigger {
        trigger_type: known.trigger_type,
        flow: known.flow,
        keywords: known.keywords.clone(),
        only_word: known.only_word,
        groups: known.groups.clone(),
        exclude_groups: known.exclude_groups.clone(),
        channel: known.channel,
    }
}

/// Whether two triggers would take the same input of the same people.
fn conflict(one: &PlannedTrigger, other: &PlannedTrigger) -> bool {
    let same_scope =
        one.trigger_type == other.trigger_type && one.channel == other.channel && one.groups == other.groups;
    same_scope
        && (one.trigger_type != TriggerType::Keyword
            || one.keywords.iter().any(|keyword| other.keywords.contains(keyword)))
}
