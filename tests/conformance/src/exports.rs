//! Real workspace exports: each is imported into an empty workspace; each of its flows is written and read again,
//! started, and run to its first wait or end. Nothing outside is called: web services give no answer, e-mails are taken over.

use std::{fs, path::Path, sync::Arc};

use domain::{
    Contact, ContactId, ContactStatus, ContactUrn, Field, FieldValue, Group, Reference, Urn,
    field::MAX_VALUE_CHARS,
};
use expressions::{Ambient, Environment};
use flows::{
    Assets, AssetsBuilder, Definition, Effect, EffectResult, Engine, Program, Sprint, Trigger,
    definition::FlowType,
    effect::HttpAnswer,
    events::{CallRef, FlowRef, LlmTokens},
    export::{self, Existing, Export},
    session::SessionStatus,
};
use serde_json::Value as Json;

use crate::{
    cases::library,
    determinism::{Pcg, SEED},
    discover::{entries, stem},
    host::TestHost,
    report::{Outcome, Report},
};

/// Most effects that are answered before a flow counts as not coming to a wait or end.
const MAX_EFFECTS: usize = 100;
/// Nodes that one sprint may enter on a live system.
const LIVE_STEPS_PER_SPRINT: usize = 250;
/// What a failure says if a flow goes round in circles.
const TOO_MANY_STEPS: &str = "maximum number of steps";
/// What a failure says if a sub-flow is not there.
const MISSING_FLOW: &str = "Unable to find flow";

/// Runs every export of a folder, each a family `flows/FILE`.
pub fn run(dir: &Path, report: &mut Report) {
    for entry in entries(dir) {
        let name = stem(&entry);
        let family = format!("flows/{name}");
        let is_export = name != "MANIFEST" && entry.extension() == Some("json".as_ref());
        if is_export && report.wants(&family) {
            run_export(&entry, &family, report);
        }
    }
}

fn run_export(path: &Path, family: &str, report: &mut Report) {
    let imported = fs::read(path).map_err(|error| error.to_string()).and_then(|bytes| import(&bytes));
    match imported {
        Ok((flows, assets)) => {
            for flow in &flows {
                let id = format!("{} ({})", flow.name, flow.uuid);
                report.case(family, &id, || {
                    survives_writing(flow)?;
                    starts(&assets, flow)
                });
            }
        }
        // A file that cannot be imported fails with each of its flows.
        Err(error) => {
            for at in 0..flow_count(path) {
                report.case(family, &at.to_string(), || Err(error.clone()));
            }
        }
    }
}

fn flow_count(path: &Path) -> usize {
    let json: Json =
        fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    json["flows"].as_array().map_or(1, |flows| flows.len().max(1))
}

/// What an import into an empty workspace makes.
fn import(bytes: &[u8]) -> Result<(Vec<Definition>, Assets), String> {
    let mut random = Pcg::new(SEED);
    let mut uuids = || random.uuid_v4();
    let export = Export::read(bytes, &mut uuids).map_err(|error| error.to_string())?;
    let plan = export::plan(&export, &Existing::default(), &mut uuids).map_err(|error| error.to_string())?;
    let mut builder = AssetsBuilder::new();
    for field in plan.fields {
        let field = Field {
            uuid: Default::default(),
            key: field.key,
            name: field.name,
            field_type: field.field_type,
        };
        builder = builder.field(field);
    }
    for group in plan.groups {
        builder = builder.group(Group { uuid: group.uuid, name: group.name, query: group.query });
    }
    let flows: Vec<Definition> = plan.flows.into_iter().map(|flow| flow.definition).collect();
    for flow in &flows {
        builder = builder.flow(Arc::new(Program::compile(flow, library())));
    }
    Ok((flows, builder.build()))
}

/// A definition that was written reads as the same definition.
fn survives_writing(flow: &Definition) -> Outcome {
    let mut random = Pcg::new(SEED);
    let again = Definition::read(flow.json().as_bytes(), &mut || random.uuid_v4())
        .map_err(|error| error.to_string())?;
    if *flow == again { Ok(()) } else { Err("reads differently after it was written".to_owned()) }
}

/// The flow comes to a wait or its end. Some flows go round in circles for a person of whom nothing is known;
/// those are tried with one who has a value for every field.
fn starts(assets: &Assets, flow: &Definition) -> Outcome {
    let unknown = starts_for(contact(), assets, flow);
    match &unknown {
        Err(failure) if failure.contains(TOO_MANY_STEPS) => starts_for(known_contact(assets), assets, flow),
        _ => unknown,
    }
}

