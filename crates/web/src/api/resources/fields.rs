//! `fields.json`: typed properties of contacts.

use domain::FieldType;
use flows::inspect::DependencyKind;
use node::limits;
use operations::{MAX_FIELD_NAME, inspected, save_field};
use serde_json::{Value, json};
use store::FieldRow;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "fields",
    alias: None,
    about: "Typed properties of contacts, the latest first.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(
            Roles::ALL,
            "Fields",
            &[param("key", Shape::Text, "Only the one with this key")],
            PROPS,
            |call| Box::pin(list(call)),
        ),
        Endpoint::save(
            Roles::EDITORS,
            "Adds a field, or changes the one of the address",
            &[param("key", Shape::Text, "The field that is changed")],
            BODY,
            PROPS,
            |call| Box::pin(save(call)),
        ),
    ],
};

const BODY: &[Prop] = &[
    prop("name", Shape::Text, "Name: letters, digits, spaces and hyphens, at most 36; its key comes of it"),
    prop("type", TYPE, "What values mean"),
    prop("label", Shape::Text, "The name, from older clients"),
    prop("value_type", VALUE_TYPE, "The type, from older clients"),
];

const TYPE: Shape = Shape::Word(&["text", "number", "datetime", "state", "district", "ward"]);
const VALUE_TYPE: Shape = Shape::Word(&["text", "numeric", "datetime", "state", "district", "ward"]);

const USAGES: Shape = Shape::Object(&[
    prop("flows", Shape::Int, "Flows that read or set it"),
    prop("groups", Shape::Int, "Groups whose query asks for it"),
    prop("campaign_events", Shape::Int, "Points of campaigns that count from it"),
]);

const PROPS: &[Prop] = &[
    prop("key", Shape::Text, "As expressions write it"),
    prop("name", Shape::Text, "Name"),
    prop("type", TYPE, "What values mean"),
    prop("featured", Shape::Bool, "Whether it is shown first"),
    prop("priority", Shape::Int, "The highest is shown first"),
    prop("usages", USAGES, "How often it is used"),
    prop("agent_access", Shape::Word(&["none", "view", "edit"]), "What agents may do with it"),
    prop("label", Shape::Text, "The name, for older clients"),
    prop("value_type", VALUE_TYPE, "The type, for older clients"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let key = call.query.text("key");
    let fits = |field: &&FieldRow| key.is_none_or(|key| field.key == key);
    let fields: Vec<FieldRow> = call.definitions().fields.iter().filter(fits).cloned().collect();
    let walk = Walk::of(call, false)?;
    let page = walk.chosen(fields, |field| (field.id.0, 0));
    let mut found = Vec::with_capacity(page.len());
    for field in page {
        found.push(((field.id.0, 0), shown(call, &field).await?));
    }
    Ok(walk.page(found))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    let older = given.has("label") && !given.has("name");
    let name = given.needed_text(if older { "label" } else { "name" }, MAX_FIELD_NAME);
    let older = given.has("value_type") && !given.has("type");
    let member = if older { "value_type" } else { "type" };
    if !given.has(member) {
        given.wrong("type", "This field is required.");
    }
    let words = ["text", "number", "datetime", "state", "district", "ward", "numeric"];
    let kind = given.word(member, if older { &words } else { &words[..6] }).and_then(type_of);
    given.done()?;
    let (Some(name), Some(kind)) = (name, kind) else { return Err(ApiError::whole("Invalid data.")) };
    let saved = save_field(call.ctx(), call.workspace(), call.query.text("key"), &name, kind).await?;
    Ok(Reply::saved(saved.made, shown(call, &saved.row).await?))
}

/// A field as the API shows it.
pub(crate) async fn shown(call: &Call, field: &FieldRow) -> Result<Value, ApiError> {
    let kind = type_word(field.field_type);
    Ok(json!({
        "key": field.key,
        "name": field.name,
        "type": kind,
        // No field is shown before others.
        "featured": false,
        "priority": 0,
        "usages": usages(call, field).await?,
        "agent_access": "edit",
        "label": field.name,
        "value_type": if kind == "number" { "numeric" } else { kind },
    }))
}

async fn usages(call: &Call, field: &FieldRow) -> Result<Value, ApiError> {
    let (definitions, now) = (call.definitions(), call.ctx().now());
    let mut flows = 0;
    for flow in definitions.flows.iter().filter(|flow| !flow.archived) {
        let report = inspected(call.ctx(), &call.ws, flow).await?;
        let uses = |one: &flows::inspect::CheckedDependency| {
            one.dependency.kind == DependencyKind::Field && one.dependency.id == field.key
        };
        flows += usize::from(report.is_some_and(|report| report.dependencies.iter().any(uses)));
    }
    let asks = |query: &str| call.ws.query(query, now).is_ok_and(|query| query.depends_on_field(&field.key));
    let groups =
        definitions.groups.iter().filter_map(|group| group.query.as_deref()).filter(|query| asks(query));
    let events = definitions.campaign_events.iter().filter(|event| event.relative_to == field.key);
    Ok(json!({"flows": flows, "groups": groups.count(), "campaign_events": events.count()}))
}

/// The word of a type.
pub(crate) fn type_word(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Text => "text",
        FieldType::Number => "number",
        FieldType::Datetime => "datetime",
        FieldType::State => "state",
        FieldType::District => "district",
        FieldType::Ward => "ward",
    }
}

/// The type of a word.
fn type_of(word: &str) -> Option<FieldType> {
    Some(match word {
        "text" => FieldType::Text,
        "number" | "numeric" => FieldType::Number,
        "datetime" => FieldType::Datetime,
        "state" => FieldType::State,
        "district" => FieldType::District,
        "ward" => FieldType::Ward,
        _ => return None,
    })
}
