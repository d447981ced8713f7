//! Reading flows from a file, whether it is an export or a single definition.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use flows::legacy::Origin;
use flows::{Definition, DefinitionError};
use serde_json::Value;
use uuid::Uuid;

use super::document::read_text;

/// What a file holds.
pub struct FlowFile {
    /// Its flows in their order.
    pub flows: Vec<FlowEntry>,
    /// Fields and groups of an export, as it has them.
    pub fields: Vec<Value>,
    /// See `fields`.
    pub groups: Vec<Value>,
    /// Whether it is an export: then what its flows name should be in it.
    pub is_export: bool,
}

/// A flow, or why it cannot be one.
pub struct FlowEntry {
    /// Its name as written; empty if it has none.
    pub name: String,
    /// The flow.
    pub definition: Result<Definition, DefinitionError>,
}

impl FlowFile {
    /// Reads a file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let text = read_text(path).context("give an export or a flow definition as JSON")?;
        let json: Value = serde_json::from_str(&text).with_context(|| format!("{shown} is not JSON"))?;
        let mut origin = Origin { files: json["site"].as_str(), ..Origin::default() };
        if let Some(flows) = json["flows"].as_array() {
            for flow in flows {
                origin.identities.learn(flow, &mut Uuid::new_v4);
            }
            return Ok(Self {
                flows: flows.iter().map(|flow| entry(flow, &mut origin)).collect(),
                fields: json["fields"].as_array().cloned().unwrap_or_default(),
                groups: json["groups"].as_array().cloned().unwrap_or_default(),
                is_export: true,
            });
        }
        if is_flow(&json) {
            return Ok(Self {
                flows: vec![entry(&json, &mut origin)],
                fields: Vec::new(),
                groups: Vec::new(),
                is_export: false,
            });
        }
        bail!(
            "{shown} is neither an export (it has no `flows`) nor a flow definition (it has no `nodes`, and no \
             `action_sets` or `rule_sets` as old ones do)"
        )
    }

    /// The flow of that name or uuid; without one the only flow.
    ///
    /// # Errors
    /// If there is no such flow or it cannot be read; the text says which there are.
    pub fn chosen(&self, name: Option<&str>) -> anyhow::Result<&Definition> {
        let name = match (name, self.flows.as_slice()) {
            (Some(name), _) => name,
            (None, [only]) => &only.name,
            (None, []) => bail!("the file holds no flow"),
            (None, _) => bail!("the file holds several flows; choose one with --flow: {}", self.names()),
        };
        let entry = self.flows.iter().find(|entry| {
            let uuid = entry.definition.as_ref().map(|definition| definition.uuid.to_string());
            entry.name.eq_ignore_ascii_case(name) || uuid.is_ok_and(|uuid| uuid == *name)
        });
        let entry =
            entry.ok_or_else(|| anyhow!("there is no flow {name:?}; the file holds {}", self.names()))?;
        entry.definition.as_ref().map_err(|error| anyhow!("the flow {:?} cannot run: {error}", entry.name))
    }

    fn names(&self) -> String {
        let names: Vec<String> = self.flows.iter().map(|entry| format!("{:?}", entry.name)).collect();
        names.join(", ")
    }

    /// The flows that could be read.
    pub fn definitions(&self) -> impl Iterator<Item = &Definition> {
        self.flows.iter().filter_map(|entry| entry.definition.as_ref().ok())
    }
}

/// Whether a file is one flow: of nodes, or of action sets and rule sets as before specification 13.
fn is_flow(json: &Value) -> bool {
    let is_old = |flow: &Value| flow["action_sets"].is_array() || flow["rule_sets"].is_array();
    json["nodes"].is_array() || is_old(json) || is_old(&json["definition"])
}

fn entry(json: &Value, origin: &mut Origin<'_>) -> FlowEntry {
    FlowEntry {
        name: json["name"]
            .as_str()
            .or_else(|| json["metadata"]["name"].as_str())
            .or_else(|| json["definition"]["metadata"]["name"].as_str())
            .unwrap_or_default()
            .to_owned(),
        definition: Definition::read_from(json, origin, &mut Uuid::new_v4),
    }
}
