//! Flows of action sets and rule sets: what becomes of each part, and that damage is named and never a panic.

use std::collections::BTreeMap;

use flows::export::Export;
use flows::legacy::Origin;
use flows::migrations::{self, Version};
use flows::vocabulary::library;
use flows::{Definition, Program};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::samples::{id, uuids};

const FIRST: Version = Version::new(13, 0, 0);

/// A flow of one action set.
fn with_action(action: Value) -> Value {
    json!({"version": "11.12", "flow_type": "M", "base_language": "eng", "entry": id(10),
        "metadata": {"uuid": id(1), "name": "Visit", "expires": 60, "revision": 3},
        "action_sets": [{"uuid": id(10), "exit_uuid": id(11), "x": 20, "y": 40, "destination": null, "actions": [action]}],
        "rule_sets": []})
}

/// A flow of one rule set.
fn with_rules(kind: Value, operand: &str, config: Value, rules: &[Value]) -> Value {
    let rules: Vec<Value> = rules
        .iter()
        .enumerate()
        .map(|(index, test)| {
            json!({"uuid": id(40 + index as u128), "category": {"eng": format!("C{index}")}, "destination": null, "test": test})
        })
        .collect();
    json!({"version": "11.12", "flow_type": "M", "base_language": "eng", "action_sets": [],
        "metadata": {"uuid": id(1), "name": "Visit"},
        "rule_sets": [{"uuid": id(20), "x": 5.9, "y": 7, "label": "Next visit", "ruleset_type": kind, "operand": operand,
            "config": config, "rules": rules}]})
}

fn anything() -> Value {
    json!({"type": "true"})
}

fn first(mut flow: Value) -> Value {
    migrations::migrate(&mut flow, FIRST, &mut uuids()).expect("a flow");
    flow
}

fn refusal(flow: Value) -> String {
    Definition::read_value(&flow, &mut uuids()).expect_err("broken").to_string()
}

#[test]
fn actions_become_what_they_did() {
    let group = json!({"uuid": id(60), "name": "Mothers"});
    let cases = [
        (
            json!({"type": "reply", "msg": "Habari @contact.clinic"}),
            json!({"type": "send_msg", "text": "Habari @fields.clinic"}),
        ),
        (
            json!({"type": "reply", "msg": {"eng": ""}, "media": {"eng": "image:https://example.org/leaf.png"}}),
            json!({"type": "send_msg", "text": "@(\"\")", "attachments": ["image:https://example.org/leaf.png"]}),
        ),
        (
            json!({"type": "save", "field": "due_date", "value": "@step"}),
            json!({"type": "set_contact_field", "field": {"key": "due_date", "name": "Due Date"}, "value": "@input"}),
        ),
        (
            json!({"type": "save", "field": "whatsapp", "label": "WhatsApp", "value": "@step"}),
            json!({"type": "add_contact_urn", "scheme": "whatsapp", "path": "@input"}),
        ),
        (
            json!({"type": "save", "field": "first_name", "value": "Zodwa"}),
            json!({"type": "set_contact_name", "name": "Zodwa @(word_slice(contact.name, 1, -1))"}),
        ),
        (
            json!({"type": "channel", "channel": id(70), "name": "Shortcode"}),
            json!({"type": "set_contact_channel", "channel": {"uuid": id(70), "name": "Shortcode"}}),
        ),
        (
            json!({"type": "add_group", "groups": [group, "Nurses"]}),
            json!({"type": "add_contact_groups", "groups": [group, {"name_match": "Nurses"}]}),
        ),
        (
            json!({"type": "flow", "flow": {"uuid": id(2), "name": "Next"}}),
            json!({"type": "enter_flow", "flow": {"uuid": id(2), "name": "Next"}, "terminal": true}),
        ),
        (
            json!({"type": "send", "msg": {"eng": "Hi"}, "variables": ["@contact.nurse"], "contacts": [{"id": 5, "name": "Bob"}]}),
            json!({"type": "send_broadcast", "text": "Hi", "legacy_vars": ["@fields.nurse"]}),
        ),
        (
            json!({"type": "play", "url": "@flow.song"}),
            json!({"type": "play_audio", "audio_url": "@results.song"}),
        ),
        (
            json!({"type": "say", "msg": {}, "recording": {"eng": "https://example.org/a.mp3"}}),
            json!({"type": "play_audio", "audio_url": "https://example.org/a.mp3"}),
        ),
    ];
    for (old, mut expected) in cases {
        let flow = first(with_action(old.clone()));
        let action = &flow["nodes"][0]["actions"][0];
        expected["uuid"] = action["uuid"].clone();
        assert_eq!(*action, expected, "{old}");
    }
}

