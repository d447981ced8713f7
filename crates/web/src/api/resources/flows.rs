//! `flows.json`: conversations as data.

use std::collections::BTreeMap;

use node::limits;
use operations::inspected;
use serde_json::{Value, json};
use store::FlowRow;

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{AFTER, BEFORE, Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, REFS, Shape, TEXTS, prop};
use crate::api::words::moment;

pub(crate) static RESOURCE: Resource = Resource {
    name: "flows",
    alias: None,
    about: "Flows, archived ones too, the latest first.",
    limit: &limits::API,
    endpoints: &[Endpoint::list(
        Roles::READERS,
        "Flows",
        &[
            UUID,
            param("type", TYPE, "Only those of this type"),
            param("archived", Shape::Bool, "Only those that were put away, or that were not"),
            BEFORE,
            AFTER,
        ],
        PROPS,
        |call| Box::pin(list(call)),
    )],
};

const TYPE: Shape = Shape::Word(&["message", "voice", "background", "survey"]);

const RUNS: Shape = Shape::Object(&[
    prop("active", Shape::Int, "Runs that are being executed; those that wait are not among them"),
    prop("waiting", Shape::Int, "Runs that have not ended"),
    prop("completed", Shape::Int, "Runs that came to their end"),
    prop("expired", Shape::Int, "Runs that nobody answered in time"),
    prop("interrupted", Shape::Int, "Runs that were left for another flow, or ended by somebody"),
    prop("failed", Shape::Int, "Runs that an error ended"),
]);

const RESULT: Shape = Shape::Object(&[
    prop("key", Shape::Text, "As expressions write it"),
    prop("name", Shape::Text, "Name"),
    prop("categories", TEXTS, "Categories that it can have"),
    prop("node_uuids", Shape::List(&Shape::Uuid), "Nodes that keep it"),
]);

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop("type", TYPE, "Where it can run"),
    prop("archived", Shape::Bool, "Whether it was put away"),
    prop("labels", REFS, "Marks on flows; there are none here"),
    prop("expires", Shape::Int, "Minutes that a run waits before it expires; 0 never"),
    prop("runs", RUNS, "Runs by how they stand"),
    prop("results", Shape::List(&RESULT), "What it keeps"),
    prop("parent_refs", TEXTS, "Results that it reads from the flow that started it"),
    prop("created_on", Shape::Moment, "When it was made"),
    prop("modified_on", Shape::Moment, "When it was last changed"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let (uuid, span) = (call.query.uuid("uuid"), call.query.span());
    let (kind, archived) = (call.query.text("type"), call.query.flag("archived"));
    let fits = |flow: &&FlowRow| {
        let this = match uuid {
            Asked::Nothing => true,
            Asked::This(uuid) => flow.uuid.0 == uuid,
            Asked::Unreadable => false,
        };
        this && kind.is_none_or(|kind| type_word(&flow.flow_type) == kind)
            && archived.is_none_or(|archived| flow.archived == archived)
            && span.is_some_and(|span| span.holds(flow.created_on))
    };
    let flows: Vec<FlowRow> = call.definitions().flows.iter().filter(fits).cloned().collect();
    let totals = call.ctx().store.flow_totals(call.workspace()).await?;
    let mut runs: BTreeMap<_, BTreeMap<_, i64>> = BTreeMap::new();
    for (flow, word, count) in totals {
        runs.entry(flow).or_default().insert(word, count);
    }
    let walk = Walk::of(call, false)?;
    let place = |flow: &FlowRow| (flow.created_on.as_microsecond(), flow.id.0);
    let mut found = Vec::new();
    for flow in walk.chosen(flows, place) {
        let totals = runs.get(&flow.id).cloned().unwrap_or_default();
        found.push((place(&flow), shown(call, &flow, &totals).await?));
    }
    Ok(walk.page(found))
}

async fn shown(
    call: &Call,
    flow: &FlowRow,
    totals: &BTreeMap<smol_str::SmolStr, i64>,
) -> Result<Value, ApiError> {
    let report = inspected(call.ctx(), &call.ws, flow).await?;
    let results = report.as_ref().map(|report| json!(report.results)).unwrap_or_else(|| json!([]));
    let parents = report.as_ref().map(|report| json!(report.parent_refs)).unwrap_or_else(|| json!([]));
    let total = |word: &str| totals.get(word).copied().unwrap_or_default();
    let ended = ["completed", "expired", "interrupted", "failed"];
    let waiting = total("started") - ended.iter().map(|word| total(word)).sum::<i64>();
    Ok(json!({
        "uuid": flow.uuid,
        "name": flow.name,
        "type": type_word(&flow.flow_type),
        "archived": flow.archived,
        "labels": [],
        "expires": flow.expire_after_minutes,
        "runs": {
            // A step is one transaction: nobody sees a run in the middle of one.
            "active": 0,
            "waiting": waiting.max(0),
            "completed": total("completed"),
            "expired": total("expired"),
            "interrupted": total("interrupted"),
            "failed": total("failed"),
        },
        "results": results,
        "parent_refs": parents,
        "created_on": moment(flow.created_on),
        "modified_on": moment(flow.modified_on),
    }))
}

/// The word for a type of flows.
fn type_word(flow_type: &str) -> &'static str {
    match flow_type {
        "voice" => "voice",
        "messaging_background" => "background",
        "messaging_offline" => "survey",
        _ => "message",
    }
}
