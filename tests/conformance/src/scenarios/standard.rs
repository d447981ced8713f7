//! The standard session: a flow with web services, a sub-flow and every kind of result; and templates on its context.

use std::{path::Path, sync::LazyLock};

use expressions::{Environment, Evaluation, Scope, Template, Value, template::MAX_TEMPLATE_CHARS};
use flows::{Resume, Trigger, events::CallRef};
use regex::Regex;
use serde_json::{Value as Json, json};

use super::{events, play::Play, read, tolerant::Comparison};
use crate::{
    assets,
    cases::{contact, environment, library},
    determinism::TestAmbient,
    host::TestHost,
    report::{Outcome, Report},
    typed,
};

const TEMPLATES: &str = "flows/engine/testdata/templates.json";

/// Members of a context that are not compared: what depends on the server that answered when the sessions were
/// recorded, references of people, whose rounds are ours, and warnings, which were recorded for texts only.
const NOT_COMPARED: [&str; 3] = ["headers", "ref", "deprecated"];

/// The server at the port that it had.
static LOCAL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"http://127\.0\.0\.1:\d+/").expect("the pattern is constant"));

/// Plays the sessions with addresses shown and hidden, and that of a call: the events, and what expressions see
/// at the end.
pub fn run(dir: &Path, report: &mut Report) {
    let family = "sessions";
    if !report.wants(family) {
        return;
    }
    let inputs = dir.join("inputs");
    for name in ["standard", "standard_redacted", "voice"] {
        let path = dir.join(format!("{name}.json"));
        if path.is_file() {
            let run = if name == "voice" { call } else { session };
            report.case(family, name, || run(&path, &inputs));
        }
    }
}

/// What expressions of the last run see must be what is given, apart from moments.
fn compare_context(
    comparison: &mut Comparison,
    expected: &Json,
    play: &Play<'_>,
    sprint: &flows::Sprint,
    resume: Option<&Resume>,
) {
    let engine = play.engine();
    let scope = engine.scope(&sprint.session, &play.contact, 0, resume);
    for (name, value) in expected["v"].as_object().into_iter().flatten() {
        let actual = scope.top(name).unwrap_or(Value::Null);
        // Through our own values, so that numbers and moments are written in the same way.
        let expected = typed::read(value, library()).map_or_else(Json::from, |value| typed::write(&value));
        let path = format!("context.{name}");
        comparison.compare(&path, &comparable(expected), &comparable(typed::write(&actual)));
    }
}

/// A value without what is not compared; addresses of the server as flows name it.
fn comparable(value: Json) -> Json {
    match value {
        Json::Object(mut members) => {
            members.retain(|name, _| !NOT_COMPARED.contains(&name.as_str()));
            members.into_iter().map(|(name, member)| (name, comparable(member))).collect()
        }
        Json::Array(items) => items.into_iter().map(comparable).collect(),
        Json::String(text) => Json::from(LOCAL.replace_all(&text, "http://localhost/").into_owned()),
        other => other,
    }
}

/// A call that comes in.
fn call(expected: &Path, inputs: &Path) -> Outcome {
    let expected = super::json(expected)?;
    let input = |name: &str| super::json(&inputs.join(format!("{name}.json")));
    let assets = input("voice_assets")?;
    let env = environment(&expected["env"]);
    let loaded = assets::load(&assets, &env)?;
    let host = TestHost::new();
    let mut play = Play::new(&loaded.assets, env, &host, contact(&input("contact")?)?, &Json::Null);
    let trigger = input("voice_trigger")?;
    let trigger = Trigger::from_json(trigger.to_string().as_bytes()).map_err(|error| error.to_string())?;
    let call = read(&expected["session"]["call_uuid"])?;
    let call = CallRef {
        uuid: call,
        channel: read(&assets["channels"][1])?,
        urn: domain::Urn::new("tel", "+12065551212"),
    };
    let sprint = play.start(trigger, Some(&call)).map_err(|error| loaded.explain(error))?;
    let mut comparison = Comparison::new(&[&assets.to_string()]);
    comparison.compare("events", &expected["events"], &events(&sprint)?);
    compare_context(&mut comparison, &expected["context"], &play, &sprint, None);
    comparison.outcome()
}

