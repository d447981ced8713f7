//! Fields and groups that old flows name: exports list them only since version 13; before, imports made what flows
//! named.

use std::collections::BTreeSet;

use domain::{FieldType, GroupUuid};
use serde_json::Value;
use smol_str::SmolStr;

use super::{Export, ExportedField, ExportedGroup};
use crate::legacy::Identities;

/// What an export lists so far.
pub(super) struct Listed {
    fields: BTreeSet<SmolStr>,
    groups: BTreeSet<GroupUuid>,
}

impl Listed {
    pub(super) fn of(export: &Export) -> Self {
        Self {
            fields: export.fields.iter().map(|field| field.key.clone()).collect(),
            groups: export.groups.iter().filter_map(|group| group.uuid).collect(),
        }
    }

    /// Adds what a flow, brought to the current specification, names and the export does not list.
    pub(super) fn add_named_in(&mut self, flow: &Value, export: &mut Export) {
        for node in items(&flow["nodes"]) {
            for action in items(&node["actions"]) {
                self.add_field(&action["field"], export);
                for group in items(&action["groups"]) {
                    self.add_group(&group["uuid"], &group["name"], export);
                }
            }
            for case in items(&node["router"]["cases"]).iter().filter(|case| case["type"] == "has_group") {
                self.add_group(&case["arguments"][0], &case["arguments"][1], export);
            }
        }
    }

    fn add_field(&mut self, field: &Value, export: &mut Export) {
        let Some(key) = field["key"].as_str().filter(|key| !key.is_empty()).map(SmolStr::from) else {
            return;
        };
        if self.fields.insert(key.clone()) {
            let name = field["name"].as_str().map_or_else(|| key.clone(), SmolStr::from);
            export.fields.push(ExportedField { key, name, field_type: FieldType::Text });
        }
    }

    fn add_group(&mut self, uuid: &Value, name: &Value, export: &mut Export) {
        let uuid: Option<GroupUuid> = uuid.as_str().and_then(|uuid| uuid.parse().ok());
        let name = name.as_str().filter(|name| !name.is_empty());
        if let (Some(uuid), Some(name)) = (uuid, name)
            && self.groups.insert(uuid)
        {
            export.groups.push(ExportedGroup { uuid: Some(uuid), name: name.into(), query: None });
        }
    }
}

/// Adds the groups that flows only look for by name.
pub(super) fn add_expected_groups(identities: &Identities, export: &mut Export) {
    let known: BTreeSet<String> = export.groups.iter().map(|group| group.name.to_lowercase()).collect();
    for name in identities.expected_groups().filter(|name| !known.contains(&name.to_lowercase())) {
        export.groups.push(ExportedGroup { uuid: None, name: name.into(), query: None });
    }
}

fn items(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}
