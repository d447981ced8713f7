//! Written forms: events and triggers are read and written again, triggers are seen by a flow, contacts are sorted
//! into groups that fill themselves.

use std::path::Path;

use expressions::Environment;
use flows::{Event, EventKind, Trigger};
use serde_json::{Value as Json, json};

use super::{play::Play, read, single, tolerant::Comparison};
use crate::{
    assets,
    cases::{contact, environment},
    discover::{entries, stem},
    host::TestHost,
    report::{Outcome, Report},
};

const EVENTS: &str = "core/events/testdata";
const TRIGGERS: &str = "flows/triggers/testdata";
const GROUPS: &str = "core/testdata";

/// Runs the families that a folder of test data holds.
pub fn run(dir: &Path, report: &mut Report) {
    snapshots(&dir.join(EVENTS), "testdata/events", report, |json| {
        let event: Event = read(json)?;
        serde_json::to_value(event).map_err(|error| error.to_string())
    });
    snapshots(&dir.join(TRIGGERS), "testdata/triggers", report, |json| {
        let trigger = Trigger::from_json(json.to_string().as_bytes()).map_err(|error| error.to_string())?;
        serde_json::to_value(trigger).map_err(|error| error.to_string())
    });
    triggers(&dir.join(TRIGGERS), report);
    groups(&dir.join(GROUPS), report);
}

/// Reads and writes each snapshot of a folder; it must stay as it is.
fn snapshots(folder: &Path, family: &str, report: &mut Report, again: fn(&Json) -> Result<Json, String>) {
    for entry in entries(folder) {
        if entry.extension() != Some("snap".as_ref()) || !report.wants(family) {
            continue;
        }
        report.case(family, &stem(&entry), || {
            let text = super::text(&entry)?;
            let json: Json = serde_json::from_str(&text).map_err(|error| error.to_string())?;
            let mut comparison = Comparison::new(&[&text]);
            comparison.compare("", &json, &again(&json)?);
            comparison.outcome()
        });
    }
}

fn triggers(folder: &Path, report: &mut Report) {
    let family = "testdata/triggers";
    if !report.wants(family) || !folder.is_dir() {
        return;
    }
    let assets: Json = super::json(&folder.join("_assets.json")).unwrap_or_default();
    for entry in entries(folder) {
        let name = stem(&entry);
        if name.starts_with('_') || entry.extension() != Some("json".as_ref()) {
            continue;
        }
        let cases = super::json(&entry).unwrap_or_default();
        for (at, case) in cases.as_array().into_iter().flatten().enumerate() {
            report.case(family, &format!("{name}/{at}"), || trigger(case, assets.clone()));
        }
    }
}

/// A trigger that must be refused, or what a flow sees of it.
fn trigger(case: &Json, mut assets: Json) -> Outcome {
    let trigger = Trigger::from_json(case["trigger"].to_string().as_bytes());
    let trigger = match (trigger, case["read_error"].as_str()) {
        (Ok(trigger), None) => trigger,
        (Err(_), Some(_)) => return Ok(()),
        (Ok(_), Some(expected)) => return Err(format!("the trigger was read, expected {expected:?}")),
        (Err(error), None) => return Err(error.to_string()),
    };
    assets["flows"][0]["nodes"][0]["actions"] = json!([{
        "uuid": "ad154980-7bf7-4ab8-8728-545fd6378912", "type": "send_msg", "text": "@(json(trigger))",
    }]);
    let loaded = assets::load(&assets, &Environment::default())?;
    let host = TestHost::new();
    let person = contact(&single::standard_contact(false, false, "eng"))?;
    let mut play = Play::new(&loaded.assets, environment(&Json::Null), &host, person, &Json::Null);
    let sprint = play.start(trigger, None).map_err(|error| loaded.explain(error))?;
    let said = sprint.events.iter().find_map(|event| match &event.kind {
        EventKind::MsgCreated(created) => Some(created.msg.text.clone()),
        _ => None,
    });
    let said = said.ok_or("the flow said nothing")?;
    let context: Json = serde_json::from_str(&said).map_err(|error| format!("{error}: {said}"))?;
    let mut comparison = Comparison::new(&[&assets.to_string(), &case["trigger"].to_string()]);
    comparison.compare("context", &case["context"], &context);
    comparison.outcome()
}

fn groups(folder: &Path, report: &mut Report) {
    let family = "testdata/groups";
    if !report.wants(family) || !folder.is_dir() {
        return;
    }
    let assets = super::json(&folder.join("smart_groups.assets.json")).unwrap_or_default();
    let cases = super::json(&folder.join("smart_groups.json")).unwrap_or_default();
    for (at, case) in cases.as_array().into_iter().flatten().enumerate() {
        report.case(family, &at.to_string(), || sorted_into_groups(case, &assets));
    }
}

/// The groups of a contact after the beginning of a flow that does nothing.
fn sorted_into_groups(case: &Json, assets: &Json) -> Outcome {
    let mut assets = assets.clone();
    // A flow must have a node to begin at.
    assets["flows"][0]["nodes"] = json!([{
        "uuid": "70e453ef-c21f-4596-9d48-967a6236ccdf",
        "exits": [{"uuid": "c1956e15-3b2a-4232-b9e3-9fead76ff496"}],
    }]);
    let redaction = if case["redact_urns"] == json!(true) { "urns" } else { "none" };
    let env = environment(&json!({"redaction_policy": redaction}));
    let loaded = assets::load(&assets, &env)?;
    let flow = &assets["flows"][0];
    let host = TestHost::new();
    let person = contact(&case["contact_before"])?;
    let mut play = Play::new(&loaded.assets, env, &host, person, &Json::Null);
    play.start(single::manual(&flow["uuid"], &flow["name"])?, None).map_err(|error| loaded.explain(error))?;
    let after = flows::contact_json::write_contact(&play.contact, &loaded.assets);
    let mut comparison = Comparison::new(&[&assets.to_string(), &case.to_string()]);
    comparison.compare("contact_after", &case["contact_after"], &after);
    comparison.outcome()
}
