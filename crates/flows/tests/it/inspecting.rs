//! What a flow needs, keeps and gets wrong.

use flows::{Definition, Dependency, DependencyKind};
use serde_json::{Value, json};

use crate::samples::{id, mood, uuids, with};

fn inspect(flow: &Value, exists: &dyn Fn(&Dependency) -> bool) -> Value {
    let definition = Definition::read_value(flow, &mut uuids()).expect("a flow");
    serde_json::to_value(definition.inspect(Some(exists))).expect("a report")
}

#[test]
fn a_report_says_what_is_needed_and_kept() {
    let report = inspect(&mood(), &|dependency| dependency.kind != DependencyKind::Flow);
    let expected = json!({
        "counts": {"languages": 1, "nodes": 2},
        "dependencies": [
            {"key": "mood", "name": "Mood", "type": "field"},
            {"uuid": id(2), "name": "Thanks", "type": "flow", "missing": true}],
        "locals": [],
        "results": [{"key": "how_are_you", "name": "How are you", "categories": ["Fine", "Other", "No Response"],
            "node_uuids": [id(10)]}],
        "parent_refs": [],
        "issues": [{"type": "missing_dependency", "node_uuid": id(40), "action_uuid": id(42),
            "description": format!("missing flow dependency '{}'", id(2)),
            "dependency": {"uuid": id(2), "name": "Thanks", "type": "flow"}}],
    });
    assert_eq!(report, expected);
}

#[test]
fn templates_are_looked_into_in_every_language() {
    let text = "@fields.clinic @(upper(contact.fields.Village)) @globals.hotline @parent.results.age @legacy_extra.x";
    let flow = with(mood(), "/nodes/0/actions/0/text", json!(text));
    let flow = with(flow, &format!("/localization/xho/{}/text", id(12)), json!(["@fields.ilali"]));
    let report = inspect(&flow, &|_| true);
    let keys: Vec<&str> =
        report["dependencies"].as_array().unwrap().iter().filter_map(|d| d["key"].as_str()).collect();
    assert_eq!(keys, ["clinic", "village", "hotline", "ilali", "mood"]);
    assert_eq!(report["parent_refs"], json!(["age"]));
    assert_eq!(report["issues"][0]["type"], "legacy_extra");
}

#[test]
fn groups_and_patterns_of_tests_are_looked_at() {
    let case = |test: &str, argument: &str| json!([{"uuid": id(23), "type": test, "arguments": [argument], "category_uuid": id(21)}]);
    let group = with(mood(), "/nodes/0/router/cases", case("has_group", &id(70)));
    assert_eq!(inspect(&group, &|_| false)["dependencies"][0]["uuid"], id(70));
    let pattern = with(mood(), "/nodes/0/router/cases", case("has_pattern", "(open"));
    assert_eq!(inspect(&pattern, &|_| true)["issues"][0]["type"], "invalid_regex");
}
