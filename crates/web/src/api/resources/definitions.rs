//! `definitions.json`: flows and campaigns with everything that they need, as an export.

use std::collections::BTreeSet;

use ::flows::migrations;
use node::limits;
use operations::{ExportDefinitionsError, ExportRequest, export_definitions};
use serde_json::{Value, json};

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::shape::{Prop, Shape, prop};

/// The specification in which flows are written.
const SPECIFICATION: &str = "14.4.2";

pub(crate) static RESOURCE: Resource = Resource {
    name: "definitions",
    alias: None,
    about: "Flows and campaigns as an export that RapidPro and Seedling read.",
    limit: &limits::API,
    endpoints: &[Endpoint::one(Roles::READERS, "An export", PROPS, |call| Box::pin(export(call)))
        .with_query(&[
            param("flow", Shape::Uuid, "A flow; may be given several times"),
            param("campaign", Shape::Uuid, "A campaign; may be given several times"),
            param(
                "dependencies",
                Shape::Word(&["none", "flows", "all"]),
                "What comes along: nothing, flows, or everything",
            ),
        ])],
};

const PROPS: &[Prop] = &[
    prop("version", Shape::Text, "Version of the export"),
    prop("site", Shape::Text, "Where it was made"),
    prop("flows", Shape::List(&Shape::Any), "Flows"),
    prop("campaigns", Shape::List(&Shape::Any), "Campaigns"),
    prop("triggers", Shape::List(&Shape::Any), "Triggers"),
    prop("fields", Shape::List(&Shape::Any), "Fields"),
    prop("groups", Shape::List(&Shape::Any), "Groups"),
];

async fn export(call: &Call) -> Result<Reply, ApiError> {
    let definitions = call.definitions();
    let dependencies = call.query.text("dependencies").unwrap_or("all");
    if !["none", "flows", "all"].contains(&dependencies) {
        return Err(ApiError::query("dependencies is none, flows or all."));
    }
    let asked: BTreeSet<&str> = call.query.all("flow").collect();
    let campaigns: BTreeSet<&str> = call.query.all("campaign").collect();
    let mut flows: BTreeSet<String> = BTreeSet::new();
    for flow in &definitions.flows {
        if asked.contains(flow.uuid.to_string().as_str()) {
            flows.insert(flow.uuid.to_string());
        }
    }
    let chosen = definitions.campaigns.iter().filter(|one| campaigns.contains(one.uuid.to_string().as_str()));
    for campaign in chosen {
        let events = definitions.campaign_events.iter().filter(|event| event.campaign == campaign.id);
        let needed =
            events.filter_map(|event| definitions.flows.iter().find(|flow| Some(flow.id) == event.flow));
        flows.extend(needed.map(|flow| flow.uuid.to_string()));
    }
    let mut json = write(call, flows.iter().cloned().collect()).await?;
    let named = |value: &Value, among: &dyn Fn(&str) -> bool| value["uuid"].as_str().is_some_and(among);
    if let Some(all) = json["campaigns"].as_array_mut()
        && dependencies != "all"
    {
        all.retain(|campaign| named(campaign, &|uuid| campaigns.contains(uuid)));
    }
    if dependencies == "none" {
        if let Some(all) = json["flows"].as_array_mut() {
            all.retain(|flow| named(flow, &|uuid| asked.contains(uuid)));
        }
        json["triggers"] = json!([]);
    }
    Ok(Reply::One(json))
}

/// The export of some flows with everything that they need; of none, an empty one.
async fn write(call: &Call, flows: Vec<String>) -> Result<Value, ApiError> {
    let unreadable = |error: &dyn std::fmt::Display| ApiError::whole(error.to_string());
    let specification = migrations::target(SPECIFICATION).map_err(|error| unreadable(&error))?;
    let none = flows.is_empty();
    let request = ExportRequest { flows, specification, site: call.base.clone() };
    let written =
        export_definitions(call.ctx(), call.workspace(), request).await.map_err(|error| match error {
            ExportDefinitionsError::NoWorkspace => ApiError::not_found(),
            ExportDefinitionsError::Store(error) => error.into(),
            ExportDefinitionsError::UnknownFlow { .. } | ExportDefinitionsError::Export(_) => {
                unreadable(&error)
            }
        })?;
    let mut json = written.written.json;
    if none {
        for kind in ["flows", "campaigns", "triggers", "fields", "groups"] {
            json[kind] = json!([]);
        }
    }
    Ok(json)
}
