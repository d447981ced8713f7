//! `runs.json`: people's ways through flows.

use ::flows::Session;
use domain::{FlowUuid, RunId, RunUuid};
use jiff::Timestamp;
use node::limits;
use serde_json::{Map, Value, json};
use store::{ListedRun, RunList, RunsOf};

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{AFTER, BEFORE, Endpoint, REVERSE, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::named;
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, Shape, prop};
use crate::api::words::{moment, moment_or_null, reference};

pub(crate) static RESOURCE: Resource = Resource {
    name: "runs",
    alias: None,
    about: "Ways of contacts through flows, the last changed first.",
    limit: &limits::API_RUNS,
    endpoints: &[Endpoint::list(
        Roles::READERS,
        "Runs",
        &[
            UUID,
            param("id", Shape::Int, "Only the one with this number"),
            param("flow", Shape::Uuid, "Only those of this flow"),
            param("contact", Shape::Text, "Only those of this contact, by identifier or address"),
            param("responded", Shape::Bool, "Only those in which the contact wrote"),
            param("paths", Shape::Bool, "Whether the way is shown; if left out, yes"),
            BEFORE,
            AFTER,
            REVERSE,
        ],
        PROPS,
        |call| Box::pin(list(call)),
    )
    .with_one_of(&["flow", "contact"])],
};

const CONTACT: Shape = Shape::Object(&[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop("urn", Shape::Text, "Their preferred address").or_null(),
    prop("urn_display", Shape::Text, "How it is shown").or_null(),
]);

const STEP: Shape =
    Shape::Object(&[prop("node", Shape::Uuid, "Node"), prop("time", Shape::Moment, "When it was entered")]);

const VALUE: Shape = Shape::Object(&[
    prop("name", Shape::Text, "Name of the result"),
    prop("value", Shape::Text, "Value"),
    prop("category", Shape::Text, "Category").or_null(),
    prop("node", Shape::Uuid, "The node that kept it").or_null(),
    prop("time", Shape::Moment, "When"),
]);

const PROPS: &[Prop] = &[
    prop("id", Shape::Int, "Number"),
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("flow", REF, "The flow").or_null(),
    prop("contact", CONTACT, "The person"),
    prop("start", Shape::Object(&[prop("uuid", Shape::Uuid, "Identifier")]), "The start that began it")
        .or_null(),
    prop("responded", Shape::Bool, "Whether the contact wrote within it"),
    prop("path", Shape::List(&STEP), "Nodes that were entered; empty if it is not asked for"),
    prop("values", Shape::Map(&VALUE), "Results by key"),
    prop("created_on", Shape::Moment, "When it began"),
    prop("modified_on", Shape::Moment, "When it last changed"),
    prop("exited_on", Shape::Moment, "When it ended").or_null(),
    prop("exit_type", Shape::Word(&["completed", "interrupted", "expired", "failed"]), "How it ended")
        .or_null(),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, call.query.flag("reverse") == Some(true))?;
    let (Some(of), Some(span)) = (wanted(call).await?, call.query.span()) else {
        return Ok(walk.page(Vec::new()));
    };
    let responded = call.query.flag("responded") == Some(true);
    let list = RunList { of, responded, after: span.after, before: span.before, walk: walk.span() };
    let found = call.ctx().store.list_runs(call.workspace(), list).await?;
    let place = |run: &ListedRun| (run.modified_on.as_microsecond(), run.id.0);
    Ok(walk.page(found.iter().map(|run| (place(run), shown(call, run))).collect()))
}

/// Which runs are asked for; `None` for none that can be.
async fn wanted(call: &Call) -> Result<Option<RunsOf>, ApiError> {
    match (call.query.uuid("uuid"), call.query.int("id")) {
        (Asked::This(uuid), _) => return Ok(Some(RunsOf::Uuid(RunUuid(uuid)))),
        (_, Asked::This(id)) => return Ok(Some(RunsOf::Id(RunId(id)))),
        (Asked::Unreadable, _) | (_, Asked::Unreadable) => return Ok(None),
        (Asked::Nothing, Asked::Nothing) => {}
    }
    match call.query.uuid("flow") {
        Asked::This(uuid) => return Ok(call.ws.flow(FlowUuid(uuid)).map(|flow| RunsOf::Flow(flow.id))),
        Asked::Unreadable => return Ok(None),
        Asked::Nothing => {}
    }
    match call.query.text("contact") {
        Some(text) => Ok(named::contact_of(call, text).await?.map(|contact| RunsOf::Contact(contact.id))),
        None => Ok(Some(RunsOf::Everything)),
    }
}

fn shown(call: &Call, run: &ListedRun) -> Value {
    let flow = call.definitions().flows.iter().find(|flow| flow.id == run.flow);
    let urn = run.urn.as_ref();
    let path = if call.query.flag("paths") == Some(false) { Vec::new() } else { path(call, run) };
    json!({
        "id": run.id,
        "uuid": run.uuid,
        "flow": flow.map(|flow| reference(flow.uuid, &flow.name)),
        "contact": {
            "uuid": run.contact.0,
            "name": run.contact.1,
            "urn": urn.map(|(scheme, path, _)| named::shown_urn(call, scheme, path)),
            "urn_display": urn.map(|(_, path, display)| {
                if call.ws.row.anonymous { "********".to_owned() }
                else { display.as_ref().unwrap_or(path).to_string() }
            }),
        },
        "start": run.start.map(|uuid| json!({"uuid": uuid})),
        "responded": run.responded,
        "path": path,
        "values": values(&run.results),
        "created_on": moment(run.created_on),
        "modified_on": moment(run.modified_on),
        "exited_on": moment_or_null(run.exited_on),
        "exit_type": run.exited_on.map(|_| run.status.clone()),
    })
}

/// The nodes that a run went through: kept with one that ended, and in the session of one that goes on.
fn path(call: &Call, run: &ListedRun) -> Vec<Value> {
    if let Some(path) = &run.path {
        let steps: Vec<Value> = serde_json::from_str(path).unwrap_or_default();
        let shown = |step: &Value| {
            let at = step["time"].as_str()?.parse::<Timestamp>().ok()?;
            Some(json!({"node": step["node"], "time": moment(at)}))
        };
        return steps.iter().filter_map(shown).collect();
    }
    let session = run.state.as_deref().and_then(|state| Session::decode(state, &call.ws.assets).ok());
    let Some(session) = session else { return Vec::new() };
    let known = session.runs.iter().find(|known| known.uuid == run.uuid);
    let Some((known, program)) = known.and_then(|known| Some((known, known.program.as_ref()?))) else {
        return Vec::new();
    };
    let steps = known.path.iter().filter_map(|step| {
        let node = program.nodes.get(usize::try_from(step.node).ok()?)?;
        Some(json!({"node": node.uuid, "time": moment(step.arrived_on)}))
    });
    steps.collect()
}

fn values(results: &str) -> Value {
    let results: Map<String, Value> = serde_json::from_str(results).unwrap_or_default();
    let shown = results.into_iter().map(|(key, result)| {
        let at = result["created_on"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let shown = json!({
            "name": result["name"],
            "value": result["value"],
            "category": Some(&result["category"]).filter(|category| category.as_str() != Some("")),
            "node": result["node_uuid"],
            "time": moment(at.unwrap_or_default()),
        });
        (key, shown)
    });
    Value::Object(shown.collect())
}
