//! Down to older specifications and up again: the same flow, and what cannot be said is listed.

use flows::migrations::{self, Conversion, convert, target};
use serde_json::{Value, json};

use crate::samples::{id, mood, uuids, with};

fn flow(node: Value, localization: Value) -> Value {
    json!({"uuid": id(1), "name": "New", "spec_version": "14.4.2", "language": "eng", "type": "messaging",
        "localization": localization, "nodes": [node], "_ui": {"nodes": {id(10): {"position": {"left": 7, "top": 8}}}}})
}

fn message(text: &str) -> Value {
    json!({"uuid": id(10), "actions": [{"uuid": id(12), "type": "send_msg", "text": text}], "exits": [{"uuid": id(31)}]})
}

/// A node that does something and switches on its outcome.
fn split(action: Value, operand: &str, cases: Value) -> Value {
    json!({"uuid": id(10), "actions": [action], "exits": [{"uuid": id(31)}, {"uuid": id(32)}],
        "router": {"type": "switch", "operand": operand, "cases": cases, "default_category_uuid": id(22),
            "categories": [{"uuid": id(21), "name": "Success", "exit_uuid": id(31)},
                {"uuid": id(22), "name": "Failure", "exit_uuid": id(32)}]}})
}

fn case(test: &str, arguments: Value) -> Value {
    json!([{"uuid": id(23), "type": test, "arguments": arguments, "category_uuid": id(21)}])
}

fn webhook() -> Value {
    json!({"uuid": id(12), "type": "call_webhook", "method": "GET", "url": "https://example.org/@fields.clinic",
        "result_name": "Stock level"})
}

fn down(mut flow: Value, to: &str) -> (Value, Conversion) {
    let conversion = convert(&mut flow, target(to).expect("a target"), &mut uuids()).expect("a flow");
    assert_eq!(flow["spec_version"], conversion.to.to_string());
    (flow, conversion)
}

fn up(flow: Value) -> Value {
    down(flow, "14.4.2").0
}

#[test]
fn what_can_be_said_comes_back_as_it_was() {
    let canonical = case("has_number_between", json!(["200", "299"]));
    let resthook =
        json!({"uuid": id(12), "type": "call_resthook", "resthook": "birth", "result_name": "Told"});
    let ticket =
        json!({"uuid": id(12), "type": "open_ticket", "topic": null, "note": "Please call @contact"});
    let mut opened = split(ticket, "@locals._new_ticket", case("has_text", json!([])));
    opened["router"]["result_name"] = "Help".into();
    let airtime = json!({"uuid": id(12), "type": "transfer_airtime", "amounts": {"ZAR": 5}});
    let mut sent = split(airtime, "@locals._new_transfer", case("has_text", json!([])));
    sent["router"]["result_name"] = "Reward".into();
    let template = json!({"uuid": id(10), "exits": [{"uuid": id(31)}], "actions": [{"uuid": id(12), "type": "send_msg",
        "text": "Visit", "template": {"uuid": id(50), "name": "visit"}, "template_variables": ["@contact.name", "5"]}]});
    let translated =
        json!({"xho": {id(12): {"text": ["Utyelelo"], "template_variables": ["@contact.name", "isihlanu"]}}});
    let samples = [
        (mood(), 0),
        (flow(split(webhook(), "@(default(webhook.status, 0))", canonical.clone()), json!({})), 0),
        (flow(split(resthook, "@(default(webhook.status, 0))", canonical), json!({})), 0),
        (flow(opened, json!({})), 0),
        (flow(sent, json!({})), 0),
        (flow(template, translated), 0),
        (flow(message("@webhook.json.name is @(upper(webhook.json[\"a b\"])) @@webhook"), json!({})), 0),
    ];
    for (before, expected) in samples {
        for to in [
            "14.4.1", "14.3.0", "14.2.0", "14.1.0", "14.0.0", "13.6.1", "13.4.0", "13.3.0", "13.2.0",
            "13.1.0",
        ] {
            let (lower, conversion) = down(before.clone(), to);
            assert_eq!(conversion.warnings.len(), expected, "{to}: {:?}", conversion.warnings);
            assert_eq!(up(lower), before, "{to}");
        }
    }
}

#[test]
fn older_specifications_get_their_own_words() {
    let canonical = case("has_number_between", json!(["200", "299"]));
    let (lower, _) =
        down(flow(split(webhook(), "@(default(webhook.status, 0))", canonical.clone()), json!({})), "13");
    let router = &lower["nodes"][0]["router"];
    assert_eq!(lower["spec_version"], "13.2.0");
    assert_eq!(router["operand"], "@results.stock_level.category");
    assert_eq!(router["cases"][0]["arguments"], json!(["Success"]));

    let mut unnamed = webhook();
    unnamed.as_object_mut().expect("an action").shift_remove("result_name");
    let (lower, conversion) =
        down(flow(split(unnamed, "@(default(webhook.status, 0))", canonical), json!({})), "13");
    assert_eq!(lower["nodes"][0]["actions"][0]["result_name"], "Webhook");
    assert_eq!(conversion.warnings.len(), 1, "the flow keeps a result that it did not keep before");

    let ticket = json!({"uuid": id(12), "type": "open_ticket", "note": "Call", "topic": null});
    let (lower, _) = down(
        flow(json!({"uuid": id(10), "actions": [ticket], "exits": [{"uuid": id(31)}]}), json!({})),
        "14.1.0",
    );
    let keys: Vec<&String> = lower["nodes"][0]["actions"][0].as_object().expect("an action").keys().collect();
    assert_eq!(keys, ["uuid", "type", "body", "topic"], "members stay in their places");
}