#[test]
fn what_cannot_be_brought_along_is_written_down_at_its_node() {
    let flow =
        first(with_action(json!({"type": "send", "msg": "Hi", "contacts": [{"id": 5, "name": "Bob"}]})));
    let notes: Vec<&Value> = flow["_ui"]["stickies"].as_object().unwrap().values().collect();
    assert_eq!(notes.len(), 1);
    assert!(notes[0]["body"].as_str().unwrap().contains("Bob 5"), "{}", notes[0]);
    assert_eq!(notes[0]["position"], json!({"left": 240, "top": 40}));
}

#[test]
fn texts_are_found_in_every_language() {
    let reply = json!({"type": "reply", "uuid": id(12), "msg": {"eng": "Yes?", "swa": "Ndio?", "base": "old"},
        "quick_replies": [{"eng": "Yes", "swa": "Ndio"}, {"eng": "No"}]});
    let flow = first(with_action(reply));
    let expected = json!({"swa": {id(12): {"text": ["Ndio?"], "quick_replies": ["Ndio", ""]}}});
    assert_eq!(flow["localization"], expected);
    let flow = first(with_action(json!({"type": "reply", "msg": {"swa": "Habari"}})));
    assert_eq!(flow["nodes"][0]["actions"][0]["text"], "Habari", "better one in another language than none");
}

#[test]
fn rule_sets_wait_for_what_they_waited_for() {
    let cases = [
        ("wait_message", json!({"type": "msg"})),
        ("wait_recording", json!({"type": "msg", "hint": {"type": "audio"}})),
        ("wait_audio", json!({"type": "msg", "hint": {"type": "audio"}})),
        ("wait_photo", json!({"type": "msg", "hint": {"type": "image"}})),
        ("wait_video", json!({"type": "msg", "hint": {"type": "video"}})),
        ("wait_gps", json!({"type": "msg", "hint": {"type": "location"}})),
        ("wait_digit", json!({"type": "msg", "hint": {"type": "digits", "count": 1}})),
        ("wait_digits", json!({"type": "msg", "hint": {"type": "digits", "terminated_by": "#"}})),
    ];
    for (kind, wait) in cases {
        let flow = first(with_rules(json!(kind), "@step.value", json!({}), &[anything()]));
        assert_eq!(flow["nodes"][0]["router"]["wait"], wait, "{kind}");
        assert_eq!(flow["nodes"][0]["router"]["operand"], "@input", "{kind}");
    }
}

#[test]
fn rule_sets_look_at_what_they_looked_at() {
    let flow_2 = json!({"flow": {"uuid": id(2), "name": "Next"}});
    let form = json!({"field_delimiter": "+", "field_index": 2});
    let cases = [
        (
            "expression",
            "@contact.age",
            json!({}),
            "@(if(is_error(fields.age), \"@contact.age\", fields.age))",
            "split_by_expression",
        ),
        ("contact_field", "@contact.age", json!({}), "@fields.age", "split_by_contact_field"),
        ("contact_field", "@contact.tel", json!({}), "@(format_urn(urns.tel))", "split_by_contact_field"),
        ("flow_field", "@flow.due_date", json!({}), "@results.due_date", "split_by_run_result"),
        (
            "flow_field",
            "@flow.due_date.category",
            json!({}),
            "@results.due_date.category_localized",
            "split_by_expression",
        ),
        (
            "form_field",
            "@flow.form",
            form,
            "@(field(results.form, 2, \"+\"))",
            "split_by_run_result_delimited",
        ),
        ("group", "@step.value", json!({}), "@contact.groups", "split_by_groups"),
        ("subflow", "@step.value", flow_2, "@child.status", "split_by_subflow"),
        (
            "resthook",
            "@step.value",
            json!({"resthook": "born"}),
            "@results.next_visit.category",
            "split_by_resthook",
        ),
        (
            "webhook",
            "@step.value",
            json!({"webhook": "https://example.org", "webhook_action": "GET"}),
            "@results.next_visit.category",
            "split_by_webhook",
        ),
        (
            "airtime",
            "@step.value",
            json!({"ZA": {"currency_code": "ZAR", "amount": "5.50"}}),
            "@results.next_visit",
            "split_by_airtime",
        ),
    ];
    for (kind, operand, config, expected, shown) in cases {
        let flow = first(with_rules(json!(kind), operand, config, &[anything()]));
        assert_eq!(flow["nodes"][0]["router"]["operand"], expected, "{kind} {operand}");
        assert_eq!(flow["_ui"]["nodes"][id(20)]["type"], shown, "{kind} {operand}");
        assert_eq!(flow["_ui"]["nodes"][id(20)]["position"], json!({"left": 5, "top": 7}));
    }
    let flow = first(with_rules(json!("flow_field"), "@flow.due_date", json!({}), &[anything()]));
    let operand = json!({"operand": {"id": "due_date", "type": "result", "name": "Due Date"}});
    assert_eq!(flow["_ui"]["nodes"][id(20)]["config"], operand);
}

