//! Whole conversations: a flow, a trigger, resumes, and the outputs of every sprint.

mod forms;
pub(crate) mod outside;
mod play;
mod single;
mod standard;
mod tolerant;

use std::{fs, path::Path};

use expressions::Environment;
use flows::{Assets, Sprint, Trigger, events::CallRef};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use crate::{
    assets,
    cases::{contact, environment},
    discover::{entries, stem},
    host::TestHost,
    report::{Outcome, Report},
};
use play::Play;
use tolerant::Comparison;

/// Families whose answers were recorded in one process that kept the number format of an earlier scenario, with a
/// decimal comma, wherever a later one gave none.
const RECORDED_WITH_COMMA: &[&str] = &["flows/generated"];

/// Families that were recorded with sessions written as indented JSON between sprints.
const RECORDED_INDENTED: &[&str] = &["testdata/runner"];

/// How the answers of a family were recorded.
#[derive(Clone, Copy)]
struct Recording {
    comma: bool,
    indents: bool,
}

/// Runs every `NAME.TEST.json` of a folder on the assets of `NAME.json`.
pub fn run(dir: &Path, family: &str, report: &mut Report) {
    if !report.wants(family) {
        return;
    }
    for entry in entries(dir) {
        let name = stem(&entry);
        if let Some((base, _)) = name.split_once('.') {
            let assets = dir.join(format!("{base}.json"));
            let recording = Recording {
                comma: RECORDED_WITH_COMMA.contains(&family),
                indents: RECORDED_INDENTED.contains(&family),
            };
            report.case(family, &name, || scenario(&entry, &assets, recording));
        }
    }
}

/// Runs the conversations in the engine's test data.
pub fn run_test_data(dir: &Path, report: &mut Report) {
    run(&dir.join("test/testdata/runner"), "testdata/runner", report);
    single::run(&dir.join("flows"), report);
    forms::run(dir, report);
    standard::run_templates(dir, report);
}

/// Runs the standard session, whose context many templates see.
pub fn run_sessions(dir: &Path, report: &mut Report) {
    standard::run(dir, report);
}

fn json(path: &Path) -> Result<Json, String> {
    serde_json::from_str(&text(path)?).map_err(|error| error.to_string())
}

fn text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn scenario(test: &Path, assets: &Path, recording: Recording) -> Outcome {
    let mut test: Json = serde_json::from_str(&text(test)?).map_err(|error| error.to_string())?;
    let expected = test["outputs"].take();
    if recording.comma && test["environment"]["number_format"].is_null() {
        let mut env = test["environment"].as_object().cloned().unwrap_or_default();
        env.insert("number_format".into(), json!({"decimal_symbol": ",", "digit_grouping_symbol": "."}));
        test["environment"] = Json::Object(env);
    }
    let assets_text = text(assets)?;
    let assets_json: Json = serde_json::from_str(&assets_text).map_err(|error| error.to_string())?;
    let env = environment(&test["environment"]);
    let loaded = assets::load(&assets_json, &env)?;
    let actual =
        outputs(&test, &loaded.assets, env, recording.indents).map_err(|error| loaded.explain(error))?;
    let mut comparison = Comparison::new(&[&test.to_string(), &assets_text]);
    comparison.compare("outputs", &expected, &Json::from(actual));
    comparison.outcome()
}

/// The outputs of every sprint, as JSON.
fn outputs(test: &Json, assets: &Assets, env: Environment, indents: bool) -> Result<Vec<Json>, String> {
    let host = TestHost::new();
    let mut play =
        Play::new(assets, env, &host, contact(&test["contact"])?, &test["http_mocks"]).indenting(indents);
    let trigger =
        Trigger::from_json(test["trigger"].to_string().as_bytes()).map_err(|error| error.to_string())?;
    let call: Option<CallRef> = read(&test["call"])?;
    let mut sprint = play.start(trigger, call.as_ref())?;
    let mut outputs = vec![output(&sprint)?];
    for resume in test["resumes"].as_array().into_iter().flatten() {
        match play.resume(&sprint.session, read(resume)?)? {
            Some(next) => sprint = next,
            None => break,
        }
        outputs.push(output(&sprint)?);
    }
    Ok(outputs)
}

fn read<T: DeserializeOwned>(json: &Json) -> Result<T, String> {
    serde_json::from_value(json.clone()).map_err(|error| error.to_string())
}

/// What a sprint gave, in the form of the cases.
fn output(sprint: &Sprint) -> Result<Json, String> {
    Ok(json!({
        "session": sprint.session.to_json(),
        "events": events(sprint)?,
        "segments": serde_json::to_value(&sprint.segments).map_err(|error| error.to_string())?,
    }))
}

fn events(sprint: &Sprint) -> Result<Json, String> {
    serde_json::to_value(&sprint.events).map_err(|error| error.to_string())
}