fn starts_for(mut contact: Contact, assets: &Assets, flow: &Definition) -> Outcome {
    let host = TestHost::new();
    let env = Environment::default();
    let mut engine = Engine::new(assets, &env, &host);
    engine.limits.steps_per_sprint = LIVE_STEPS_PER_SPRINT;
    let trigger = Trigger::manual(FlowRef { uuid: flow.uuid, name: flow.name.clone() }, host.now());
    let call = call(flow);
    let sprint = engine.start(&mut contact, trigger, call.as_ref()).map_err(|error| error.to_string())?;
    let mut failures = Vec::new();
    let sprint = settle(&engine, &mut contact, sprint, &mut failures)?;
    // A flow that enters one which the export does not hold can only fail, and says so.
    let expected = |failure: &String| failure.contains(MISSING_FLOW);
    match sprint.session.status {
        SessionStatus::Waiting | SessionStatus::Completed => Ok(()),
        SessionStatus::Failed if !failures.is_empty() && failures.iter().all(expected) => Ok(()),
        status @ (SessionStatus::Active | SessionStatus::Failed) => {
            Err(format!("the session is {status:?}: {}", failures.join(", ")))
        }
    }
}

/// A contact with the word that most questions of yes or no are answered with in every field.
fn known_contact(assets: &Assets) -> Contact {
    let mut contact = contact();
    for field in assets.fields() {
        let now = || jiff::Timestamp::UNIX_EPOCH;
        let value =
            FieldValue::parse("true", field.field_type, &Environment::default(), &now, None, MAX_VALUE_CHARS);
        contact.fields.extend(value.map(|value| (field.key.clone(), value)));
    }
    contact
}

/// Answers effects until there is none, and collects what failed.
fn settle(
    engine: &Engine<'_>,
    contact: &mut Contact,
    mut sprint: Sprint,
    failures: &mut Vec<String>,
) -> Result<Sprint, String> {
    for _ in 0..MAX_EFFECTS {
        let failed = sprint.events.iter().filter(|event| event.kind.name() == "failure");
        failures.extend(failed.filter_map(|event| serde_json::to_string(event).ok()));
        let Some(effect) = &sprint.effect else { return Ok(sprint) };
        let result = answer(effect);
        sprint = engine.complete(sprint.session, contact, result).map_err(|error| error.to_string())?;
    }
    Err(format!("{MAX_EFFECTS} effects did not lead to a wait or end"))
}

/// What a world without network answers.
fn answer(effect: &Effect) -> EffectResult {
    match effect {
        Effect::Webhook { .. } => EffectResult::Webhook { answer: HttpAnswer::default() },
        Effect::Resthook { requests, .. } => {
            EffectResult::Resthook { answers: requests.iter().map(|_| HttpAnswer::default()).collect() }
        }
        Effect::Llm { .. } => EffectResult::Llm {
            output: Err("no model".to_owned()),
            tokens: LlmTokens::default(),
            elapsed_ms: 0,
        },
        Effect::Airtime { .. } => {
            EffectResult::Airtime { transfer: Err("no provider".to_owned()), http_logs: Vec::new() }
        }
        Effect::Email { .. } => EffectResult::Email { error: None },
        Effect::ClaimUrn { .. } => EffectResult::UrnClaimed { free: true },
    }
}

fn contact() -> Contact {
    Contact {
        uuid: Default::default(),
        id: ContactId(1),
        name: "Zodwa".into(),
        language: None,
        status: ContactStatus::Active,
        timezone: None,
        created_on: jiff::Timestamp::UNIX_EPOCH,
        last_seen_on: None,
        urns: vec![ContactUrn { urn: Urn::new("tel", "+27820000000"), channel: None }],
        groups: Vec::new(),
        fields: Default::default(),
        tickets: Vec::new(),
    }
}

/// The call that flows of type voice take place in.
fn call(flow: &Definition) -> Option<CallRef> {
    let line = || Reference { uuid: Default::default(), name: "Voice".into() };
    let urn = || Urn::new("tel", "+27820000000");
    (flow.flow_type == FlowType::Voice).then(|| CallRef {
        uuid: Default::default(),
        channel: line(),
        urn: urn(),
    })
}
