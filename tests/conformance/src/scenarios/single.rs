//! Single actions, routers and resumes: each is put into a flow that is made for it.

use std::path::Path;

use domain::Contact;
use expressions::Environment;
use flows::{Definition, Engine, Limits, Modifier, Trigger, session::Run};
use serde_json::{Value as Json, json};

use super::{events, play::Play, read, tolerant::Comparison};
use crate::{
    assets,
    cases::{contact, environment},
    determinism::{Pcg, SEED},
    discover::{entries, stem},
    host::TestHost,
    report::{Outcome, Report},
};

const CONTACT: &str = "5d76d86b-3bb9-4d5a-b822-c9d86f5d8e4f";
const CHANNEL: &str = "57f1078f-88aa-46f4-a59a-948a5739c03d";
const CALL: &str = "01978a2f-ad9a-7f2e-ad44-6e7547078cec";
const TICKET: &str = "7f44b065-ec28-4d7a-bbb4-0bda3b75b19d";
const WITH_TICKETS: &str = "91564dee-e7ea-49b2-a903-598ce71b1d07";
const TOPIC: &str = "0d9a2c56-6fc2-4f27-93c5-a6322e26b740";

type Work = fn(&Json, Json) -> Outcome;

/// The families, the folders of their files, and how a case is run on the assets.
const FAMILIES: [(&str, &str, Work); 4] = [
    ("testdata/actions", "actions/testdata", action),
    ("testdata/routers", "routers/testdata", router),
    ("testdata/resumes", "resumes/testdata", resume),
    ("testdata/modifiers", "modifiers/testdata", modify),
];

/// Runs the families that a folder holds.
pub fn run(dir: &Path, report: &mut Report) {
    for (family, folder, work) in FAMILIES {
        let folder = dir.join(folder);
        if !report.wants(family) || !folder.is_dir() {
            continue;
        }
        let assets = super::text(&folder.join("_assets.json")).unwrap_or_default();
        // Ports where nothing listens stand for services that are down.
        let assets: Json =
            serde_json::from_str(&assets.replace("localhost", "127.0.0.1:65535")).unwrap_or_default();
        for entry in entries(&folder) {
            if stem(&entry).starts_with('_') || entry.extension() != Some("json".as_ref()) {
                continue;
            }
            let cases: Vec<Json> = super::text(&entry)
                .ok()
                .and_then(|text| serde_json::from_str(&text).ok())
                .unwrap_or_default();
            for (at, case) in cases.iter().enumerate() {
                let description = case["description"].as_str().unwrap_or_default();
                let id = format!("{}/{at} {description}", stem(&entry));
                report.case(family, &id, || work(case, assets.clone()));
            }
        }
    }
}

/// The definition as the case changed it must be refused.
fn refused(expected: &Json, flow: &Json) -> Outcome {
    let mut random = Pcg::new(SEED);
    match Definition::read_value(flow, &mut || random.uuid_v4()) {
        Ok(_) => Err(format!("the flow was read, expected {expected}")),
        Err(error) => {
            let (error, expected) = (error.to_string(), expected.as_str().unwrap_or_default());
            if error.contains(expected) {
                Ok(())
            } else {
                Err(format!("expected {expected:?}, got {error:?}"))
            }
        }
    }
}

/// The contact of action tests, with addresses, groups and fields only where they are wanted.
pub fn standard_contact(full: bool, has_ticket: bool, language: &str) -> Json {
    let mut json = json!({
        "uuid": CONTACT,
        "name": "Ryan Lewis",
        "status": "active",
        "language": language,
        "timezone": "America/Guayaquil",
        "created_on": "2018-06-20T11:40:30.123456789Z",
    });
    if full {
        json["urns"] =
            json!([format!("tel:+12065551212?channel={CHANNEL}"), "twitterid:54784326227#nyaruka"]);
        json["groups"] = json!([
            {"uuid": "b7cf0d83-f1c9-411c-96fd-c511a4cfa86d", "name": "Testers"},
            {"uuid": "0ec97956-c451-48a0-a180-1ce766623e31", "name": "Males"},
        ]);
        json["fields"] = json!({"gender": {"text": "Male"}});
    }
    if has_ticket {
        // They are in the group of those with tickets already.
        if let Some(groups) = json["groups"].as_array_mut() {
            groups.push(json!({"uuid": WITH_TICKETS, "name": "With Tickets"}));
        }
        // They are in the group of those with tickets already, so that joining it is no event of the action.
        json["groups"] = json!([
            {"uuid": "b7cf0d83-f1c9-411c-96fd-c511a4cfa86d", "name": "Testers"},
            {"uuid": "0ec97956-c451-48a0-a180-1ce766623e31", "name": "Males"},
            {"uuid": "91564dee-e7ea-49b2-a903-598ce71b1d07", "name": "With Tickets"},
        ]);
        json["tickets"] =
            json!([{"uuid": TICKET, "status": "open", "topic": {"uuid": TOPIC, "name": "Weather"}}]);
    }
    json
}

