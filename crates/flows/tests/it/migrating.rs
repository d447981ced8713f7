//! From older specifications to the current one, step by step.

use flows::migrations::{self, Version};
use serde_json::{Value, json};

use crate::samples::{id, mood, uuids, with};

fn flow(version: &str, node: Value, localization: Value) -> Value {
    json!({"uuid": id(1), "name": "Old", "spec_version": version, "language": "eng", "type": "messaging",
        "localization": localization, "nodes": [node]})
}

fn message(action: Value) -> Value {
    json!({"uuid": id(10), "actions": [action], "exits": [{"uuid": id(11)}]})
}

fn migrate(mut flow: Value, to: &str) -> Value {
    let to: Version = to.parse().expect("a version");
    migrations::migrate(&mut flow, to, &mut uuids()).expect("a flow");
    assert_eq!(flow["spec_version"], to.to_string());
    flow
}

/// A node that calls a service and is split by `operand`.
fn split(action: Value, operand: &str, cases: Value) -> Value {
    json!({"uuid": id(10), "actions": [action], "exits": [{"uuid": id(31)}, {"uuid": id(32)}],
        "router": {"type": "switch", "operand": operand, "cases": cases, "default_category_uuid": id(22),
            "categories": [{"uuid": id(21), "name": "Success", "exit_uuid": id(31)},
                {"uuid": id(22), "name": "Failure", "exit_uuid": id(32)}]}})
}

fn case(test: &str, arguments: Value) -> Value {
    json!([{"uuid": id(23), "type": test, "arguments": arguments, "category_uuid": id(21)}])
}

#[test]
fn texts_for_carriers_move_to_the_message() {
    let node = message(json!({"uuid": id(12), "type": "send_msg", "text": "Your visit",
        "templating": {"template": {"uuid": id(50), "name": "visit"}, "variables": ["@contact.name", "@fields.day"]}}));
    let mut old = migrate(flow("13.0.0", node, json!({})), "13.3.0");
    let templating = old["nodes"][0]["actions"][0]["templating"]["uuid"].as_str().unwrap().to_owned();
    old["localization"] = json!({"xho": {templating: {"variables": ["@contact.name", "ngoku"]}}});
    let new = migrate(old, "14.4.2");
    let action = &new["nodes"][0]["actions"][0];
    assert_eq!(action["template"]["name"], "visit");
    assert_eq!(action["template_variables"], json!(["@contact.name", "@fields.day"]));
    assert!(action.get("templating").is_none());
    assert_eq!(new["localization"]["xho"][id(12)]["template_variables"], json!(["@contact.name", "ngoku"]));
}

#[test]
fn the_undetermined_language_has_a_code() {
    let node = message(json!({"uuid": id(12), "type": "send_msg", "text": "Hi"}));
    let old =
        with(flow("13.1.0", node, json!({"und": {}, "base": {}, "xho": {}})), "/language", json!("base"));
    let new = migrate(old, "14.4.2");
    assert_eq!(new["language"], "und");
    assert_eq!(new["localization"], json!({"xho": {}}));
}

#[test]
fn services_are_split_by_status() {
    let canonical = json!([{"uuid": id(23), "type": "has_number_between", "arguments": ["200", "299"], "category_uuid": id(21)}]);
    let webhook = json!({"uuid": id(12), "type": "call_webhook", "method": "GET", "url": "https://example.org", "result_name": "Stock level"});
    let resthook = json!({"uuid": id(12), "type": "call_resthook", "resthook": "new-mother"});
    let cases = [
        (
            "13.1.0",
            webhook.clone(),
            "@results.stock_level.category",
            case("has_only_text", json!(["Success"])),
        ),
        ("13.0.0", resthook, "@webhook.status", case("has_text", json!([]))),
        ("14.4.1", webhook, "@webhook.status", canonical.clone()),
    ];
    for (version, action, operand, given) in cases {
        let localization = json!({"xho": {id(23): {"arguments": ["impumelelo"]}}});
        let new = migrate(flow(version, split(action, operand, given), localization), "14.4.2");
        let router = &new["nodes"][0]["router"];
        assert_eq!(router["operand"], "@(default(webhook.status, 0))", "{version}");
        assert_eq!(router["cases"], canonical, "{version}");
    }
    let other = message(json!({"uuid": id(12), "type": "send_msg", "text": "@webhook.status"}));
    let new = migrate(flow("14.4.1", other, json!({})), "14.4.2");
    assert_eq!(new["nodes"][0]["actions"][0]["text"], "@webhook.status");
}

