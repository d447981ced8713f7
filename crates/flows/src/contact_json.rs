//! Contacts and runs as JSON, as flows pass them to the flows they start.

use std::collections::BTreeMap;

use domain::{
    Contact, ContactId, ContactStatus, ContactUrn, ContactUuid, FieldValue, GroupUuid, NodeUuid, Reference,
};
use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::{
    assets::Assets,
    events::{FlowRevisionRef, TicketData, TicketStatus},
    raw_json::RawJson,
    session::{Run, RunResult, RunStatus},
};

/// A contact as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct ContactJson {
    uuid: ContactUuid,
    #[serde(default, skip_serializing_if = "is_zero")]
    id: i64,
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    name: SmolStr,
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    language: SmolStr,
    #[serde(default)]
    status: ContactStatus,
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    timezone: SmolStr,
    created_on: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_seen_on: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    urns: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<Reference<GroupUuid>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<SmolStr, Option<FieldValue>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tickets: Vec<TicketData>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_zero(id: &i64) -> bool {
    *id == 0
}

/// Reads a contact as flows write it: addresses as `tel:…?channel=UUID`, groups and tickets as references.
///
/// # Errors
/// If a key is missing or has the wrong form.
pub fn read_contact(json: &serde_json::Value) -> Result<Contact, serde_json::Error> {
    let json = ContactJson::deserialize(json)?;
    Ok(Contact {
        uuid: json.uuid,
        id: ContactId(json.id),
        name: json.name,
        language: (!json.language.is_empty()).then_some(json.language),
        status: json.status,
        timezone: (!json.timezone.is_empty()).then_some(json.timezone),
        created_on: json.created_on,
        last_seen_on: json.last_seen_on,
        urns: json.urns.iter().filter_map(|urn| urn.parse::<ContactUrn>().ok()).collect(),
        groups: json.groups.iter().map(|group| group.uuid).collect(),
        fields: json.fields.into_iter().filter_map(|(key, value)| Some((key, value?))).collect(),
        tickets: json
            .tickets
            .into_iter()
            .map(|ticket| domain::TicketRef {
                uuid: ticket.uuid,
                open: ticket.status == TicketStatus::Open,
                topic: ticket.topic,
                assignee: ticket.assignee,
            })
            .collect(),
    })
}

/// Writes a contact with the names of its groups.
pub fn write_contact(contact: &Contact, assets: &Assets) -> serde_json::Value {
    let groups = contact.groups.iter().filter_map(|uuid| assets.group(*uuid));
    let json = ContactJson {
        uuid: contact.uuid,
        id: contact.id.0,
        name: contact.name.clone(),
        language: contact.language.clone().unwrap_or_default(),
        status: contact.status,
        timezone: contact.timezone.clone().unwrap_or_default(),
        created_on: contact.created_on,
        last_seen_on: contact.last_seen_on,
        urns: contact.urns.iter().map(ToString::to_string).collect(),
        groups: groups.map(|g| Reference { uuid: g.uuid, name: g.name.clone() }).collect(),
        fields: contact.fields.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect(),
        tickets: contact
            .tickets
            .iter()
            .map(|ticket| TicketData {
                uuid: ticket.uuid,
                status: if ticket.open { TicketStatus::Open } else { TicketStatus::Closed },
                topic: ticket.topic.clone(),
                assignee: ticket.assignee.clone(),
            })
            .collect(),
    };
    serde_json::to_value(json).unwrap_or_default()
}

/// A result as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ResultJson {
    pub name: SmolStr,
    #[serde(default)]
    pub value: SmolStr,
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub category: SmolStr,
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub category_localized: SmolStr,
    pub node_uuid: NodeUuid,
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub input: SmolStr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<RawJson>,
    pub created_on: Timestamp,
}

impl From<&RunResult> for ResultJson {
    fn from(result: &RunResult) -> Self {
        Self {
            name: result.name.clone(),
            value: result.value.clone(),
            category: result.category.clone(),
            category_localized: result.category_localized.clone(),
            node_uuid: result.node,
            input: result.input.clone(),
            extra: result.extra.clone(),
            created_on: result.created_on,
        }
    }
}

impl From<ResultJson> for RunResult {
    fn from(json: ResultJson) -> Self {
        Self {
            name: json.name,
            value: json.value,
            category: json.category,
            category_localized: json.category_localized,
            node: json.node_uuid,
            input: json.input,
            extra: json.extra,
            created_on: json.created_on,
        }
    }
}

/// A run as another contact's flow sees it.
pub(crate) struct RunSummary {
    pub uuid: SmolStr,
    pub flow: FlowRevisionRef,
    pub contact: Option<Contact>,
    pub status: RunStatus,
    pub results: IndexMap<SmolStr, RunResult>,
}

/// Reads the run that started this session from its trigger.
pub(crate) fn read_run_summary(json: &serde_json::Value) -> Option<RunSummary> {
    #[derive(Deserialize)]
    struct Summary {
        #[serde(default)]
        uuid: SmolStr,
        flow: FlowRevisionRef,
        contact: Option<serde_json::Value>,
        #[serde(default)]
        status: RunStatus,
        #[serde(default)]
        results: Option<IndexMap<SmolStr, ResultJson>>,
    }
    let summary = Summary::deserialize(json).ok()?;
    let results = summary.results.unwrap_or_default();
    Some(RunSummary {
        uuid: summary.uuid,
        flow: summary.flow,
        contact: summary.contact.as_ref().and_then(|contact| read_contact(contact).ok()),
        status: summary.status,
        results: results.into_iter().map(|(key, result)| (key, result.into())).collect(),
    })
}

/// Writes a run for the flows it starts.
pub(crate) fn write_run_summary(run: &Run, contact: &Contact, assets: &Assets) -> serde_json::Value {
    let results: serde_json::Map<String, serde_json::Value> = run
        .results
        .iter()
        .map(|(key, result)| {
            (key.to_string(), serde_json::to_value(ResultJson::from(result)).unwrap_or_default())
        })
        .collect();
    let mut person = write_contact(contact, assets);
    if let Some(person) = person.as_object_mut() {
        // Tickets are nobody else's business.
        person.remove("tickets");
    }
    serde_json::json!({
        "uuid": run.uuid,
        "flow": run.flow,
        "contact": person,
        "status": run.status,
        "results": results,
    })
}
