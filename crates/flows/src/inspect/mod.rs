//! What a flow needs, keeps and gets wrong, found without running it.

mod assets;
mod dependency;
mod templates;
mod visit;

use domain::{ActionUuid, NodeUuid};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use smol_str::SmolStr;

pub use dependency::{Dependency, DependencyKind};

use crate::definition::Definition;

/// The report on a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// How large it is.
    pub counts: Counts,
    /// What it needs, in the order in which it is first needed.
    pub dependencies: Vec<CheckedDependency>,
    /// Names of locals it sets.
    pub locals: Vec<SmolStr>,
    /// Results it keeps.
    pub results: Vec<ResultInfo>,
    /// Keys of the results it reads from the flow that started it.
    pub parent_refs: Vec<SmolStr>,
    /// What is wrong.
    pub issues: Vec<Issue>,
}

/// How large a flow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Languages it is translated into.
    pub languages: usize,
    /// Nodes.
    pub nodes: usize,
}

/// A dependency, and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedDependency {
    /// What is needed.
    pub dependency: Dependency,
    /// Whether it is not there.
    pub missing: bool,
}

impl Serialize for CheckedDependency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.dependency.members(&mut map)?;
        if self.missing {
            map.serialize_entry("missing", &true)?;
        }
        map.end()
    }
}

/// A result that a flow keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResultInfo {
    /// Key, as in `@results.key`.
    pub key: SmolStr,
    /// Name, as first written.
    pub name: SmolStr,
    /// Categories it can have.
    pub categories: Vec<SmolStr>,
    /// Nodes that keep it.
    pub node_uuids: Vec<NodeUuid>,
}

/// What is wrong at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// What kind of issue.
    #[serde(rename = "type")]
    pub kind: IssueKind,
    /// The node.
    pub node_uuid: NodeUuid,
    /// The action, unless it is about the router.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_uuid: Option<ActionUuid>,
    /// The language, if it is about a translation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<SmolStr>,
    /// What is wrong, for people.
    pub description: String,
    /// What is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependency: Option<Dependency>,
}

/// What can be wrong with a flow that holds all rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueKind {
    /// Something it needs is not there.
    MissingDependency,
    /// It reads `@legacy_extra`, which only old flows should.
    LegacyExtra,
    /// A pattern is not a regular expression.
    InvalidRegex,
}

impl Definition {
    /// Inspects the flow. `exists` says whether a dependency is there; without it nothing counts as missing.
    pub fn inspect(&self, exists: Option<&dyn Fn(&Dependency) -> bool>) -> Inspection {
        visit::inspect(self, exists)
    }
}
