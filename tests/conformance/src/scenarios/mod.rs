//! Whole conversations: a flow, a trigger, resumes, and the outputs of every sprint.

mod outside;
mod tolerant;

use std::{
    fs,
    path::{Path, PathBuf},
};

use domain::Contact;
use expressions::Environment;
use flows::{
    Assets, Engine, Limits, Resume, Session, Sprint, Trigger, events::CallRef, session::SessionStatus,
};
use serde_json::{Value as Json, json};

use crate::{
    assets,
    cases::{contact, environment},
    discover::{entries, stem},
    host::TestHost,
    report::{Outcome, Report},
};
use outside::Outside;
use tolerant::Comparison;

/// Most effects that one sprint may ask for.
const MAX_EFFECTS: usize = 200;

/// Runs every `NAME.TEST.json` of a folder on the assets of `NAME.json`.
pub fn run(dir: &Path, family: &str, report: &mut Report) {
    if !report.wants(family) {
        return;
    }
    for entry in entries(dir) {
        let name = stem(&entry);
        if let Some((base, _)) = name.split_once('.') {
            let assets = dir.join(format!("{base}.json"));
            report.case(family, &name, || scenario(&entry, &assets));
        }
    }
}

/// Runs the conversations in the engine's test data.
pub fn run_test_data(dir: &Path, report: &mut Report) {
    run(&dir.join("test/testdata/runner"), "testdata/runner", report);
}

fn text(path: &PathBuf) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn scenario(test: &PathBuf, assets: &PathBuf) -> Outcome {
    let mut test: Json = serde_json::from_str(&text(test)?).map_err(|error| error.to_string())?;
    let expected = test["outputs"].take();
    let assets_text = text(assets)?;
    let assets_json: Json = serde_json::from_str(&assets_text).map_err(|error| error.to_string())?;
    let loaded = assets::load(&assets_json)?;
    let actual = outputs(&test, &loaded.assets).map_err(|error| {
        if loaded.unread.is_empty() { error } else { format!("{error}; {:?}", loaded.unread) }
    })?;
    let mut comparison = Comparison::new(&[&test.to_string(), &assets_text]);
    comparison.compare("outputs", &expected, &Json::from(actual));
    match comparison.differences() {
        [] => Ok(()),
        differences => Err(differences.join("; ")),
    }
}

/// The outputs of every sprint, as JSON.
fn outputs(test: &Json, assets: &Assets) -> Result<Vec<Json>, String> {
    let host = TestHost::new();
    let outside = Outside::new(&host, &test["http_mocks"]);
    let env = Environment { locations: assets.locations().cloned(), ..environment(&test["environment"]) };
    let limits = Limits { response_bytes: outside::MAX_RESPONSE_BYTES, ..Limits::default() };
    let engine = Engine { assets, env: &env, host: &host, limits };
    let mut contact = contact(&test["contact"])?;
    let trigger =
        Trigger::from_json(test["trigger"].to_string().as_bytes()).map_err(|error| error.to_string())?;
    let call: Option<CallRef> = read(&test["call"])?;
    let sprint = engine.start(&mut contact, trigger, call.as_ref()).map_err(|error| error.to_string())?;
    let mut sprint = settle(&engine, &outside, &mut contact, sprint)?;
    let mut outputs = vec![output(&sprint)?];
    for resume in test["resumes"].as_array().into_iter().flatten() {
        if sprint.session.status != SessionStatus::Waiting {
            break;
        }
        let resume: Resume =
            serde_json::from_value(resume.clone()).map_err(|error| format!("resume: {error}"))?;
        let session = Session::decode(&sprint.session.encode(), assets)
            .map_err(|error| format!("stored session: {error}"))?;
        let next = engine.resume(session, &mut contact, resume).map_err(|error| error.to_string())?;
        sprint = settle(&engine, &outside, &mut contact, next)?;
        outputs.push(output(&sprint)?);
    }
    Ok(outputs)
}

fn read<T: serde::de::DeserializeOwned>(json: &Json) -> Result<T, String> {
    serde_json::from_value(json.clone()).map_err(|error| error.to_string())
}

/// Answers the effects of a sprint at once; its events and segments are those of all parts.
fn settle(
    engine: &Engine<'_>,
    outside: &Outside<'_>,
    contact: &mut Contact,
    mut sprint: Sprint,
) -> Result<Sprint, String> {
    let (mut events, mut segments) =
        (std::mem::take(&mut sprint.events), std::mem::take(&mut sprint.segments));
    for _ in 0..MAX_EFFECTS {
        let Some(effect) = &sprint.effect else {
            sprint.events = events;
            sprint.segments = segments;
            return Ok(sprint);
        };
        // A call reads the clock when it begins and when it ends.
        engine.host.now();
        let result = outside.answer(effect);
        engine.host.now();
        sprint = engine.complete(sprint.session, contact, result).map_err(|error| error.to_string())?;
        events.append(&mut sprint.events);
        segments.append(&mut sprint.segments);
    }
    Err(format!("a sprint asked for more than {MAX_EFFECTS} effects"))
}

/// What a sprint gave, in the form of the cases.
fn output(sprint: &Sprint) -> Result<Json, String> {
    let json = |value: Result<Json, serde_json::Error>| value.map_err(|error| error.to_string());
    Ok(json!({
        "session": session_json(&sprint.session)?,
        "events": json(serde_json::to_value(&sprint.events))?,
        "segments": json(serde_json::to_value(&sprint.segments))?,
    }))
}

fn session_json(_session: &Session) -> Result<Json, String> {
    Err("sessions cannot be written as JSON yet".to_owned())
}
