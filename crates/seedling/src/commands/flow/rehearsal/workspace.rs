//! The workspace of a rehearsal: what the file holds, and made up what its flows name besides.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Channel, ChannelRole, ChannelUuid, Field, FieldType, FieldUuid, Group, GroupUuid, Reference};
use flows::assets::{Global, Llm, Template, User};
use flows::{Assets, AssetsBuilder, Dependency, DependencyKind, Program};
use indexmap::{IndexMap, IndexSet};
use serde_json::Value;
use smol_str::SmolStr;
use uuid::Uuid;

use super::setting::Setting;
use crate::commands::flow::file::FlowFile;
use flows::vocabulary::library;

/// The line of the terminal.
const LINE: Uuid = Uuid::from_u128(0x5eed_0000_0000_4000_8000_0000_0000_0001);

/// Every language of the file, those that flows are written in first.
pub fn languages(file: &FlowFile) -> Vec<SmolStr> {
    let written = file.definitions().map(|definition| &definition.language);
    let translated = file.definitions().flat_map(|definition| definition.localization.0.keys());
    let all: IndexSet<SmolStr> = written.chain(translated).cloned().collect();
    all.into_iter().collect()
}

/// Flows, fields and groups of the file, and a line for messages and calls. What the file does not hold because it
/// is not part of exports, or because it is a single definition, is made up, so that the flows can run.
pub fn assets(file: &FlowFile, setting: &Setting, scheme: &str) -> Assets {
    let mut builder = AssetsBuilder::new().channel(Channel {
        uuid: ChannelUuid(LINE),
        name: "Terminal".into(),
        address: "".into(),
        schemes: vec![scheme.into()],
        roles: vec![ChannelRole::Send, ChannelRole::Receive, ChannelRole::Call, ChannelRole::Answer],
        features: Vec::new(),
        country: setting.country.clone(),
        match_prefixes: Vec::new(),
        allow_international: true,
    });
    let mut needed = IndexSet::new();
    for definition in file.definitions() {
        builder = builder.flow(Arc::new(Program::compile(definition, library())));
        needed.extend(definition.inspect(None).dependencies.into_iter().map(|checked| checked.dependency));
    }
    let mut fields: BTreeMap<SmolStr, Field> = BTreeMap::new();
    let mut groups: BTreeMap<GroupUuid, Group> = BTreeMap::new();
    let mut globals: IndexMap<SmolStr, SmolStr> = IndexMap::new();
    for dependency in &needed {
        match dependency.kind {
            DependencyKind::Field if !file.is_export => {
                fields.insert(dependency.id.clone(), made_up_field(dependency));
            }
            DependencyKind::Group if !file.is_export => {
                groups.extend(made_up_group(dependency).map(|group| (group.uuid, group)));
            }
            DependencyKind::Global => {
                globals.insert(dependency.id.clone(), SmolStr::default());
            }
            _ => builder = made_up(builder, dependency, scheme),
        }
    }
    fields.extend(file.fields.iter().filter_map(field).map(|field| (field.key.clone(), field)));
    groups.extend(file.groups.iter().filter_map(group).map(|group| (group.uuid, group)));
    globals.extend(setting.globals.iter().cloned());
    builder = fields.into_values().fold(builder, AssetsBuilder::field);
    builder = groups.into_values().fold(builder, AssetsBuilder::group);
    builder = globals
        .into_iter()
        .fold(builder, |builder, (key, value)| builder.global(Global { name: key.clone(), key, value }));
    setting.tables.iter().cloned().fold(builder, AssetsBuilder::table).build()
}

/// A thing that exports do not carry, under the identifier that flows know it by.
fn made_up(builder: AssetsBuilder, dependency: &Dependency, scheme: &str) -> AssetsBuilder {
    let Ok(uuid) = dependency.id.parse::<Uuid>() else { return builder };
    let name = dependency.name.clone();
    match dependency.kind {
        DependencyKind::Label => builder.label(Reference { uuid: uuid.into(), name }),
        DependencyKind::Topic => builder.topic(Reference { uuid: uuid.into(), name }),
        DependencyKind::User => builder.user(User { uuid: uuid.into(), name, email: SmolStr::default() }),
        DependencyKind::Template => {
            builder.template(Template { uuid: uuid.into(), name, translations: Vec::new() })
        }
        DependencyKind::Llm => builder.llm(Llm { uuid, name, roles: vec!["engine".into()] }),
        DependencyKind::Channel => builder.channel(Channel {
            uuid: uuid.into(),
            name,
            address: "".into(),
            schemes: vec![scheme.into()],
            roles: vec![ChannelRole::Send, ChannelRole::Receive],
            features: Vec::new(),
            country: None,
            match_prefixes: Vec::new(),
            allow_international: true,
        }),
        // Those that the file itself should hold, and people, whom no flow needs.
        DependencyKind::Contact
        | DependencyKind::Field
        | DependencyKind::Flow
        | DependencyKind::Global
        | DependencyKind::Group => builder,
    }
}

fn made_up_field(dependency: &Dependency) -> Field {
    let name = if dependency.name.is_empty() { &dependency.id } else { &dependency.name };
    Field {
        uuid: FieldUuid::default(),
        key: dependency.id.clone(),
        name: name.clone(),
        field_type: FieldType::Text,
    }
}

fn made_up_group(dependency: &Dependency) -> Option<Group> {
    let uuid = dependency.id.parse().ok()?;
    Some(Group { uuid, name: dependency.name.clone(), query: None })
}

fn field(json: &Value) -> Option<Field> {
    let key = SmolStr::new(json["key"].as_str()?);
    let name = SmolStr::new(json["name"].as_str().unwrap_or(&key));
    let field_type: FieldType = serde_json::from_value(json["type"].clone()).unwrap_or_default();
    Some(Field { uuid: FieldUuid::default(), key, name, field_type })
}

fn group(json: &Value) -> Option<Group> {
    let uuid = json["uuid"].as_str()?.parse().ok()?;
    // RapidPro writes an empty query for groups that people are put into by hand.
    let query = json["query"].as_str().filter(|query| !query.trim().is_empty()).map(SmolStr::new);
    Some(Group { uuid, name: json["name"].as_str().unwrap_or_default().into(), query })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn groups_without_a_query_are_filled_by_hand() {
        let query = |query: serde_json::Value| {
            let group =
                json!({"uuid": "7f5c4b1e-0a55-4d6c-9a3e-6a8f1f1c2d01", "name": "Mothers", "query": query});
            super::group(&group).and_then(|group| group.query)
        };
        assert_eq!(query(json!("age > 18")).as_deref(), Some("age > 18"));
        for none in [json!(""), json!("  "), json!(null)] {
            assert_eq!(query(none.clone()), None, "{none}");
        }
    }
}
