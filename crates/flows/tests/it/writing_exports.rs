//! Exports that are written: nothing is lost, and what belongs together stays together.

use domain::FlowUuid;
use flows::export::{Contents, Existing, Export, Written, plan};
use flows::migrations::{CURRENT, RAPIDPRO_9};
use serde_json::{Value, json};

use crate::samples::{id, mood, uuids, with};

fn group(number: u128, name: &str, query: Option<&str>) -> Value {
    json!({"uuid": id(number), "name": name, "query": query})
}

/// A flow that does one thing.
fn small(number: u128, name: &str, action: Value) -> Value {
    json!({"uuid": id(number), "name": name, "spec_version": "14.4.2", "language": "eng", "type": "messaging",
        "revision": 1, "expire_after_minutes": 60, "localization": {},
        "nodes": [{"uuid": id(number + 0x100), "actions": [action], "exits": [{"uuid": id(number + 0x200)}]}]})
}

fn say(text: &str) -> Value {
    json!({"uuid": id(0x777), "type": "send_msg", "text": text})
}

/// Four flows: the first enters the second, a campaign starts the second and the third, nobody needs the fourth.
fn programme() -> Value {
    let flow = |number, name: &str| json!({"uuid": id(number), "name": name});
    let due = json!({"key": "due_date", "label": "Due date"});
    json!({"version": "13", "site": "https://example.org",
        "flows": [mood(), small(2, "Thanks", say("Thanks")), small(3, "Visit", say("Come, @fields.village")),
            small(4, "Alone", say("Hm"))],
        "campaigns": [{"uuid": id(60), "name": "Visits", "group": group(70, "Mothers", Some("age > 15 AND group = \"Adults\"")),
            "events": [
                {"uuid": id(61), "offset": -3, "unit": "D", "event_type": "F", "delivery_hour": 9, "flow": flow(2, "Thanks"), "relative_to": due, "start_mode": "S"},
                {"uuid": id(62), "offset": 1, "unit": "W", "event_type": "F", "delivery_hour": -1, "flow": flow(3, "Visit"), "relative_to": due},
                {"uuid": id(63), "offset": 2, "unit": "H", "event_type": "M", "message": {"eng": "Hi", "xho": "Molo"},
                    "base_language": "eng", "relative_to": {"key": "created_on", "label": "Created On"}}]}],
        "triggers": [
            {"trigger_type": "K", "keywords": ["mood", "how"], "match_type": "O", "flow": flow(1, "Mood"), "groups": [group(71, "Testers", None)], "exclude_groups": []},
            {"trigger_type": "C", "flow": flow(4, "Alone"), "groups": [], "exclude_groups": [group(72, "Staff", None)]}],
        "fields": [{"key": "age", "name": "Age", "type": "number"}, {"key": "mood", "name": "Mood", "type": "text"},
            {"key": "unused", "name": "Unused", "type": "ward"}, {"key": "village", "name": "Village", "type": "text"}],
        "groups": [group(70, "Mothers", Some("age > 15 AND group = \"Adults\"")), group(73, "Adults", Some("age > 17"))]})
}

fn imported(export: &Value) -> Contents {
    let export = Export::read(export.to_string().as_bytes(), &mut uuids()).expect("an export");
    Contents::of_plan(&plan(&export, &Existing::default(), &mut uuids()).expect("a plan"))
}

fn names(written: &Written, kind: &str, key: &str) -> Vec<String> {
    let items = written.json[kind].as_array().expect("a list").iter();
    items.map(|item| item[key].as_str().expect("text").to_owned()).collect()
}

#[test]
fn everything_comes_back_as_it_was() {
    let before = programme();
    let written = imported(&before).write(None, CURRENT, "https://example.org").expect("an export");
    let mut expected = before["flows"].clone();
    expected[0]["revision"] = 1.into();
    assert_eq!(written.json["flows"].to_string(), expected.to_string(), "members keep their order too");
    assert_eq!(
        written.json["campaigns"][0]["events"][2]["message"],
        before["campaigns"][0]["events"][2]["message"]
    );
    assert_eq!(written.json["triggers"].as_array().map(Vec::len), Some(2));
    for specification in [CURRENT, RAPIDPRO_9] {
        let first = imported(&before).write(None, specification, "x").expect("an export").json;
        let second = imported(&first).write(None, specification, "x").expect("an export").json;
        assert_eq!(first.to_string(), second.to_string(), "{specification}");
    }
}

