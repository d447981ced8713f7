//! Fields and groups of an import, and the labels and topics that flows name.

use domain::{FieldType, GroupUuid};
use serde_json::Value;
use smol_str::{SmolStr, format_smolstr};

use super::plan::{PlannedField, PlannedGroup, Planner, Write, folded};
use super::{ExportedGroup, Skipped};

/// Dates that every contact has, which campaigns count from like fields.
const SYSTEM_DATES: [&str; 2] = ["created_on", "last_seen_on"];

impl Planner<'_> {
    pub(super) fn fields(&mut self) {
        for field in &self.export.fields {
            self.field(&field.key, &field.name, field.field_type);
        }
        for event in self.export.campaigns.iter().flat_map(|campaign| &campaign.events) {
            if !SYSTEM_DATES.contains(&event.relative_to.as_str()) {
                let name = if event.relative_to_name.is_empty() {
                    &event.relative_to
                } else {
                    &event.relative_to_name
                };
                self.field(&event.relative_to, name, FieldType::Datetime);
            }
        }
    }

    fn field(&mut self, key: &str, name: &SmolStr, field_type: FieldType) {
        let key: SmolStr = key.trim().to_lowercase().into();
        if key.is_empty() || self.plan.fields.iter().any(|field| field.key == key) {
            return;
        }
        let known = self.existing.fields.iter().find(|field| field.key == key);
        let differs = known.filter(|known| known.field_type != field_type);
        if let Some(known) = differs {
            self.plan.report.skipped.push(Skipped {
                what: format_smolstr!("the type of field '{key}'"),
                reason: format_smolstr!(
                    "it holds {} here and {} in the export; contacts have values, so it stays",
                    in_words(known.field_type),
                    in_words(field_type)
                ),
            });
        }
        self.plan.fields.push(match known {
            Some(field) => PlannedField {
                write: Write::Keep,
                key,
                name: field.name.clone(),
                field_type: field.field_type,
            },
            None => PlannedField { write: Write::Create, key, name: name.clone(), field_type },
        });
    }

    pub(super) fn groups(&mut self) {
        let export = self.export;
        for group in export.all_groups() {
            self.group(group);
        }
    }

    /// The group that a reference of the export means here; it is made if there is none.
    pub(super) fn group(&mut self, group: &ExportedGroup) -> Option<GroupUuid> {
        let known = self.find_group(group);
        let uuid = match known {
            Some(uuid) => uuid,
            None if group.name.is_empty() => return None,
            None => {
                let uuid = GroupUuid(self.free(group.uuid.map(|uuid| uuid.0)));
                self.plan.groups.push(PlannedGroup {
                    write: Write::Create,
                    uuid,
                    name: group.name.clone(),
                    query: group.query.clone(),
                });
                uuid
            }
        };
        if let Some(old) = group.uuid.filter(|old| *old != uuid) {
            self.renames.uuids.insert(old.to_string(), uuid.to_string());
        }
        Some(uuid)
    }

    fn find_group(&mut self, group: &ExportedGroup) -> Option<GroupUuid> {
        let name = folded(&group.name);
        let planned =
            |planned: &&PlannedGroup| Some(planned.uuid) == group.uuid || folded(&planned.name) == name;
        if let Some(planned) = self.plan.groups.iter().find(planned) {
            return Some(planned.uuid);
        }
        let by_uuid = self.existing.groups.iter().find(|known| Some(known.uuid) == group.uuid);
        let known =
            by_uuid.or_else(|| self.existing.groups.iter().find(|known| folded(&known.name) == name))?;
        if group.query.is_some() && known.query.is_none() {
            self.plan.report.skipped.push(Skipped {
                what: format_smolstr!("the query of group '{}'", known.name),
                reason: "a group of that name is here and people were put into it by hand, so it stays"
                    .into(),
            });
        }
        self.plan.groups.push(PlannedGroup {
            write: Write::Keep,
            uuid: known.uuid,
            name: known.name.clone(),
            query: known.query.clone(),
        });
        Some(known.uuid)
    }

    /// Labels and topics are not exported; where the workspace has one of the same name, flows mean that.
    pub(super) fn labels_and_topics(&mut self) {
        let export = self.export;
        let actions = export.flows.iter().flat_map(|flow| items(&flow.definition["nodes"]));
        for action in actions.flat_map(|node| items(&node["actions"])) {
            for label in items(&action["labels"]) {
                self.match_by_name(label, |planner, name| {
                    let known = planner.existing.labels.iter().find(|known| folded(&known.name) == name)?;
                    Some(known.uuid.to_string())
                });
            }
            self.match_by_name(&action["topic"], |planner, name| {
                let known = planner.existing.topics.iter().find(|known| folded(&known.name) == name)?;
                Some(known.uuid.to_string())
            });
        }
    }

    fn match_by_name(&mut self, reference: &Value, find: impl Fn(&Self, &str) -> Option<String>) {
        let (Some(uuid), Some(name)) = (reference["uuid"].as_str(), reference["name"].as_str()) else {
            return;
        };
        if let Some(here) = find(self, &folded(name)).filter(|here| here != uuid) {
            self.renames.uuids.insert(uuid.to_owned(), here);
        }
    }
}

fn in_words(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Text => "text",
        FieldType::Number => "numbers",
        FieldType::Datetime => "dates",
        FieldType::State => "states",
        FieldType::District => "districts",
        FieldType::Ward => "wards",
    }
}

fn items(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}