fn session(expected: &Path, inputs: &Path) -> Outcome {
    let expected = super::json(expected)?;
    let input = |name: &str| super::json(&inputs.join(format!("{name}.json")));
    let (assets, resume) = (input("assets")?, input("resume")?);
    let env = environment(&expected["env"]);
    let loaded = assets::load(&assets, &env)?;
    let host = TestHost::new();
    let mut play = Play::new(&loaded.assets, env, &host, contact(&input("contact")?)?, &Json::Null);
    let trigger = input("trigger")?;
    let trigger = Trigger::from_json(trigger.to_string().as_bytes()).map_err(|error| error.to_string())?;
    let first = play.start(trigger, None).map_err(|error| loaded.explain(error))?;
    let resumption: Resume = read(&resume)?;
    let last = play.resume(&first.session, resumption.clone())?.ok_or("the session does not wait")?;
    let inputs = [assets.to_string(), resume.to_string()];
    let mut comparison = Comparison::new(&[&inputs[0], &inputs[1]]);
    let (expected_events, events) = (expected["last_sprint_events"].clone(), events(&last)?);
    comparison.compare("events", &without_server(expected_events), &without_server(events));
    let after = flows::contact_json::write_contact(&play.contact, &loaded.assets);
    comparison.compare("contact_after", &expected["contact_after"], &after);
    compare_context(&mut comparison, &expected["context"], &play, &last, Some(&resumption));
    comparison.outcome()
}

/// Events without what depends on the server that answered when the session was recorded: its port and headers.
fn without_server(mut events: Json) -> Json {
    for event in events.as_array_mut().into_iter().flatten().filter_map(Json::as_object_mut) {
        for member in ["response", "sizes", "url"] {
            event.remove(member);
        }
    }
    events
}

/// Evaluates templates on the session's context: the text, and the errors and warnings.
pub fn run_templates(dir: &Path, report: &mut Report) {
    let family = "testdata/templates";
    let sessions = dir.join("../sessions");
    if !report.wants(family) || !sessions.is_dir() {
        return;
    }
    let cases = super::json(&dir.join(TEMPLATES)).unwrap_or_default();
    let assets = super::json(&sessions.join("inputs/assets.json")).unwrap_or_default();
    let open = super::json(&sessions.join("standard.json")).unwrap_or_default();
    let hidden = super::json(&sessions.join("standard_redacted.json")).unwrap_or_default();
    for case in cases.as_array().into_iter().flatten() {
        let session = if case["redact_urns"] == json!(true) { &hidden } else { &open };
        report
            .case(family, case["template"].as_str().unwrap_or_default(), || template(case, session, &assets));
    }
}

fn template(case: &Json, session: &Json, assets: &Json) -> Outcome {
    let mut scope = typed::read_object(&session["context"], library())?;
    // The recorded context has warnings on texts only.
    if let Some(extra) = scope.properties.get_mut("legacy_extra") {
        extra.deprecated = Some("@legacy_extra is deprecated".into());
    }
    let env = environment(&session["env"]);
    let loaded = assets::load(assets, &env)?;
    let env = Environment { locations: loaded.assets.locations().cloned(), ..env };
    let ambient = TestAmbient::ticking();
    let evaluation = Evaluation::new(&env, &scope, &ambient);
    let names: Vec<String> = scope.properties.keys().map(|name| name.to_lowercase()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let text = case["template"].as_str().unwrap_or_default();
    let rendered = Template::compile(text, &names, library()).render(&evaluation, MAX_TEMPLATE_CHARS);
    let mut comparison = Comparison::new(&[&session.to_string()]);
    match case.get("output") {
        Some(expected) => comparison.compare("output", expected, &Json::from(rendered.value)),
        None => {
            let json = serde_json::from_str(&rendered.value).unwrap_or(Json::Null);
            comparison.compare("output_json", &case["output_json"], &json);
        }
    }
    let kinds = |kind: &str| {
        let events = case["events"].as_array().map_or(&[][..], Vec::as_slice);
        events
            .iter()
            .filter(|event| event["type"] == kind)
            .map(|event| event["text"].clone())
            .collect::<Vec<_>>()
    };
    let warnings: Vec<Json> = rendered.warnings.iter().map(|warning| Json::from(warning.as_str())).collect();
    comparison.compare("warnings", &Json::from(kinds("warning")), &Json::from(warnings));
    comparison.compare("errors", &Json::from(kinds("error").len()), &Json::from(rendered.errors.len()));
    comparison.outcome()
}