#[test]
fn a_switch_that_an_upgrade_would_mistake_is_moved_out_of_its_way() {
    let samples = [
        ("@webhook.json.status", case("has_number_eq", json!(["3"])), "13.2.0"),
        ("@webhook.json.status", case("has_number_eq", json!(["3"])), "14.4.0"),
        ("@results.stock_level.category", case("has_only_text", json!(["Success"])), "14.0.0"),
        ("@webhook.status", case("has_number_eq", json!(["404"])), "14.4.1"),
    ];
    for (operand, cases, to) in samples {
        let before = flow(split(webhook(), operand, cases.clone()), json!({}));
        let (lower, conversion) = down(before.clone(), to);
        assert_eq!(conversion.warnings, [], "{operand}");
        let after = up(lower);
        assert_eq!(after["nodes"].as_array().map(Vec::len), Some(2), "{operand}");
        assert_eq!(after["nodes"][0]["exits"][0]["destination_uuid"], id(10), "{operand}");
        assert_eq!(after["nodes"][1]["router"], before["nodes"][0]["router"], "{operand}");
    }
}

#[test]
fn what_cannot_be_said_is_listed_with_its_node() {
    let local = json!({"uuid": id(10), "exits": [{"uuid": id(31)}], "actions": [
        {"uuid": id(12), "type": "set_run_local", "local": "tries", "operation": "increment", "value": "1"}]});
    let samples = [
        (message("@webhook.headers.Date"), "13.2.0", 1),
        (message("@webhook"), "13.2.0", 1),
        (message("@webhook.status"), "13.2.0", 1),
        (message("@webhook.status"), "13.3.0", 0),
        (message("@(locals.tries + 1)"), "14.2.0", 1),
        (message("@(locals.tries + 1)"), "14.3.0", 0),
        (local, "13.6.1", 1),
    ];
    for (node, to, expected) in samples {
        let (_, conversion) = down(flow(node.clone(), json!({})), to);
        assert_eq!(conversion.warnings.len(), expected, "{node} {to}: {:?}", conversion.warnings);
        assert!(conversion.warnings.iter().all(|warning| warning.node.as_deref() == Some(&id(10))));
    }
    let (_, conversion) = down(with(mood(), "/expire_after_minutes", json!(90_000)), "13.6.1");
    assert_eq!(conversion.warnings.len(), 1);
}

#[test]
fn conversions_say_what_they_changed() {
    let before = flow(
        split(webhook(), "@(default(webhook.status, 0))", case("has_number_between", json!(["200", "299"]))),
        json!({}),
    );
    let (_, conversion) = down(before, "14.4.1");
    let changes: Vec<_> =
        conversion.changes.iter().map(|change| (change.node.as_deref(), &*change.what)).collect();
    assert_eq!(changes, [(Some(&*id(10)), "router")]);
    assert_eq!(conversion.from, migrations::CURRENT);
}

#[test]
fn targets_have_names() {
    for (text, expected) in
        [("13", "13.2.0"), ("13.x", "13.2.0"), ("14", "14.4.2"), ("13.6.1", "13.6.1"), ("13.0", "13.0.0")]
    {
        assert_eq!(target(text).expect(text).to_string(), expected);
    }
    for text in ["", "12", "13.9.9", "15", "x"] {
        assert!(target(text).is_err(), "{text}");
    }
}

#[test]
fn extensions_go_with_the_actions_that_they_belong_to() {
    let message = json!({"uuid": id(13), "type": "send_msg", "text": "One moment"});
    let mut node = split(webhook(), "@webhook.status", case("has_number_eq", json!(["404"])));
    node["actions"].as_array_mut().expect("actions").insert(0, message);
    let mut before = flow(node, json!({}));
    let messages = json!({id(13): {"pause_seconds": 3}});
    let collect = json!({"quiet_seconds": 5});
    before["_ui"]["nodes"][id(10)]["config"] =
        json!({"seedling": {"messages": messages, "collect": collect}});
    let (lower, _) = down(before, "14.4.1");
    let front = lower["nodes"][0]["uuid"].as_str().expect("a uuid");
    let shown = &lower["_ui"]["nodes"];
    assert_eq!(shown[front]["config"]["seedling"], json!({"messages": messages}));
    assert_eq!(shown[id(10)]["config"]["seedling"], json!({"collect": collect}));
}
