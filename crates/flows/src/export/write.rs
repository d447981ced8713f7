//! From the contents of a workspace to an export, in RapidPro's format.

use std::collections::BTreeMap;

use domain::{Field, FieldType, FlowUuid, Group, GroupUuid};
use serde_json::{Value, json};
use smol_str::{SmolStr, format_smolstr};

use super::contents::Selection;
use super::{
    Contents, EXPORT_VERSION, ExportError, PlannedCampaign, PlannedEvent, PlannedPoint, PlannedTrigger,
    TriggerType, Unresolved,
};
use crate::legacy::seeded;
use crate::migrations::{self, Conversion, Version};

/// Dates that every contact has, and what RapidPro calls them.
pub(super) const SYSTEM_DATES: [(&str, &str); 2] =
    [("created_on", "Created On"), ("last_seen_on", "Last Seen On")];

/// An export, and what is worth knowing about it.
#[derive(Clone, Debug)]
pub struct Written {
    /// The export.
    pub json: Value,
    /// Each flow by name, and what became of it where the specification is an older one.
    pub flows: Vec<(SmolStr, Conversion)>,
    /// What flows name and the workspace does not have.
    pub missing: Vec<Unresolved>,
}

impl Contents {
    /// Writes an export with flows of a specification: all that is in use, or some flows with everything that they
    /// need. `site` says where it was made; RapidPro matches flows of its own site by identifier, all others by name.
    ///
    /// The same contents give the same export, byte by byte: what older specifications need beside has identifiers
    /// that follow from those of the flow.
    pub fn write(
        &self,
        chosen: Option<&[FlowUuid]>,
        to: Version,
        site: &str,
    ) -> Result<Written, ExportError> {
        let unreadable = |(flow, error): (SmolStr, crate::DefinitionError)| ExportError::Flow {
            line: 1,
            column: 1,
            flow: flow.to_string(),
            reason: error.to_string(),
        };
        let selection = self.select(chosen).map_err(unreadable)?;
        let (mut flows, mut conversions) = (Vec::new(), Vec::new());
        for flow in self.flows.iter().filter(|flow| selection.flows.contains(&flow.uuid)) {
            let parsed = serde_json::from_str(&flow.definition).map_err(crate::DefinitionError::from);
            let mut json: Value = parsed.map_err(|error| unreadable((flow.name.clone(), error)))?;
            let conversion = migrations::convert(&mut json, to, &mut seeded(&flow.uuid.to_string()))
                .map_err(|error| unreadable((flow.name.clone(), error)))?;
            conversions.push((flow.name.clone(), conversion));
            flows.push(json);
        }
        let writer = Writer::new(self);
        let json = json!({
            "version": EXPORT_VERSION.to_string(),
            "site": site,
            "flows": flows,
            "campaigns": writer.campaigns(&selection),
            "triggers": writer.triggers(&selection),
            "fields": writer.fields(&selection),
            "groups": self.groups.iter().filter(|group| selection.groups.contains(&group.uuid)).map(group)
                .collect::<Vec<_>>(),
        });
        let missing = selection.missing.into_values();
        let missing = missing.map(|(dependency, needed_by)| Unresolved { dependency, needed_by }).collect();
        Ok(Written { json, flows: conversions, missing })
    }
}

/// What references need beside the identifier.
struct Writer<'a> {
    contents: &'a Contents,
    flows: BTreeMap<FlowUuid, &'a str>,
    groups: BTreeMap<GroupUuid, &'a Group>,
    fields: BTreeMap<&'a str, &'a Field>,
}

impl<'a> Writer<'a> {
    fn new(contents: &'a Contents) -> Self {
        Self {
            contents,
            flows: contents.flows.iter().map(|flow| (flow.uuid, flow.name.as_str())).collect(),
            groups: contents.groups.iter().map(|group| (group.uuid, group)).collect(),
            fields: contents.fields.iter().map(|field| (field.key.as_str(), field)).collect(),
        }
    }

    fn campaigns(&self, selection: &Selection) -> Vec<Value> {
        selection.campaigns.iter().map(|place| self.campaign(&self.contents.campaigns[*place])).collect()
    }

    fn campaign(&self, campaign: &PlannedCampaign) -> Value {
        json!({
            "uuid": campaign.uuid,
            "name": campaign.name,
            "group": self.group(campaign.group),
            "events": campaign.events.iter().map(|event| self.event(event)).collect::<Vec<_>>(),
        })
    }

    fn event(&self, event: &PlannedEvent) -> Value {
        let key = event.relative_to.as_str();
        let system = SYSTEM_DATES.iter().find(|(system, _)| *system == key).map(|(_, name)| *name);
        let label = self.fields.get(key).map(|field| field.name.as_str()).or(system).unwrap_or(key);
        let mut json = json!({
            "uuid": event.uuid,
            "offset": event.offset,
            "unit": event.unit,
            "event_type": "F",
            "delivery_hour": event.delivery_hour,
            "relative_to": {"label": label, "key": key},
            "start_mode": event.start_mode,
        });
        match &event.point {
            PlannedPoint::Flow(flow) => json["flow"] = self.flow(*flow),
            PlannedPoint::Message { texts, base_language } => {
                json["event_type"] = "M".into();
                json["message"] = json!(texts);
                json["base_language"] = base_language.as_str().into();
            }
        }
        json
    }

    fn triggers(&self, selection: &Selection) -> Vec<Value> {
        let triggers = self.contents.triggers.iter();
        triggers.filter(|trigger| selection.flows.contains(&trigger.flow)).map(|t| self.trigger(t)).collect()
    }

    fn trigger(&self, trigger: &PlannedTrigger) -> Value {
        let groups = |uuids: &std::collections::BTreeSet<GroupUuid>| -> Vec<Value> {
            uuids.iter().map(|uuid| self.group(*uuid)).collect()
        };
        let mut json = json!({
            "trigger_type": trigger.trigger_type.letter(),
            "flow": self.flow(trigger.flow),
            "groups": groups(&trigger.groups),
            "exclude_groups": groups(&trigger.exclude_groups),
            "channel": trigger.channel,
        });
        if trigger.trigger_type == TriggerType::Keyword {
            json["keywords"] = json!(trigger.keywords);
            json["match_type"] = if trigger.only_word { "O".into() } else { "F".into() };
        }
        json
    }

    fn fields(&self, selection: &Selection) -> Vec<Value> {
        let fields = self.contents.fields.iter().filter(|field| selection.fields.contains(&field.key));
        fields
            .map(|field| json!({"key": field.key, "name": field.name, "type": type_name(field.field_type)}))
            .collect()
    }

    fn flow(&self, uuid: FlowUuid) -> Value {
        json!({"uuid": uuid, "name": self.flows.get(&uuid).copied().unwrap_or_default()})
    }

    fn group(&self, uuid: GroupUuid) -> Value {
        self.groups
            .get(&uuid)
            .map_or_else(|| json!({"uuid": uuid, "name": format_smolstr!("{uuid}")}), |g| group(g))
    }
}

fn group(group: &Group) -> Value {
    json!({"uuid": group.uuid, "name": group.name, "query": group.query})
}

fn type_name(field_type: FieldType) -> &'static str {
    match field_type {
        FieldType::Text => "text",
        FieldType::Number => "number",
        FieldType::Datetime => "datetime",
        FieldType::State => "state",
        FieldType::District => "district",
        FieldType::Ward => "ward",
    }
}