#[test]
fn tickets_and_airtime_are_split_by_locals() {
    let ticket =
        json!({"uuid": id(12), "type": "open_ticket", "body": "Please call", "result_name": "My Ticket"});
    let airtime =
        json!({"uuid": id(12), "type": "transfer_airtime", "amounts": {"ZAR": 5}, "result_name": "Reward"});
    let cases = [
        (ticket, "@results.my_ticket", "@locals._new_ticket", "My Ticket"),
        (airtime, "@results.reward.category", "@locals._new_transfer", "Reward"),
    ];
    for (action, operand, expected, result) in cases {
        let node = split(action, operand, case("has_category", json!(["Success"])));
        let new = migrate(flow("14.0.0", node, json!({})), "14.4.2");
        let node = &new["nodes"][0];
        assert_eq!(node["router"]["operand"], expected);
        assert_eq!(node["router"]["result_name"], result);
        assert_eq!(node["router"]["cases"][0]["type"], "has_text");
        assert_eq!(node["router"]["cases"][0]["arguments"], json!([]));
        assert!(node["actions"][0].get("result_name").is_none());
    }
}

#[test]
fn words_of_a_case_become_one_argument() {
    let node = split(
        json!({"uuid": id(12), "type": "set_contact_name", "name": "x"}),
        "@input.text",
        case("has_any_word", json!(["yes", "yebo"])),
    );
    let localization = json!({"xho": {id(23): {"arguments": ["ewe", "hayi"]}}});
    let new = migrate(flow("14.3.0", node, localization), "14.4.2");
    assert_eq!(new["nodes"][0]["router"]["cases"][0]["arguments"], json!(["yes yebo"]));
    assert_eq!(new["localization"]["xho"][id(23)]["arguments"], json!(["ewe hayi"]));
}

#[test]
fn long_names_are_cut_with_the_references_to_them() {
    let name = format!("Number of {} visited", "clinics ".repeat(9));
    let node = json!({"uuid": id(10), "exits": [{"uuid": id(11)}], "actions": [
        {"uuid": id(12), "type": "set_run_result", "name": name, "value": "3", "category": "y".repeat(40)},
        {"uuid": id(13), "type": "send_msg", "all_urns": true,
            "text": format!("@(results.{}.value + 1)", "clinics_".repeat(9))}]});
    let new = migrate(flow("13.5.0", node, json!({})), "14.4.2");
    let actions = &new["nodes"][0]["actions"];
    assert!(actions[0]["name"].as_str().unwrap().len() <= 64);
    assert_eq!(actions[0]["category"].as_str().unwrap().len(), 36);
    assert_eq!(
        actions[1]["text"],
        format!("@(results.{}.value + 1)", "clinics_".repeat(8).trim_end_matches('_'))
    );
    assert!(actions[1].get("all_urns").is_none());
}

#[test]
fn expiry_is_kept_within_bounds() {
    for (kind, given, expected) in [
        ("messaging", 999_999, 20_160),
        ("voice", 60, 15),
        ("messaging", 720, 720),
        ("messaging_background", 99_999, 99_999),
    ] {
        let old = with(with(mood(), "/spec_version", json!("13.6.1")), "/type", json!(kind));
        let new = migrate(with(old, "/expire_after_minutes", json!(given)), "14.4.2");
        assert_eq!(new["expire_after_minutes"], expected, "{kind}");
    }
}
