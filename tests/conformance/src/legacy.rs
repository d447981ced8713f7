//! Flows of action sets and rule sets: whole ones, and single actions, rule sets and tests, which are put into a flow
//! around them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use flows::{
    legacy::Origin,
    migrations::{self, Version},
};
use serde_json::{Value as Json, json};

use crate::{
    determinism::{Pcg, SEED},
    discover::{entries, stem},
    report::{Outcome, Report},
    testdata,
};

const FAMILY: &str = "testdata/legacy";
const FOLDER: &str = "flows/definition/legacy/testdata";
/// The specification that old flows are brought to.
const TO: Version = Version::new(13, 0, 0);
/// Where the cases keep their files.
const FILES: &str = "https://myfiles.com";
/// Identifiers around what a case is about.
const FLOW: &str = "0b0e6c2c-4c0e-4f2a-9a70-6d7f4a5b0001";
const NODE: &str = "0b0e6c2c-4c0e-4f2a-9a70-6d7f4a5b0002";
const EXIT: &str = "0b0e6c2c-4c0e-4f2a-9a70-6d7f4a5b0003";
const RULE: &str = "0b0e6c2c-4c0e-4f2a-9a70-6d7f4a5b0004";

/// Runs the cases of the old specification that a folder of test data holds.
pub fn run(dir: &Path, report: &mut Report) {
    if !report.wants(FAMILY) {
        return;
    }
    for entry in entries(&dir.join(FOLDER)) {
        let name = stem(&entry);
        let Some(check) = check_for(&name) else { continue };
        match testdata::json(&entry) {
            Ok(cases) => {
                for (at, case) in cases.as_array().into_iter().flatten().enumerate() {
                    report.case(FAMILY, &format!("{name}/{at}"), || check(case));
                }
            }
            Err(error) => report.case(FAMILY, &name, || Err(error)),
        }
    }
}

fn check_for(name: &str) -> Option<fn(&Json) -> Outcome> {
    match name {
        "flows" => Some(whole),
        "actions" => Some(action),
        "rulesets" => Some(rule_set),
        "tests" => Some(test),
        _ => None,
    }
}

/// A flow of the present form, with the identifiers that were drawn for it, as the cases were.
struct Migrated {
    flow: Json,
    drawn: BTreeSet<String>,
}

impl Migrated {
    fn new(mut flow: Json) -> Result<Self, String> {
        let mut origin = Origin { files: Some(FILES), ..Origin::default() };
        let mut random = Pcg::new(SEED);
        let mut drawn = BTreeSet::new();
        let mut draw = || {
            let uuid = random.uuid_v4();
            drawn.insert(uuid.to_string());
            uuid
        };
        migrations::migrate_from(&mut flow, TO, &mut origin, &mut draw).map_err(|error| error.to_string())?;
        Ok(Self { flow, drawn })
    }

    /// Holds a part of the flow against what is expected. Which of the drawn identifiers went where is no
    /// difference, as long as the same went to the same.
    fn compare(&self, expected: &Json, actual: &Json) -> Outcome {
        let exact = testdata::same(expected, actual);
        if exact.is_ok() {
            return exact;
        }
        let mut renames = BTreeMap::new();
        self.pair(expected, actual, &mut renames);
        let targets: BTreeSet<&String> = renames.values().collect();
        if targets.len() != renames.len() {
            return exact;
        }
        testdata::same(expected, &renamed(actual, &renames))
    }

    /// Finds which drawn identifier stands where another is expected.
    fn pair(&self, expected: &Json, actual: &Json, renames: &mut BTreeMap<String, String>) {
        match (expected, actual) {
            (Json::String(expected), Json::String(actual)) if self.drawn.contains(actual) => {
                renames.entry(actual.clone()).or_insert_with(|| expected.clone());
            }
            (Json::Array(expected), Json::Array(actual)) => {
                expected
                    .iter()
                    .zip(actual)
                    .for_each(|(expected, actual)| self.pair(expected, actual, renames));
            }
            (Json::Object(expected), Json::Object(actual)) => {
                for (key, expected) in expected {
                    if let Some(actual) = actual.get(key) {
                        self.pair(expected, actual, renames);
                    }
                }
            }
            _ => {}
        }
    }
}

