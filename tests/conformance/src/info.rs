//! Lists of what the engine must know: functions, tests, types of actions, events, triggers and resumes, versions.

use std::{collections::BTreeSet, fs, path::Path};

use flows::{Event, Resume, definition::ActionKind, migrations::Version, tests};
use serde_json::{Value as Json, json};

use crate::{
    cases::library,
    determinism::{Pcg, SEED},
    report::{Outcome, Report},
};

/// Runs the families of a folder.
pub fn run(dir: &Path, report: &mut Report) {
    let listed =
        |name: &str| -> Option<Json> { serde_json::from_slice(&fs::read(dir.join(name)).ok()?).ok() };
    if let Some(signatures) = listed("signatures.json").filter(|_| report.wants("info/signatures")) {
        for list in items(&signatures) {
            for item in list["items"].as_array().into_iter().flatten() {
                let id = item["signature"].as_str().unwrap_or_default();
                report.case("info/signatures", id, || signature(item));
            }
            report.case("info/signatures", "no others", || no_others(&list["items"]));
        }
    }
    if let Some(lists) = listed("types.json").filter(|_| report.wants("info/types")) {
        for list in items(&lists) {
            let tag = list["tag"].as_str().unwrap_or_default();
            for name in list["names"].as_array().into_iter().flatten().filter_map(Json::as_str) {
                report.case("info/types", &format!("{tag} {name}"), || known(tag, name));
            }
        }
    }
}

fn items(json: &Json) -> Vec<&Json> {
    json.as_array().map_or_else(|| vec![json], |items| items.iter().collect())
}

/// A function or test, and how many arguments it takes.
fn signature(item: &Json) -> Outcome {
    let name = item["name"].as_str().unwrap_or_default();
    let builtin = library().get(name).ok_or("there is no such function")?;
    if item["tag"] == "test" && tests::find(name).is_none() {
        return Err("is not a router test".to_owned());
    }
    match builtin.name == name {
        true => Ok(()),
        false => Err(format!("is called {}", builtin.name)),
    }
}

/// Functions that are not listed are those that old flows call.
fn no_others(listed: &Json) -> Outcome {
    const OLD: [&str; 4] = ["legacy_add", "has_category", "has_intent", "has_top_intent"];
    let listed: BTreeSet<&str> =
        listed.as_array().into_iter().flatten().filter_map(|item| item["name"].as_str()).collect();
    let others: Vec<&str> = library()
        .iter()
        .map(|builtin| builtin.name)
        .filter(|name| !listed.contains(name) && !OLD.contains(name))
        .collect();
    if others.is_empty() { Ok(()) } else { Err(format!("also known: {}", others.join(", "))) }
}

/// Whether a type of that kind can be read.
fn known(tag: &str, name: &str) -> Outcome {
    let json = json!({"type": name});
    let read = match tag {
        "action" => return ActionKind::NAMES.contains(&name).then_some(()).ok_or("is not known".to_owned()),
        "version" => return version(name),
        "event" => serde_json::from_value::<Event>(event(name)).map(drop),
        "trigger" => serde_json::from_value::<flows::TriggerKind>(json).map(drop),
        "resume" => serde_json::from_value::<Resume>(json).map(drop),
        // Assets are read by the loader of this runner, in the families that have them.
        "asset" => return Ok(()),
        other => return Err(format!("{other} are not known")),
    };
    // Members may be missing, but the type must be known.
    match read {
        Err(error) if error.to_string().contains("unknown variant") => Err(error.to_string()),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn event(name: &str) -> Json {
    json!({"uuid": "0197b335-6ded-79a4-95a6-3af85b57f108", "created_on": "2025-05-04T12:30:45Z", "type": name})
}

/// Whether a definition can be brought to exactly that version.
fn version(name: &str) -> Outcome {
    let to: Version = name.parse().map_err(|()| "is not a version".to_owned())?;
    let mut flow = json!({
        "uuid": "76f0a02f-3b75-4b86-9064-e9195e1b3a02", "name": "Empty", "spec_version": "13.0.0", "language": "eng",
        "type": "messaging", "nodes": [],
    });
    let mut random = Pcg::new(SEED);
    flows::migrations::migrate(&mut flow, to, &mut || random.uuid_v4()).map_err(|error| error.to_string())?;
    match flow["spec_version"] == name {
        true => Ok(()),
        false => Err(format!("came to {}", flow["spec_version"])),
    }
}