/// What starts the flow of an action: a message, a person, or a call.
fn action_trigger(case: &Json, flow: &Json) -> Result<Trigger, String> {
    let flow = json!({"uuid": flow["uuid"], "name": flow["name"]});
    let (no_input, as_batch) = (case["no_input"] == json!(true), case["as_batch"] == json!(true));
    let trigger = if no_input || as_batch || case["in_flow_type"] == "voice" {
        json!({"type": "manual", "flow": flow, "batch": as_batch || no_input, "triggered_on": "2025-05-04T12:30:45Z"})
    } else {
        json!({
            "type": "msg",
            "flow": flow,
            "triggered_on": "2025-05-04T12:30:45Z",
            "event": {
                "uuid": "0197b335-6ded-79a4-95a6-3af85b57f108",
                "type": "msg_received",
                "created_on": "2025-05-04T12:30:45Z",
                "msg": {
                    "urn": "tel:+12065551212",
                    "text": "Hi everybody",
                    "attachments": [
                        "image/jpeg:http://http://s3.amazon.com/bucket/test.jpg",
                        "audio/mp3:http://s3.amazon.com/bucket/test.mp3",
                    ],
                },
            },
        })
    };
    Trigger::from_json(trigger.to_string().as_bytes()).map_err(|error| error.to_string())
}

/// One action as the only one of a flow.
fn action(case: &Json, mut assets: Json) -> Outcome {
    let is_voice = case["in_flow_type"] == "voice";
    let flow = &mut assets["flows"][usize::from(is_voice)];
    flow["nodes"][0]["actions"] = json!([case["action"]]);
    if !case["localization"].is_null() {
        flow["localization"] = case["localization"].clone();
    }
    if !case["read_error"].is_null() {
        return refused(&case["read_error"], flow);
    }
    let flow = flow.clone();
    let loaded = assets::load(&assets, &Environment::default())?;
    let language = if case["localization"].is_null() { "eng" } else { "spa" };
    let person = match &case["contact"] {
        Json::Null => contact(&standard_contact(true, case["has_ticket"] == json!(true), language))?,
        given => contact(given)?,
    };
    let redaction = if case["redact_urns"] == json!(true) { "urns" } else { "none" };
    let env = environment(
        &json!({"allowed_languages": ["eng", "spa"], "default_country": "RW", "redaction_policy": redaction}),
    );
    let host = TestHost::new();
    let smtp_error = case["smtp_error"].as_str().filter(|error| !error.is_empty()).map(str::to_owned);
    let mut play =
        Play::new(&loaded.assets, env, &host, person, &case["http_mocks"]).with_smtp_error(smtp_error);
    let call = is_voice.then(|| {
        json!({"uuid": CALL, "channel": {"uuid": CHANNEL, "name": "My Android Phone"}, "urn": "tel:+12065551212"})
    });
    let call = call.as_ref().map(read).transpose()?;
    let trigger = action_trigger(case, &flow)?;
    let sprint = play.start(trigger, call.as_ref()).map_err(|error| loaded.explain(error))?;
    let mut comparison = Comparison::new(&[&assets.to_string(), &case["action"].to_string(), CONTACT]);
    comparison.compare("events", &case["events"], &without_ends(events(&sprint)?, 1, 1));
    let run = sprint.session.runs.first().ok_or("there is no run")?;
    compare_run(&mut comparison, case, run);
    if !case["contact_after"].is_null() {
        let after = contact_json(&play.contact, &loaded.assets)?;
        comparison.compare("contact_after", &case["contact_after"], &after);
    }
    compare_inspection(&mut comparison, case, &flow)?;
    comparison.outcome()
}

/// The locals and the web service's answer of a run.
fn compare_run(comparison: &mut Comparison, case: &Json, run: &Run) {
    if !case["locals_after"].is_null() {
        let locals: serde_json::Map<String, Json> =
            run.locals.iter().map(|(name, value)| (name.to_string(), Json::from(value.as_str()))).collect();
        comparison.compare("locals_after", &case["locals_after"], &Json::from(locals));
    }
    if let Some(expected) = case.get("webhook") {
        let webhook = run.webhook.as_ref().map_or(Json::Null, |webhook| {
            json!({
                "method": webhook.method.as_str(),
                "url": webhook.url,
                "status": webhook.status,
                "headers": webhook.headers,
                "json": webhook.json,
            })
        });
        comparison.compare("webhook", expected, &webhook);
    }
}

/// The report on the flow, without what assets would add to it.
fn compare_inspection(comparison: &mut Comparison, case: &Json, flow: &Json) -> Outcome {
    if case["inspection"].is_null() {
        return Ok(());
    }
    let mut random = Pcg::new(SEED);
    let definition =
        Definition::read_value(flow, &mut || random.uuid_v4()).map_err(|error| error.to_string())?;
    let report = serde_json::to_value(definition.inspect(None)).map_err(|error| error.to_string())?;
    for part in ["counts", "locals", "results", "parent_refs"] {
        comparison.compare(&format!("inspection.{part}"), &case["inspection"][part], &report[part]);
    }
    Ok(())
}

