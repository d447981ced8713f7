//! Real workspace exports: each flow is read, written and read again, started, and run to its first wait or
//! end. Nothing outside is called: web services give no answer, e-mails are taken over.

use std::{fs, path::Path};

use domain::{Contact, ContactId, ContactStatus, ContactUrn, Reference, Urn};
use expressions::{Ambient, Environment};
use flows::{
    Assets, Definition, Effect, EffectResult, Engine, Program, Sprint, Trigger,
    definition::FlowType,
    effect::HttpAnswer,
    events::{CallRef, FlowRef, LlmTokens},
    session::SessionStatus,
};
use serde_json::Value as Json;

use crate::{
    assets::{self, name_of},
    determinism::{Pcg, SEED},
    discover::{entries, stem},
    host::TestHost,
    report::{Outcome, Report},
};

/// Most effects that are answered before a flow counts as not coming to a wait or end.
const MAX_EFFECTS: usize = 100;

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
    let loaded = fs::read(path)
        .map_err(|error| error.to_string())
        .and_then(|bytes| serde_json::from_slice::<Json>(&bytes).map_err(|error| error.to_string()))
        .and_then(|json| Ok((assets::load(&json)?, json)));
    let (loaded, json) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => return report.case(family, "file", || Err(error)),
    };
    for flow in json["flows"].as_array().into_iter().flatten() {
        let name = name_of(flow);
        report.case(family, &name, || {
            if let Some((_, error)) = loaded.unread.iter().find(|(unread, _)| *unread == name) {
                return Err(format!("cannot be read: {error}"));
            }
            survives_writing(flow)?;
            starts(&loaded.assets, flow)
        });
    }
}

/// A definition that was written reads as the same definition.
fn survives_writing(flow: &Json) -> Outcome {
    let mut random = Pcg::new(SEED);
    let mut uuids = || random.uuid_v4();
    let first = Definition::read_value(flow, &mut uuids).map_err(|error| error.to_string())?;
    let second = Definition::read(first.json().as_bytes(), &mut uuids).map_err(|error| error.to_string())?;
    if first == second { Ok(()) } else { Err("reads differently after it was written".to_owned()) }
}

/// The flow comes to a wait or its end.
fn starts(assets: &Assets, flow: &Json) -> Outcome {
    let uuid = flow["uuid"].as_str().and_then(|uuid| uuid.parse().ok()).ok_or("the flow has no uuid")?;
    let program = assets.flow(uuid).ok_or("the flow is not among the assets")?;
    let (host, mut contact) = (TestHost::new(), contact());
    let env = Environment { locations: assets.locations().cloned(), ..Environment::default() };
    let engine = Engine::new(assets, &env, &host);
    let trigger = Trigger::manual(FlowRef { uuid, name: program.name.clone() }, host.now());
    let call = call(program);
    let sprint = engine.start(&mut contact, trigger, call.as_ref()).map_err(|error| error.to_string())?;
    let sprint = settle(&engine, &mut contact, sprint)?;
    match sprint.session.status {
        SessionStatus::Waiting | SessionStatus::Completed => Ok(()),
        status @ (SessionStatus::Active | SessionStatus::Failed) => {
            let events: Vec<String> = sprint
                .events
                .iter()
                .filter(|event| matches!(event.kind.name(), "error" | "failure"))
                .filter_map(|event| serde_json::to_string(event).ok())
                .collect();
            Err(format!("the session is {status:?}: {}", events.join(", ")))
        }
    }
}

/// Answers effects until there is none.
fn settle(engine: &Engine<'_>, contact: &mut Contact, mut sprint: Sprint) -> Result<Sprint, String> {
    for _ in 0..MAX_EFFECTS {
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
fn call(program: &Program) -> Option<CallRef> {
    let line = || Reference { uuid: Default::default(), name: "Voice".into() };
    let urn = || Urn::new("tel", "+27820000000");
    (program.flow_type == FlowType::Voice).then(|| CallRef {
        uuid: Default::default(),
        channel: line(),
        urn: urn(),
    })
}
