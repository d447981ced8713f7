//! Changes within the JSON of a flow: other identifiers, other names, no loose ends.

use std::collections::{BTreeMap, BTreeSet};

use domain::NodeUuid;
use serde_json::Value;
use smol_str::SmolStr;

/// What things are called here, by what they were called where the export was made.
#[derive(Debug, Default)]
pub(super) struct Renames {
    /// Identifiers that changed.
    pub uuids: BTreeMap<String, String>,
    /// Names that changed, by the identifier that the thing has here.
    pub names: BTreeMap<String, SmolStr>,
}

impl Renames {
    /// Changes identifiers wherever they stand, and the names beside them.
    pub(super) fn apply(&self, value: &mut Value) {
        if self.uuids.is_empty() && self.names.is_empty() {
            return;
        }
        match value {
            Value::String(text) => {
                if let Some(uuid) = self.uuids.get(text.as_str()) {
                    *text = uuid.clone();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.apply(item)),
            Value::Object(members) => {
                members.values_mut().for_each(|member| self.apply(member));
                let name = members.get("uuid").and_then(Value::as_str).and_then(|uuid| self.names.get(uuid));
                if let Some(name) = name
                    && members.contains_key("name")
                {
                    members.insert("name".into(), name.as_str().into());
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Lets exits that lead to a node that is not there end the flow instead, and gives the nodes they belong to.
pub(super) fn cut_loose_ends(flow: &mut Value) -> Vec<NodeUuid> {
    let Some(nodes) = flow.get_mut("nodes").and_then(Value::as_array_mut) else { return Vec::new() };
    let uuid_of = |node: &Value| node["uuid"].as_str().and_then(|uuid| uuid.parse::<NodeUuid>().ok());
    let known: BTreeSet<NodeUuid> = nodes.iter().filter_map(uuid_of).collect();
    let mut changed = Vec::new();
    for node in nodes {
        let Some(uuid) = uuid_of(node) else { continue };
        for exit in node.get_mut("exits").and_then(Value::as_array_mut).into_iter().flatten() {
            let destination =
                exit["destination_uuid"].as_str().and_then(|uuid| uuid.parse::<NodeUuid>().ok());
            if destination.is_some_and(|destination| !known.contains(&destination)) {
                exit["destination_uuid"] = Value::Null;
                changed.push(uuid);
            }
        }
    }
    changed
}