#[test]
fn types_that_old_files_leave_out_follow_from_the_rest() {
    let cases = [
        (json!({}), "@step.value", true),
        (json!({}), "@contact.name", false),
        (json!({"response_type": "K"}), "", true),
        (json!({"response_type": "C"}), "@flow.age", false),
    ];
    for (members, operand, waits) in cases {
        let mut flow = with_rules(Value::Null, operand, json!({}), &[anything()]);
        flow["rule_sets"][0]["response_type"] = members["response_type"].clone();
        let flow = first(flow);
        assert_eq!(flow["nodes"][0]["router"]["wait"].is_object(), waits, "{operand} {members}");
    }
}

#[test]
fn tests_ask_what_they_asked() {
    let cases = [
        (json!({"type": "contains", "test": "a b"}), "has_all_words", json!(["a b"])),
        (json!({"type": "contains_any", "test": {"eng": "a b"}}), "has_any_word", json!(["a b"])),
        (json!({"type": "contains_phrase", "test": {"eng": "a b"}}), "has_phrase", json!(["a b"])),
        (json!({"type": "contains_only_phrase", "test": {"eng": "a b"}}), "has_only_phrase", json!(["a b"])),
        (json!({"type": "starts", "test": {"eng": "a"}}), "has_beginning", json!(["a"])),
        (json!({"type": "regex", "test": {"eng": "^a+$"}}), "has_pattern", json!(["^a+$"])),
        (json!({"type": "number"}), "has_number", Value::Null),
        (json!({"type": "lt", "test": 5}), "has_number_lt", json!(["5"])),
        (json!({"type": "lte", "test": "@flow.a"}), "has_number_lte", json!(["@results.a"])),
        (json!({"type": "eq", "test": "5"}), "has_number_eq", json!(["5"])),
        (json!({"type": "gte", "test": "5"}), "has_number_gte", json!(["5"])),
        (json!({"type": "gt", "test": "5"}), "has_number_gt", json!(["5"])),
        (json!({"type": "between", "min": 1, "max": "5"}), "has_number_between", json!(["1", "5"])),
        (json!({"type": "date"}), "has_date", Value::Null),
        (json!({"type": "date_before", "test": "@date.today"}), "has_date_lt", json!(["@(today())"])),
        (json!({"type": "date_equal", "test": "1-2-2026"}), "has_date_eq", json!(["1-2-2026"])),
        (
            json!({"type": "date_after", "test": "@(date.today + 3)"}),
            "has_date_gt",
            json!(["@(datetime_add(today(), 3, \"D\"))"]),
        ),
        (json!({"type": "phone"}), "has_phone", Value::Null),
        (json!({"type": "has_email"}), "has_email", Value::Null),
        (json!({"type": "not_empty"}), "has_text", Value::Null),
        (json!({"type": "state"}), "has_state", Value::Null),
        (json!({"type": "district", "test": "@flow.state"}), "has_district", json!(["@results.state"])),
        (
            json!({"type": "ward", "state": "Gauteng", "district": "@flow.district"}),
            "has_ward",
            json!(["Gauteng", "@results.district"]),
        ),
        (
            json!({"type": "in_group", "test": {"uuid": id(60), "name": "Mothers"}}),
            "has_group",
            json!([id(60), "Mothers"]),
        ),
        (json!({"type": "subflow", "exit_type": "expired"}), "has_only_text", json!(["expired"])),
        (json!({"type": "webhook_status", "status": "success"}), "has_only_text", json!(["Success"])),
        (json!({"type": "and", "tests": [{"type": "true"}, {"type": "number"}]}), "has_number", Value::Null),
    ];
    for (test, name, arguments) in cases {
        let flow = first(with_rules(json!("wait_message"), "", json!({}), std::slice::from_ref(&test)));
        let case = &flow["nodes"][0]["router"]["cases"][0];
        assert_eq!((case["type"].as_str(), &case["arguments"]), (Some(name), &arguments), "{test}");
    }
    let either = json!({"type": "or", "tests": [{"type": "number"}, {"type": "date"}]});
    let flow = first(with_rules(json!("wait_message"), "", json!({}), &[either, anything()]));
    let cases = flow["nodes"][0]["router"]["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 2);
    assert_eq!(cases[0]["category_uuid"], cases[1]["category_uuid"]);
}

#[test]
fn parts_by_chance_keep_their_size() {
    let part = |min: &str, max: &str| json!({"type": "between", "min": min, "max": max});
    let halves =
        first(with_rules(json!("random"), "@(RAND())", json!({}), &[part("0", "0.5"), part("0.5", "1")]));
    assert_eq!(halves["nodes"][0]["router"]["type"], "random");
    let uneven =
        first(with_rules(json!("random"), "@(RAND())", json!({}), &[part("0", "0.9"), part("0.9", "1")]));
    assert_eq!(uneven["nodes"][0]["router"]["operand"], "@(rand())");
    assert_eq!(uneven["nodes"][0]["router"]["cases"][0]["arguments"], json!(["0", "0.9"]));
}

#[test]
fn answers_of_services_are_looked_at_in_a_node_of_their_own() {
    let mut flow =
        with_rules(Value::Null, "@extra.stock", json!({}), &[json!({"type": "gt", "test": "0"}), anything()]);
    flow["rule_sets"][0]["webhook"] = json!("https://example.org/stock?of=@contact.clinic");
    flow["rule_sets"][0]["webhook_action"] = json!("GET");
    let flow = Definition::read_value(&flow, &mut uuids()).expect("a flow");
    let flow: Value = serde_json::from_str(flow.json()).unwrap();
    let (call, look) = (&flow["nodes"][0], &flow["nodes"][1]);
    assert_eq!(call["uuid"], id(20));
    assert_eq!(call["actions"][0]["url"], "https://example.org/stock?of=@(url_encode(fields.clinic))");
    assert_eq!(call["router"]["operand"], "@(default(webhook.status, 0))");
    assert!(call["exits"].as_array().unwrap().iter().all(|exit| exit["destination_uuid"] == look["uuid"]));
    assert_eq!(look["router"]["cases"][0]["type"], "has_number_gt");
}

#[test]
fn exports_before_identifiers_hold_together() {
    let old = |name: &str, number: u32, next: u32, node: u128| {
        json!({"name": name, "id": number, "flow_type": "F", "expires": 100, "definition": {"rule_sets": [], "action_sets": [
            {"uuid": id(node), "x": 0, "y": 0, "destination": null, "actions": [
                {"type": "flow", "flow": {"id": next, "name": "whatever"}}, {"type": "add_group", "groups": ["Mothers"]},
                {"type": "save", "field": "due_date", "label": "Due date", "value": "@step"}]}]}})
    };
    let export = json!({"version": 4, "site": "https://example.org", "flows": [old("One", 1, 2, 10), old("Two", 2, 1, 30)]});
    let text = export.to_string();
    let export = Export::read(text.as_bytes(), &mut uuids()).expect("an export");
    let [one, two] = export.flows.as_slice() else { panic!("two flows") };
    let next = |definition: &Value| definition["nodes"][0]["actions"][0]["flow"]["uuid"].clone();
    assert_eq!(next(&one.definition), json!(two.uuid));
    assert_eq!(next(&two.definition), json!(one.uuid));
    assert_eq!(one.definition["expire_after_minutes"], 100);
    let mut others = uuids();
    others();
    let again = Export::read(text.as_bytes(), &mut others).expect("an export");
    assert_eq!((&again.flows[0].definition, again.flows[1].uuid), (&one.definition, two.uuid));
    let fields: Vec<&str> = export.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(fields, ["Due date"], "so is a field that is only saved");
    let groups: Vec<&str> = export.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(groups, ["Mothers"], "a group that is only named is made by the import");
}

#[test]
fn broken_flows_name_the_node_and_the_reason() {
    let teleport = json!({"type": "teleport"});
    let mut without_uuid = with_action(json!({"type": "reply", "msg": "Hi"}));
    without_uuid["action_sets"][0]["uuid"] = json!(7);
    let cases = [
        (
            with_action(teleport.clone()),
            format!("invalid legacy action set[uuid={}]: action[0] of type 'teleport'", id(10)),
        ),
        (without_uuid, "invalid legacy action set[uuid=7]: field 'uuid' must be a valid UUID".to_owned()),
        (
            with_rules(json!("oracle"), "", json!({}), &[anything()]),
            format!("invalid legacy rule set[uuid={}]: ruleset type 'oracle' is not known", id(20)),
        ),
        (
            with_rules(json!("wait_message"), "", json!({}), &[teleport]),
            format!("invalid legacy rule set[uuid={}]: rule[0] 'C0': test 'teleport' is not known", id(20)),
        ),
        (
            with_rules(json!("wait_message"), "", json!({}), &[]),
            format!("invalid legacy rule set[uuid={}]: it has no rules", id(20)),
        ),
        (
            with_rules(json!("webhook"), "", json!({}), &[anything()]),
            format!("invalid legacy rule set[uuid={}]: the address of the web service is missing", id(20)),
        ),
        (json!({"flow_type": "X"}), "the legacy flow type 'X' is not known".to_owned()),
    ];
    for (flow, expected) in cases {
        let refusal = refusal(flow);
        assert!(refusal.contains(&expected), "{refusal}");
    }
}

/// A flow with something of everything.
fn everything() -> Value {
    let mut flow =
        with_action(json!({"type": "reply", "uuid": id(12), "msg": {"eng": "Hi @contact", "swa": "Habari"},
        "media": {"eng": "a/b.png"}, "quick_replies": [{"eng": "Yes"}]}));
    flow["metadata"]["notes"] = json!([{"x": 1, "y": 2.5, "title": "Note", "body": "Here"}]);
    let more = [
        json!({"type": "send", "msg": {"eng": "@flow.a"}, "contacts": [{"uuid": id(80)}], "groups": ["G"], "variables": [{"id": "@new_contact"}]}),
        json!({"type": "trigger-flow", "flow": {"uuid": id(1), "name": "Visit"}, "variables": [{"id": "@contact"}]}),
        json!({"type": "email", "emails": ["a@example.org"], "subject": "S", "msg": "B"}),
        json!({"type": "api", "webhook": "https://example.org", "action": "POST"}),
        json!({"type": "del_group", "groups": []}),
        json!({"type": "add_label", "labels": [{"name": "L"}]}),
    ];
    flow["action_sets"][0]["actions"].as_array_mut().unwrap().extend(more);
    let sets = [
        (
            "wait_message",
            "@step.value",
            json!({"type": "contains_any", "test": {"eng": "a", "swa": "b"}}),
            json!({}),
        ),
        (
            "expression",
            "@(1 + flow.a)",
            json!({"type": "between", "min": "1", "max": "@contact.b"}),
            json!({}),
        ),
        ("random", "", json!({"type": "between", "min": "0", "max": "0.2"}), json!({})),
        (
            "webhook",
            "",
            json!({"type": "webhook_status", "status": "success"}),
            json!({"webhook": "https://example.org", "webhook_headers": [{"name": "A", "value": "@contact.x"}]}),
        ),
        (
            "form_field",
            "@flow.form",
            json!({"type": "ward", "state": "a", "district": "b"}),
            json!({"field_index": 1}),
        ),
        (
            "airtime",
            "",
            json!({"type": "airtime_status", "exit_status": "success"}),
            json!({"Z": {"currency_code": "ZAR", "amount": 1}}),
        ),
        (
            "subflow",
            "",
            json!({"type": "subflow", "exit_type": "completed"}),
            json!({"flow": {"uuid": id(1), "name": "Visit"}}),
        ),
        (
            "wait_ussd",
            "",
            json!({"type": "timeout", "minutes": 5}),
            json!({"ussd_message": {"eng": "1. Yes"}}),
        ),
        ("group", "", json!({"type": "in_group", "test": "Mothers"}), json!({})),
    ];
    let sets: Vec<Value> = sets.iter().zip(0..).map(|((kind, operand, test, config), at): (_, u128)| {
        json!({"uuid": id(100 + at), "x": 0, "y": at as u64, "label": format!("R {at}"), "ruleset_type": kind, "operand": operand, "config": config,
            "rules": [
                {"uuid": id(200 + 2 * at), "category": {"eng": "Yes"}, "destination": id(10), "test": test},
                {"uuid": id(201 + 2 * at), "category": {"eng": "Other"}, "destination": id(101 + at), "test": {"type": "true"}}]})
    }).collect();
    flow["rule_sets"] = sets.into();
    flow
}

#[test]
fn replies_to_tap_keep_their_places_in_every_language() {
    let replies =
        json!([{"swa": "Ndiyo"}, {"eng": "", "swa": ""}, {"eng": "No", "swa": "Hapana"}, {"eng": "Maybe"}]);
    let flow = first(with_action(
        json!({"type": "reply", "uuid": id(12), "msg": {"eng": "Well?"}, "quick_replies": replies}),
    ));
    assert_eq!(flow["nodes"][0]["actions"][0]["quick_replies"], json!(["Ndiyo", "No", "Maybe"]));
    assert_eq!(flow["localization"]["swa"][id(12)]["quick_replies"], json!(["Ndiyo", "Hapana", ""]));
}

#[test]
fn an_email_without_words_does_not_keep_the_flow_from_being_read() {
    let action =
        json!({"type": "email", "uuid": id(12), "emails": ["nurse@example.org"], "subject": "", "msg": null});
    let definition = Definition::read_value(&with_action(action), &mut uuids()).expect("a flow");
    assert_eq!(definition.nodes[0].actions.len(), 1);
}

#[test]
fn fields_are_saved_under_keys_that_fields_can_have() {
    let action =
        json!({"type": "save", "uuid": id(12), "field": "Due Date", "label": "Due Date", "value": "@step"});
    let flow = first(with_action(action));
    assert_eq!(flow["nodes"][0]["actions"][0]["field"], json!({"key": "due_date", "name": "Due Date"}));
}

#[test]
fn everything_becomes_a_flow_that_compiles() {
    let definition = Definition::read_value(&everything(), &mut uuids()).expect("a flow");
    assert_eq!(definition.nodes.len(), 10);
    assert_eq!(definition.nodes[0].uuid.to_string(), id(10), "the entry comes first");
    let program = Program::compile(&definition, library());
    assert!(program.entry().is_some());
    let mut twice = BTreeMap::new();
    for exit in definition.nodes.iter().flat_map(|node| &node.exits) {
        assert!(twice.insert(exit.uuid, ()).is_none(), "{} leads two ways", exit.uuid);
    }
}

/// Replaces, takes away or repeats what is at one place of a JSON value, counted in the order of reading.
fn mutate(value: &mut Value, place: &mut usize, with: &Value) -> bool {
    if *place == 0 {
        *value = with.clone();
        return true;
    }
    *place -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| mutate(item, place, with)),
        Value::Object(members) => members.values_mut().any(|member| mutate(member, place, with)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn anything_else() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "@[(a-z.+)\"0-9 ]{0,20}".prop_map(Value::from),
        Just(json!([])),
        Just(json!([[], {}, null, "x"])),
        Just(json!({})),
        Just(json!({"type": "or", "tests": [{"type": "and", "tests": [{"type": "true"}]}]})),
        Just(json!({"eng": null, "": {"x": 1}, "swa": ["a"]})),
        Just(Value::from(id(100))),
    ]
}

proptest! {
    #[test]
    fn damaged_flows_are_refused_or_read_but_never_panic(
        damages in proptest::collection::vec((0_usize..400, anything_else()), 1..5),
        wrapped: bool,
    ) {
        let mut flow = everything();
        for (mut place, with) in damages {
            mutate(&mut flow, &mut place, &with);
        }
        if wrapped {
            flow = json!({"definition": flow, "name": "Wrapped", "id": 7});
        }
        let mut alone = flow.clone();
        let _ = flows::legacy::migrate(&mut alone, &mut Origin::default(), &mut uuids());
        if let Ok(definition) = Definition::read_value(&flow, &mut uuids()) {
            Program::compile(&definition, library());
        }
        let export = json!({"version": 10, "flows": [flow]});
        let _ = Export::read(export.to_string().as_bytes(), &mut uuids());
    }
}
