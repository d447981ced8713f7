//! Flows that the tests of this crate change and read.

use serde_json::{Value, json};
use uuid::Uuid;

/// An identifier that is the same in every run.
pub fn id(number: u128) -> String {
    Uuid::from_u128(0xabcd_0000_0000_4000_8000_0000_0000_0000 | number).to_string()
}

/// Identifiers in a row, beginning far from those of the samples.
pub fn uuids() -> impl FnMut() -> Uuid {
    let mut number = 0xf000;
    move || {
        number += 1;
        Uuid::from_u128(0xabcd_0000_0000_4000_8000_0000_0000_0000 | number)
    }
}

/// A flow of the current specification: asks how somebody feels, in two languages, and thanks them.
pub fn mood() -> Value {
    json!({
        "uuid": id(1), "name": "Mood", "spec_version": "14.4.2", "language": "eng", "type": "messaging",
        "revision": 4, "expire_after_minutes": 60, "house_rule": {"keep": "me"},
        "localization": {"xho": {
            id(12): {"text": ["Unjani, @contact.first_name?"], "_ui": {"auto_translated": ["text"]}},
            id(23): {"arguments": ["kakuhle"]},
            id(21): {"name": ["Kakuhle"]},
        }},
        "nodes": [
            {"uuid": id(10), "actions": [{"uuid": id(12), "type": "send_msg",
                "text": "How are you, @contact.first_name?", "quick_replies": ["Fine", "Not so good"]}],
             "router": {"type": "switch", "operand": "@input.text", "result_name": "How are you",
                "wait": {"type": "msg", "timeout": {"seconds": 600, "category_uuid": id(24)}},
                "categories": [
                    {"uuid": id(21), "name": "Fine", "exit_uuid": id(31)},
                    {"uuid": id(22), "name": "Other", "exit_uuid": id(32)},
                    {"uuid": id(24), "name": "No Response", "exit_uuid": id(32)}],
                "cases": [{"uuid": id(23), "type": "has_any_word", "arguments": ["fine"], "category_uuid": id(21)}],
                "default_category_uuid": id(22)},
             "exits": [{"uuid": id(31), "destination_uuid": id(40)}, {"uuid": id(32)}]},
            {"uuid": id(40), "actions": [
                {"uuid": id(41), "type": "set_contact_field", "field": {"key": "mood", "name": "Mood"},
                    "value": "@results.how_are_you"},
                {"uuid": id(42), "type": "enter_flow", "flow": {"uuid": id(2), "name": "Thanks"}}],
             "exits": [{"uuid": id(43)}]},
        ],
        "_ui": {"nodes": {id(10): {"position": {"left": 20, "top": 40}}}},
    })
}

/// A change of a sample: the JSON pointer of a member, and what it becomes.
pub fn with(mut flow: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer begins with a slash");
    let parent = flow.pointer_mut(parent).unwrap_or_else(|| panic!("no {parent}"));
    match parent.as_array_mut() {
        Some(list) => list[key.parse::<usize>().expect("a place")] = value,
        None => parent[key] = value,
    }
    flow
}