/// One router as that of a flow's first node.
fn router(case: &Json, mut assets: Json) -> Outcome {
    let flow = &mut assets["flows"][0];
    flow["nodes"][0]["router"] = case["router"].clone();
    if !case["read_error"].is_null() {
        return refused(&case["read_error"], flow);
    }
    let trigger = manual(&flow["uuid"], &flow["name"])?;
    let loaded = assets::load(&assets, &Environment::default())?;
    let host = TestHost::new();
    let person = contact(&standard_contact(false, false, "eng"))?;
    let mut play = Play::new(&loaded.assets, environment(&Json::Null), &host, person, &Json::Null);
    let sprint = play.start(trigger, None).map_err(|error| loaded.explain(error))?;
    let mut comparison = Comparison::new(&[&assets.to_string(), CONTACT]);
    comparison.compare("events", &case["events"], &without_ends(events(&sprint)?, 1, 1));
    let results = sprint.session.to_json()["runs"][0]["results"].take();
    let results = if results.is_null() { json!({}) } else { results };
    comparison.compare("results", &case["results"], &results);
    comparison.outcome()
}

/// One resume of a flow that waits.
fn resume(case: &Json, mut assets: Json) -> Outcome {
    let flows = assets["flows"].as_array_mut().ok_or("no flows")?;
    if let (Some(flow), false) = (flows.first_mut(), case["wait"].is_null()) {
        flow["nodes"][0]["router"]["wait"] = case["wait"].clone();
    }
    let flow = flows.iter().find(|flow| flow["uuid"] == case["flow_uuid"]).ok_or("the flow is not there")?;
    let (uuid, name, is_voice) = (flow["uuid"].clone(), flow["name"].clone(), flow["type"] == "voice");
    let loaded = assets::load(&assets, &Environment::default())?;
    let resume = match (read(&case["resume"]), &case["read_error"]) {
        (Ok(resume), Json::Null) => resume,
        (Err(_), Json::String(_)) => return Ok(()),
        (Ok(_), expected) => return Err(format!("the resume was read, expected {expected}")),
        (Err(error), _) => return Err(error),
    };
    let host = TestHost::new();
    let person = contact(&json!({
        "uuid": CONTACT, "name": "Bob", "language": "eng", "status": "active",
        "created_on": "2018-06-20T11:40:30.123456789Z",
    }))?;
    let call =
        is_voice.then(|| json!({"uuid": CALL, "channel": assets["channels"][0], "urn": "tel:+12065551212"}));
    let call = call.as_ref().map(read).transpose()?;
    let mut play = Play::new(&loaded.assets, environment(&Json::Null), &host, person, &Json::Null);
    let sprint = play.start(manual(&uuid, &name)?, call.as_ref()).map_err(|error| loaded.explain(error))?;
    let sprint = match (play.resume(&sprint.session, resume), case["resume_error"].as_str()) {
        (Ok(Some(sprint)), None) => sprint,
        (Err(_), Some(_)) => return Ok(()),
        (Ok(_), expected) => return Err(format!("expected error {expected:?}")),
        (Err(error), None) => return Err(error),
    };
    let mut comparison = Comparison::new(&[&assets.to_string(), &case["resume"].to_string(), CONTACT]);
    comparison.compare("events", &case["events"], &without_ends(events(&sprint)?, 0, 1));
    let session = sprint.session.to_json();
    comparison.compare("run_status", &case["run_status"], &session["runs"][0]["status"]);
    comparison.compare("session_status", &case["session_status"], &session["status"]);
    comparison.outcome()
}

/// One change of a contact outside flows.
fn modify(case: &Json, assets: Json) -> Outcome {
    let env = environment(&Json::Null);
    let loaded = assets::load(&assets, &env)?;
    let host = TestHost::new();
    let limits = Limits { field_chars: 256, ..Limits::default() };
    let engine = Engine { limits, ..Engine::new(&loaded.assets, &env, &host) };
    let mut person = contact(&case["contact_before"])?;
    let modifier: Modifier = read(&case["modifier"])?;
    let events = engine.modify(&mut person, &modifier, &mut |urn| !urn.path.contains("taken"));
    let events = serde_json::to_value(events).map_err(|error| error.to_string())?;
    let mut comparison = Comparison::new(&[&assets.to_string(), &case["contact_before"].to_string()]);
    comparison.compare("events", &case["events"], &events);
    comparison.compare("contact_after", &case["contact_after"], &contact_json(&person, &loaded.assets)?);
    comparison.outcome()
}

pub fn manual(uuid: &Json, name: &Json) -> Result<Trigger, String> {
    let trigger = json!({
        "type": "manual", "flow": {"uuid": uuid, "name": name}, "triggered_on": "2025-05-04T12:30:45Z",
    });
    Trigger::from_json(trigger.to_string().as_bytes()).map_err(|error| error.to_string())
}

/// A list without its first and last items.
fn without_ends(list: Json, first: usize, last: usize) -> Json {
    let Json::Array(mut items) = list else { return list };
    items.truncate(items.len().saturating_sub(last));
    items.drain(..first.min(items.len()));
    Json::from(items)
}

fn contact_json(contact: &Contact, assets: &flows::Assets) -> Result<Json, String> {
    Ok(flows::contact_json::write_contact(contact, assets))
}
