//! Sessions that wait: the state in which our engine goes on with them.
//!
//! Where somebody is, is told by the rows of the runs; the session's JSON, inline or in a file, adds what started it,
//! which run entered which, and the last input. The source goes on in a flow's current revision, and so do we.

use domain::{ContactUuid, Reference, RunUuid, SessionUuid, Urn};
use flows::{
    FlowType, Session, Trigger, TriggerKind,
    events::{FlowRef, FlowRevisionRef},
    session::{Input, Run, RunStatus, SessionStatus, Step, TriggerSlot},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use smol_str::SmolStr;
use uuid::Uuid;

use crate::{
    migration::FlowHere,
    results::{Passed, StoredResult},
};

/// An open run, as its row says.
pub(crate) struct OpenRun<'r> {
    pub id: i64,
    pub uuid: Uuid,
    pub waits: bool,
    pub responded: bool,
    pub created_on: Timestamp,
    pub modified_on: Timestamp,
    pub path: Vec<Passed>,
    pub results: indexmap::IndexMap<SmolStr, StoredResult>,
    pub flow: &'r FlowHere,
}

/// What a session's JSON adds.
#[derive(Default, Deserialize)]
pub(crate) struct Said {
    #[serde(default)]
    trigger: Option<Value>,
    #[serde(default)]
    runs: Vec<SaidRun>,
    #[serde(default)]
    input: Option<SaidInput>,
}

#[derive(Deserialize)]
struct SaidRun {
    uuid: Uuid,
    #[serde(default)]
    parent_uuid: Option<Uuid>,
}

#[derive(Deserialize)]
struct SaidInput {
    uuid: Uuid,
    created_on: Timestamp,
    #[serde(default)]
    urn: Option<String>,
    #[serde(default)]
    channel: Option<Reference<domain::ChannelUuid>>,
    #[serde(default)]
    text: SmolStr,
    #[serde(default)]
    attachments: Vec<SmolStr>,
    #[serde(default)]
    external_id: Option<SmolStr>,
}

/// Who is in the session, and since when.
pub(crate) struct Whose {
    pub uuid: Uuid,
    pub contact: Uuid,
    pub created_on: Timestamp,
    pub flow_type: FlowType,
}

/// The session, and the rows of its runs in its order; or why nobody can go on with it.
pub(crate) fn session(
    whose: &Whose,
    mut open: Vec<OpenRun<'_>>,
    said: Option<Said>,
    draw: &mut dyn FnMut() -> Uuid,
) -> Result<(Session, Vec<i64>), &'static str> {
    let said = said.unwrap_or_default();
    let place =
        |run: &OpenRun<'_>| said.runs.iter().position(|one| one.uuid == run.uuid).unwrap_or(usize::MAX);
    // Whoever was entered last comes last.
    open.sort_by_key(|run| (place(run), run.created_on, run.id));
    if open.iter().filter(|run| run.waits).count() != 1 || !open.last().is_some_and(|run| run.waits) {
        return Err("none of its runs waits");
    }
    let uuids: Vec<Uuid> = open.iter().map(|run| run.uuid).collect();
    let numbers = open.iter().map(|run| run.id).collect();
    let first = open.first().map(|run| FlowRef { uuid: run.flow.uuid.into(), name: run.flow.name.clone() });
    let first = first.ok_or("it has no run")?;
    let mut runs = Vec::with_capacity(open.len());
    for (place, run) in open.into_iter().enumerate() {
        let said_parent = said.runs.iter().find(|one| one.uuid == run.uuid).and_then(|one| one.parent_uuid);
        let parent =
            match said_parent.and_then(|parent| uuids[..place].iter().position(|uuid| *uuid == parent)) {
                Some(parent) => Some(parent),
                None => place.checked_sub(1),
            };
        runs.push(run_of(run, parent.and_then(|parent| u32::try_from(parent).ok()))?);
    }
    let session = Session {
        uuid: SessionUuid(whose.uuid),
        flow_type: whose.flow_type,
        created_on: whose.created_on,
        trigger: TriggerSlot::new(trigger(said.trigger, first, whose.created_on, draw).into()),
        contact: ContactUuid(whose.contact),
        call: None,
        runs,
        status: SessionStatus::Waiting,
        input: said.input.map(input),
        sprints: 1,
        pending: None,
        offered: Vec::new(),
        collected: Vec::new(),
    };
    Ok((session, numbers))
}

/// A run with the nodes of its way that are there still; the one where it stands must be.
fn run_of(run: OpenRun<'_>, parent: Option<u32>) -> Result<Run, &'static str> {
    let program = run.flow.program.clone().ok_or("its flow cannot be read")?;
    let current = run.path.last().ok_or("it says not where it stands")?;
    program.find_node(current.node_uuid).ok_or("the node where it stands is gone")?;
    let steps = run.path.iter().filter_map(|step| {
        let node = program.find_node(step.node_uuid)?.0;
        Some(Step { node, arrived_on: step.arrived_on })
    });
    let path = steps.collect();
    let revision = program.revision;
    Ok(Run {
        uuid: RunUuid(run.uuid),
        flow: FlowRevisionRef { uuid: run.flow.uuid.into(), name: run.flow.name.clone(), revision },
        program: Some(program),
        path,
        locals: indexmap::IndexMap::new(),
        results: run.results.into_iter().map(|(key, result)| (key, result.into())).collect(),
        status: if run.waits { RunStatus::Waiting } else { RunStatus::Active },
        had_input: run.responded,
        parent,
        webhook: None,
        created_on: run.created_on,
        modified_on: run.modified_on,
        exited_on: None,
    })
}

fn input(said: SaidInput) -> Input {
    Input {
        uuid: said.uuid.into(),
        created_on: said.created_on,
        urn: said.urn.and_then(|urn| urn.parse::<Urn>().ok()),
        channel: said.channel,
        text: said.text,
        attachments: said.attachments,
        external_id: said.external_id,
        payload: None,
        choice: SmolStr::default(),
        messages: Vec::new(),
    }
}

/// What started the session, as far as there is a form for it here; else as if a person had, with the same parameters.
fn trigger(
    said: Option<Value>,
    flow: FlowRef,
    created_on: Timestamp,
    draw: &mut dyn FnMut() -> Uuid,
) -> Trigger {
    let said = said.unwrap_or_default();
    let moment = said["triggered_on"].as_str().and_then(|text| text.parse().ok()).unwrap_or(created_on);
    let params = said.get("params").filter(|params| !params.is_null()).cloned();
    let kind = match said["type"].as_str() {
        Some("flow_action") if said["run_summary"].is_object() => {
            Some(TriggerKind::FlowAction { run_summary: said["run_summary"].clone().into() })
        }
        Some("msg") if said["msg"].is_object() => message(&said, moment, draw),
        _ => None,
    };
    let mut trigger =
        Trigger::new(flow, moment, kind.unwrap_or(TriggerKind::Manual { user: None, origin: None }));
    trigger.params = params.map(Into::into);
    trigger
}

fn message(said: &Value, moment: Timestamp, draw: &mut dyn FnMut() -> Uuid) -> Option<TriggerKind> {
    let event = json!({"type": "msg_received", "uuid": draw(), "created_on": moment, "msg": said["msg"]});
    let mut kind = json!({"type": "msg", "event": event});
    if said["keyword_match"].is_object() {
        kind["keyword_match"] = said["keyword_match"].clone();
    }
    serde_json::from_value(kind).ok()
}
