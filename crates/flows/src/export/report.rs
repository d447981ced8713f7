//! What an import did, for people.

use std::fmt;

use domain::NodeUuid;
use serde::Serialize;
use smol_str::{SmolStr, format_smolstr};

use crate::Dependency;

/// How many of one kind were made, changed and left as they were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// New ones.
    pub created: usize,
    /// Changed ones.
    pub updated: usize,
    /// Those that were there already, the same.
    pub unchanged: usize,
}

impl Counts {
    /// All of them.
    pub fn total(self) -> usize {
        self.created + self.updated + self.unchanged
    }
}

/// Something that has another name here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Renamed {
    /// `flow`, `group` or `campaign`.
    pub kind: &'static str,
    /// Its name in the export.
    pub from: SmolStr,
    /// Its name here.
    pub to: SmolStr,
}

/// Something that flows need and the workspace does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unresolved {
    /// What is needed.
    #[serde(flatten)]
    pub dependency: Dependency,
    /// Who needs it: `flow 'Registration'`, `trigger K 'join'`.
    pub needed_by: Vec<SmolStr>,
}

/// Something that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// What, such as `trigger K 'join'`.
    pub what: SmolStr,
    /// Why.
    pub reason: SmolStr,
}

impl Skipped {
    /// A trigger of a type that is not imported.
    pub(super) fn trigger_type(letter: &str) -> Self {
        let reason = match letter {
            "S" => "schedules are not part of exports; set the schedule up anew",
            _ => "this type of trigger is not known",
        };
        Self { what: format_smolstr!("trigger {letter}"), reason: reason.into() }
    }
}

/// Something that was mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Repaired {
    /// In which flow.
    pub flow: SmolStr,
    /// At which node.
    pub node: NodeUuid,
    /// What was done.
    pub what: SmolStr,
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Flows.
    pub flows: Counts,
    /// Contact fields.
    pub fields: Counts,
    /// Groups.
    pub groups: Counts,
    /// Triggers.
    pub triggers: Counts,
    /// Triggers that were put away because a new one takes their place.
    pub archived_triggers: usize,
    /// Campaigns.
    pub campaigns: Counts,
    /// Points of campaigns.
    pub campaign_events: usize,
    /// What has another name here.
    pub renamed: Vec<Renamed>,
    /// What is needed and not there.
    pub unresolved: Vec<Unresolved>,
    /// What was left out.
    pub skipped: Vec<Skipped>,
    /// What was mended.
    pub repaired: Vec<Repaired>,
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            ("flows", self.flows),
            ("fields", self.fields),
            ("groups", self.groups),
            ("triggers", self.triggers),
            ("campaigns", self.campaigns),
        ];
        for (kind, counts) in kinds {
            writeln!(
                f,
                "{kind:<10} {:>5}  ({} new, {} changed, {} as before)",
                counts.total(),
                counts.created,
                counts.updated,
                counts.unchanged
            )?;
        }
        if self.archived_triggers > 0 {
            writeln!(
                f,
                "{} older triggers put away, because imported ones take their place",
                self.archived_triggers
            )?;
        }
        for renamed in &self.renamed {
            writeln!(f, "renamed: {} '{}' is now '{}'", renamed.kind, renamed.from, renamed.to)?;
        }
        for repaired in &self.repaired {
            writeln!(f, "mended: flow '{}', node {}: {}", repaired.flow, repaired.node, repaired.what)?;
        }
        for skipped in &self.skipped {
            writeln!(f, "left out: {}: {}", skipped.what, skipped.reason)?;
        }
        for unresolved in &self.unresolved {
            let dependency = &unresolved.dependency;
            write!(f, "not there: {} {}", dependency.kind.name(), dependency.id)?;
            if !dependency.name.is_empty() {
                write!(f, " '{}'", dependency.name)?;
            }
            writeln!(f, ", needed by {}", unresolved.needed_by.join(", "))?;
        }
        Ok(())
    }
}
