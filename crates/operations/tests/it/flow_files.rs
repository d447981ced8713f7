//! Flows that the tests hold conversations with.

use serde_json::{Value, json};
use uuid::Uuid;

/// An identifier that is the same in every run.
pub fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x5eed_0000_0000_4000_8000_0000_0000_0000 | number)
}

fn say(node: u128, text: &str, next: Option<u128>) -> Value {
    json!({
        "uuid": id(node),
        "actions": [{"uuid": id(node + 1), "type": "send_msg", "text": text, "attachments": [],
            "quick_replies": []}],
        "exits": [{"uuid": id(node + 2), "destination_uuid": next.map(id)}]
    })
}

/// Waits for an answer that holds a number; anything else goes to `otherwise`.
struct Ask {
    node: u128,
    result: &'static str,
    test: &'static str,
    next: u128,
    otherwise: u128,
    timeout: Option<(u32, u128)>,
}

fn ask(ask: &Ask) -> Value {
    let n = ask.node;
    let mut categories = vec![
        json!({"uuid": id(n + 1), "name": "Valid", "exit_uuid": id(n + 3)}),
        json!({"uuid": id(n + 2), "name": "Other", "exit_uuid": id(n + 4)}),
    ];
    let mut exits = vec![
        json!({"uuid": id(n + 3), "destination_uuid": id(ask.next)}),
        json!({"uuid": id(n + 4), "destination_uuid": id(ask.otherwise)}),
    ];
    let mut wait = json!({"type": "msg"});
    if let Some((seconds, next)) = ask.timeout {
        categories.push(json!({"uuid": id(n + 6), "name": "No Response", "exit_uuid": id(n + 7)}));
        exits.push(json!({"uuid": id(n + 7), "destination_uuid": id(next)}));
        wait["timeout"] = json!({"seconds": seconds, "category_uuid": id(n + 6)});
    }
    json!({
        "uuid": id(n),
        "actions": [],
        "router": {
            "type": "switch",
            "wait": wait,
            "result_name": ask.result,
            "operand": "@input.text",
            "categories": categories,
            "cases": [{"uuid": id(n + 5), "type": ask.test, "arguments": [], "category_uuid": id(n + 1)}],
            "default_category_uuid": id(n + 2)
        },
        "exits": exits
    })
}

fn flow(number: u128, name: &str, nodes: &[Value]) -> Value {
    json!({
        "uuid": id(number),
        "name": name,
        "spec_version": "14.4.2",
        "language": "eng",
        "type": "messaging",
        "revision": 1,
        "expire_after_minutes": 60,
        "localization": {},
        "nodes": nodes,
    })
}

/// Asks for a name and an age; the second question gives up after two minutes.
pub fn registration(number: u128, greeting: &str) -> Value {
    let n = number + 0x100;
    let name =
        Ask { node: n + 0x10, result: "Name", test: "has_text", next: n + 0x20, otherwise: n, timeout: None };
    let age = Ask {
        node: n + 0x30,
        result: "Age",
        test: "has_number",
        next: n + 0x40,
        otherwise: n + 0x50,
        timeout: Some((120, n + 0x60)),
    };
    flow(
        number,
        "Registration",
        &[
            say(n, greeting, Some(n + 0x10)),
            ask(&name),
            say(n + 0x20, "How old are you, @results.name?", Some(n + 0x30)),
            ask(&age),
            say(n + 0x40, "Thank you, @results.name, aged @results.age.", None),
            say(n + 0x50, "Please send a number.", Some(n + 0x30)),
            say(n + 0x60, "We will ask another day.", None),
        ],
    )
}

/// Says one thing.
pub fn greeting(number: u128, name: &str, text: &str) -> Value {
    flow(number, name, &[say(number + 0x100, text, None)])
}

/// Asks a web service, then says what it answered.
pub fn lookup(number: u128) -> Value {
    let n = number + 0x100;
    let call = json!({
        "uuid": id(n),
        "actions": [{"uuid": id(n + 1), "type": "call_webhook", "method": "GET",
            "url": "https://clinics.example.org/near", "headers": {}, "body": "", "result_name": "Clinic"}],
        "router": {
            "type": "switch",
            "operand": "@webhook.status",
            "categories": [
                {"uuid": id(n + 2), "name": "Success", "exit_uuid": id(n + 4)},
                {"uuid": id(n + 3), "name": "Failure", "exit_uuid": id(n + 5)}
            ],
            "cases": [{"uuid": id(n + 6), "type": "has_number_between", "arguments": ["200", "299"],
                "category_uuid": id(n + 2)}],
            "default_category_uuid": id(n + 3)
        },
        "exits": [
            {"uuid": id(n + 4), "destination_uuid": id(n + 0x20)},
            {"uuid": id(n + 5), "destination_uuid": id(n + 0x30)}
        ]
    });
    flow(
        number,
        "Lookup",
        &[
            say(n + 0x10, "One moment.", Some(n)),
            call,
            say(n + 0x20, "Your clinic is @webhook.json.name.", None),
            say(n + 0x30, "We could not find one.", None),
        ],
    )
}

/// Sends people through another flow, and asks them something after it however it ended.
pub fn around(number: u128, inner: u128) -> Value {
    let n = number + 0x100;
    let enter = json!({
        "uuid": id(n),
        "actions": [{"uuid": id(n + 1), "type": "enter_flow", "flow": {"uuid": id(inner), "name": "Inner"}}],
        "exits": [{"uuid": id(n + 2), "destination_uuid": id(n + 0x10)}]
    });
    let why = Ask {
        node: n + 0x20,
        result: "Why",
        test: "has_text",
        next: n + 0x30,
        otherwise: n + 0x30,
        timeout: None,
    };
    flow(
        number,
        "Around",
        &[
            enter,
            say(n + 0x10, "It is @child.status. Why?", Some(n + 0x20)),
            ask(&why),
            say(n + 0x30, "Thank you.", None),
        ],
    )
}

/// Does these actions and ends.
pub fn doing(number: u128, name: &str, actions: &[Value]) -> Value {
    let n = number + 0x100;
    let numbered = actions.iter().zip(1..).map(|(action, place)| {
        let mut action = action.clone();
        action["uuid"] = id(n + 0x10 + place).to_string().into();
        action
    });
    let node = json!({
        "uuid": id(n), "actions": numbered.collect::<Vec<_>>(),
        "exits": [{"uuid": id(n + 2), "destination_uuid": null}]
    });
    flow(number, name, &[node])
}