#[test]
fn members_that_nobody_knows_survive_at_every_level() {
    let note = json!({"kept": [1, 2.5, "x"], "_ui": {}});
    let mut flow = mood();
    for place in [
        "",
        "/nodes/0",
        "/nodes/0/actions/0",
        "/nodes/0/router",
        "/nodes/0/router/wait",
        "/nodes/0/router/cases/0",
        "/nodes/0/router/categories/0",
        "/nodes/0/exits/0",
        "/nodes/1/actions/0/field",
    ] {
        flow = with(flow, &format!("{place}/x_note"), note.clone());
    }
    let contents = imported(&json!({"version": "13", "flows": [flow]}));
    let json = contents.write(None, CURRENT, "x").expect("an export").json;
    assert_eq!(json["flows"][0].to_string(), with(flow, "/revision", json!(1)).to_string());
}

#[test]
fn a_flow_brings_what_it_needs_and_nothing_else() {
    let contents = imported(&programme());
    let chosen = |number| [FlowUuid(id(number).parse().expect("a uuid"))];
    let written = contents.write(Some(&chosen(1)), CURRENT, "x").expect("an export");
    assert_eq!(
        names(&written, "flows", "name"),
        ["Mood", "Thanks", "Visit"],
        "entered, and started by its campaign"
    );
    assert_eq!(names(&written, "campaigns", "name"), ["Visits"]);
    assert_eq!(
        names(&written, "groups", "name"),
        ["Mothers", "Adults", "Testers"],
        "also what a query names"
    );
    assert_eq!(names(&written, "fields", "key"), ["age", "mood", "village", "due_date"]);
    assert_eq!(written.json["triggers"].as_array().map(Vec::len), Some(1));
    assert!(written.missing.is_empty(), "{:?}", written.missing);

    let alone = contents.write(Some(&chosen(4)), CURRENT, "x").expect("an export");
    assert_eq!(names(&alone, "flows", "name"), ["Alone"]);
    assert_eq!(names(&alone, "groups", "name"), ["Staff"]);
    assert_eq!(names(&alone, "fields", "key"), Vec::<String>::new());
}

#[test]
fn what_is_needed_and_not_there_is_listed() {
    let contents = imported(&json!({"version": "13", "flows": [mood()]}));
    let written = contents.write(None, CURRENT, "x").expect("an export");
    let missing: Vec<_> = written.missing.iter().map(|missing| missing.dependency.kind.name()).collect();
    assert_eq!(missing, ["field", "flow"]);
}

#[test]
fn a_reminder_brings_its_flow_and_a_window_its_groups() {
    let mut flow = small(5, "Reminds", say("Bye"));
    let extension = json!({
        "steps": [{"uuid": id(0x500), "type": "set_reminder", "key": "visit", "at": "@fields.next_visit", "params": {},
            "flow": {"uuid": id(3), "name": "Visit"}, "mode": "skip"}],
        "window_trigger": {"minutes_before": 60, "groups": [{"uuid": id(71), "name": "Testers"}]}});
    flow["_ui"] = json!({"nodes": {id(0x105): {"config": {"seedling": extension}}}});
    let mut programme = programme();
    programme["campaigns"] = json!([]);
    programme["flows"].as_array_mut().expect("flows").push(flow.clone());
    let written = imported(&programme).write(Some(&[FlowUuid(id(5).parse().expect("a uuid"))]), CURRENT, "x");
    let written = written.expect("an export");
    assert_eq!(names(&written, "flows", "name"), ["Visit", "Reminds"]);
    assert_eq!(names(&written, "groups", "name"), ["Testers"]);
    assert_eq!(written.json["flows"][1].to_string(), flow.to_string());
    assert_eq!(written.missing.len(), 1, "the field of the moment");
}
