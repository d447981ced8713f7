//! What carriers send us, and what we make for them.

use channels::{Line, Outgoing, Plan, QuickReply, Request, split_text};
use serde_json::{Value as Json, json};

use crate::{Choices, mutation};

const ACTIONS: [&str; 8] = ["receive", "delivered", "sent", "failed", "received", "stopped", "", "é/.."];
const TYPES: [Option<&str>; 8] = [
    None,
    Some("application/x-www-form-urlencoded"),
    Some("application/json"),
    Some("application/json; charset=utf-8"),
    Some("multipart/form-data; boundary=b"),
    Some("multipart/form-data"),
    Some("text/xml"),
    Some("é"),
];

/// A line with any settings reads any request, sends any message and judges any answer.
pub fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let mut config = settings(&mut choices);
    if choices.once_in(3) {
        mutation::mutate(&mut choices, &mut config);
    }
    let kind = *choices.one(&["EX", "EX", "EX", "WCH"]);
    let scheme = *choices.one(&["tel", "ext", "mailto"]);
    let line = Line::open(Default::default(), kind, "1234", Some("KE"), &[scheme.into()], &config);
    let Ok(line) = line else { return };
    let action = *choices.one(&ACTIONS);
    let content_type = *choices.one(&TYPES);
    send(&mut choices, &line, scheme);
    let query = choices.text(200);
    let body = choices.rest();
    if let Ok(items) = line.receive(&Request { action, query: &query, content_type, body }) {
        channels::answer::accepted(&line, &items, &vec![None; items.len()]);
    }
    if let Ok(text) = std::str::from_utf8(body) {
        for status in [0, 200, 302, 404, 429, 503] {
            let _ = line.judge(status, text);
        }
    }
}

fn send(choices: &mut Choices<'_>, line: &Line, scheme: &str) {
    let message = Outgoing {
        uuid: Default::default(),
        urn: domain::Urn::new(scheme, choices.text(40)),
        text: choices.text(2_000),
        attachments: vec![choices.text(60)],
        quick_replies: vec![QuickReply::text(choices.text(40))],
        session_status: Some("waiting".into()),
        interactive: None,
    };
    if let Ok(Plan::Requests(requests)) = line.plan(&message) {
        assert!(
            requests.len() <= message.text_with_attachments().chars().count() + 1,
            "each part carries something"
        );
    }
    let max = 1 + choices.below(200);
    for part in split_text(&message.text, max) {
        assert!(part.chars().count() <= max);
    }
}

fn settings(choices: &mut Choices<'_>) -> Json {
    let plain = json!({
        "send_url": "https://sms.example/send?to={{to}}&text={{text}}", "send_method": "POST", "content_type": "json",
        "body": "{\"to\":{{to}},\"text\":{{text}},\"q\":{{quick_replies}}}", "max_length": 160,
        "headers": {"Authorization": "Token x"}, "mt_response_check": "\"ok\"", "encoding": "S",
    });
    let xml = json!({
        "send_url": "https://sms.example/", "content_type": "xml", "body": "<m to='{{to}}'>{{text}}</m>",
        "from_xpath": "//a/@b", "text_xpath": "/a//text()", "max_length": 7,
    });
    choices.one(&[plain, xml, Json::Null, json!({})]).clone()
}
