//! Flows of action sets and rule sets out of choices: every action, rule and kind of rule set, of any version.

use serde_json::{Value as Json, json};

use crate::Choices;
use crate::flow::id;

const ACTIONS: [&str; 16] = [
    "reply",
    "end_ussd",
    "say",
    "play",
    "save",
    "lang",
    "channel",
    "add_group",
    "del_group",
    "add_label",
    "send",
    "email",
    "trigger-flow",
    "flow",
    "api",
    "",
];
const TESTS: [&str; 36] = [
    "true",
    "timeout",
    "interrupted_status",
    "or",
    "and",
    "in_group",
    "subflow",
    "webhook_status",
    "airtime_status",
    "between",
    "district",
    "ward",
    "contains",
    "contains_any",
    "contains_phrase",
    "phrase",
    "contains_only_phrase",
    "only_phrase",
    "starts",
    "regex",
    "not_empty",
    "number",
    "lt",
    "lte",
    "eq",
    "gte",
    "gt",
    "date",
    "date_before",
    "date_equal",
    "date_after",
    "phone",
    "has_email",
    "email",
    "state",
    "unheard_of",
];
const KINDS: [&str; 24] = [
    "wait_message",
    "wait_photo",
    "wait_audio",
    "wait_recording",
    "wait_video",
    "wait_gps",
    "wait_digit",
    "wait_digits",
    "wait_menu",
    "wait_ussd",
    "expression",
    "shorten_url",
    "contact_field",
    "flow_field",
    "form_field",
    "group",
    "subflow",
    "webhook",
    "resthook",
    "airtime",
    "random",
    "",
    "unheard_of",
    "wait_message",
];
const VERSIONS: [&str; 10] = ["11.12", "11.0", "10.4", "10", "9", "8", "7", "5", "3", "12"];
const TEXTS: [&str; 14] = [
    "Hi @contact.first_name",
    "@step.value",
    "@(SUM(1, flow.age))",
    "=(LEFT(step.value, 3))",
    "@extra.name",
    "@flow.r1.category",
    "@date.now",
    "@(1 +",
    "10",
    "",
    "@parent.x @child.y",
    "tel:+254712345678",
    "2024-01-01",
    "é 🛏",
];

/// Makes an old flow.
pub fn make(choices: &mut Choices<'_>) -> Json {
    let (acts, rules) = (choices.below(4), choices.below(4));
    let nodes = acts + rules;
    let action_sets: Vec<Json> = (0..acts).map(|place| action_set(choices, place, nodes)).collect();
    let rule_sets: Vec<Json> = (acts..nodes).map(|place| rule_set(choices, place, nodes)).collect();
    let definition = json!({
        "base_language": choices.one(&["eng", "base", ""]), "entry": id(1_000), "version": choices.one(&VERSIONS),
        "flow_type": choices.one(&["M", "F", "V", "S", "U", "B", ""]), "action_sets": action_sets, "rule_sets": rule_sets,
        "metadata": {"uuid": id(0), "name": "Old", "revision": 12, "expires": 720,
            "notes": [{"x": 1, "y": 2, "title": "Note", "body": "é"}]},
    });
    if choices.once_in(4) {
        json!({"id": 7, "name": "Old", "version": 4, "definition": definition})
    } else {
        definition
    }
}

fn destination(choices: &mut Choices<'_>, nodes: usize) -> Json {
    let to = choices.below(nodes + 1);
    if to < nodes { json!(id(1_000 + to)) } else { Json::Null }
}

/// A text in languages, or one that has none.
fn text(choices: &mut Choices<'_>) -> Json {
    let plain = plain(choices);
    if choices.once_in(3) { json!(plain) } else { json!({"eng": plain, "fra": "Bonjour @contact"}) }
}

fn plain(choices: &mut Choices<'_>) -> String {
    if choices.once_in(4) { choices.text(40) } else { (*choices.one(&TEXTS)).to_owned() }
}

fn action_set(choices: &mut Choices<'_>, place: usize, nodes: usize) -> Json {
    let actions: Vec<Json> = (0..choices.below(4)).map(|_| action(choices)).collect();
    json!({"uuid": id(1_000 + place), "x": choices.below(900), "y": choices.below(900),
        "destination": destination(choices, nodes), "actions": actions, "exit_uuid": id(2_000 + place)})
}

fn action(choices: &mut Choices<'_>) -> Json {
    let group =
        if choices.once_in(2) { json!({"uuid": id(30), "name": "Mothers"}) } else { json!(plain(choices)) };
    json!({
        "type": choices.one(&ACTIONS), "uuid": id(3_000 + choices.below(50)), "msg": text(choices), "media": {"eng":
        "image/jpeg:a.jpg"}, "recording": text(choices), "url": plain(choices), "field": choices.one(&["age", "name",
        "first_name", "tel_e164", ""]), "label": "Age", "value": plain(choices), "lang": "fra", "name": plain(choices),
        "groups": [group, group], "labels": [{"uuid": id(31), "name": "L"}, plain(choices)], "channel": id(32),
        "contacts": [{"uuid": id(33), "name": "Ann"}, {"id": 3}], "variables": [{"id": plain(choices)}, {"id":
        "@new_contact"}], "emails": [plain(choices)], "subject": plain(choices), "flow": {"uuid": id(1), "name": "Child"},
        "id": 4, "quick_replies": [{"eng": "Yes"}], "send_all": true, "webhook": plain(choices), "action": "POST",
        "webhook_headers": [{"name": "A", "value": plain(choices)}],
    })
}

fn rule_set(choices: &mut Choices<'_>, place: usize, nodes: usize) -> Json {
    let rules: Vec<Json> = (0..choices.below(5))
        .map(|rule| {
            json!({"uuid": id(4_000 + place * 10 + rule), "category": text(choices), "destination":
            destination(choices, nodes), "destination_type": "A", "test": test(choices, 0)})
        })
        .collect();
    json!({
        "uuid": id(1_000 + place), "x": choices.below(900), "y": choices.below(900), "label": plain(choices), "rules": rules,
        "ruleset_type": choices.one(&KINDS), "operand": plain(choices), "finished_key": "#", "response_type": "",
        "webhook": plain(choices), "webhook_action": "GET", "ussd_message": text(choices), "config": {
            "webhook": plain(choices), "webhook_action": "POST", "webhook_headers": [{"name": "A", "value": "b"}],
            "flow": {"uuid": id(1), "name": "Child"}, "field_index": choices.below(4), "field_delimiter": " ",
            "resthook": "new-bed", "KE": {"code": "KE", "currency_code": "KES", "amount": choices.below(200)}},
    })
}

fn test(choices: &mut Choices<'_>, depth: usize) -> Json {
    let kind = *choices.one(&TESTS);
    let mut test = json!({
        "type": kind, "test": text(choices), "base": plain(choices), "min": plain(choices), "max": plain(choices),
        "minutes": choices.below(900), "exit_type": choices.one(&["completed", "expired"]), "status":
        choices.one(&["success", "failure"]), "exit_status": "success", "state": plain(choices), "district":
        plain(choices),
    });
    if matches!(kind, "or" | "and") && depth < 4 {
        let tests: Vec<Json> = (0..choices.below(3)).map(|_| self::test(choices, depth + 1)).collect();
        test["tests"] = json!(tests);
    }
    if kind == "in_group" {
        test["test"] = json!({"uuid": id(30), "name": "Mothers"});
    }
    test
}