fn renamed(value: &Json, renames: &BTreeMap<String, String>) -> Json {
    let name = |text: &String| renames.get(text).unwrap_or(text).clone();
    match value {
        Json::String(text) => Json::String(name(text)),
        Json::Array(items) => items.iter().map(|item| renamed(item, renames)).collect(),
        Json::Object(members) => {
            members.iter().map(|(key, member)| (name(key), renamed(member, renames))).collect()
        }
        other => other.clone(),
    }
}

/// A flow of one action set and one rule set, and of nodes that can be led to.
fn around(flow_type: &Json, actions: Json, rule_set: Option<&Json>) -> Json {
    let node = json!({"uuid": NODE, "exit_uuid": EXIT, "x": 0, "y": 5000, "actions": actions});
    let mut action_sets = vec![node];
    let destinations = rule_set.into_iter().flat_map(|set| set["rules"].as_array().into_iter().flatten());
    let uuids = destinations.filter_map(|rule| Some((rule["destination"].as_str()?, ())));
    for uuid in uuids.collect::<BTreeMap<_, _>>().into_keys() {
        action_sets.push(json!({"uuid": uuid, "exit_uuid": EXIT, "x": 0, "y": 6000, "actions": []}));
    }
    let flow_type = flow_type.as_str().unwrap_or("M");
    json!({"metadata": {"uuid": FLOW, "name": "Case"}, "base_language": "eng", "flow_type": flow_type,
        "version": "11.12", "action_sets": action_sets, "rule_sets": rule_set.map_or(json!([]), |set| json!([set]))})
}

fn whole(case: &Json) -> Outcome {
    let migrated = Migrated::new(case["legacy"].clone())?;
    migrated.compare(&case["expected"], &migrated.flow)
}

fn action(case: &Json) -> Outcome {
    let flow = around(&case["legacy_flow_type"], json!([case["legacy_action"]]), None);
    let migrated = Migrated::new(flow)?;
    let flow = &migrated.flow;
    let actual = json!({"action": flow["nodes"][0]["actions"][0], "localization": flow["localization"]});
    migrated.compare(
        &json!({"action": case["expected_action"], "localization": case["expected_localization"]}),
        &actual,
    )
}

fn rule_set(case: &Json) -> Outcome {
    let set = &case["legacy_ruleset"];
    let flow = around(&case["legacy_flow_type"], json!([]), Some(set));
    let migrated = Migrated::new(flow)?;
    let flow = &migrated.flow;
    let uuid = set["uuid"].as_str().unwrap_or_default();
    let node = flow["nodes"].as_array().into_iter().flatten().find(|node| node["uuid"] == uuid);
    let actual =
        json!({"node": node, "localization": flow["localization"], "ui": flow["_ui"]["nodes"][uuid]});
    let expected = json!({"node": case["expected_node"], "localization": case["expected_localization"],
        "ui": case["expected_ui"]});
    migrated.compare(&expected, &actual)
}

/// A test is that of the only rule of a rule set.
fn test(case: &Json) -> Outcome {
    let set = json!({"uuid": RULE, "x": 0, "y": 0, "label": "Response", "ruleset_type": "wait_message",
        "operand": "@step.value", "config": {}, "rules": [{"uuid": RULE, "category": {"eng": "Matches"},
        "destination": null, "destination_type": null, "test": case["legacy_test"]}]});
    let migrated = Migrated::new(around(&Json::Null, json!([]), Some(&set)))?;
    let flow = &migrated.flow;
    let made = &flow["nodes"][0]["router"]["cases"][0];
    let uuid = made["uuid"].as_str().unwrap_or_default();
    let ui = &flow["_ui"]["nodes"][RULE]["config"]["cases"][uuid];
    let actual = json!({"case": made, "localization": flow["localization"], "ui": ui});
    let expected = json!({"case": case["expected_case"], "localization": case["expected_localization"],
        "ui": case["expected_ui"]});
    migrated.compare(&expected, &actual)
}
