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
    let kind = *choices.one(&["EX", "EX", "WAC", "WCH"]);
    let scheme = *choices.one(&["tel", "ext", "mailto", "whatsapp"]);
    let line = Line::open(Default::default(), kind, "1234", Some("KE"), &[scheme.into()], &config);
    let Ok(line) = line else { return };
    let action = *choices.one(&ACTIONS);
    let content_type = *choices.one(&TYPES);
    send(&mut choices, &line, scheme);
    let query = choices.text(200);
    let body = choices.rest();
    if let Ok(reading) = line.receive(&Request { action, query: &query, content_type, body, signature: None })
    {
        channels::answer::accepted(&line, &reading, &vec![None; reading.items.len()]);
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
        locale: None,
        templating: None,
        interactive: None,
    };
    if let Ok(Plan::Requests(requests)) = line.plan(&message) {
        assert!(
            requests.len() <= message.text_with_attachments().chars().count() + 2,
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

/// The secret of the channels here; webhooks are signed with it, or nothing behind the signature would be tried.
const SECRET: &str = "s";

/// A webhook of WhatsApp, made of what webhooks hold or of any bytes, is read, and each of its messages and reports is
/// an item or a note.
pub fn run_whatsapp(input: &[u8]) {
    let mut choices = Choices::new(input);
    let line = Line::open(Default::default(), "WAC", "1", None, &[], &json!({"app_secret": SECRET}));
    let Ok(line) = line else { return };
    let made = !choices.once_in(4);
    let (body, held) = if made {
        let mut elements = Vec::new();
        let kinds = 1 + choices.below(4);
        for _ in 0..kinds {
            let mut message = whatsapp_message(&mut choices);
            if choices.once_in(2) {
                mutation::mutate(&mut choices, &mut message);
            }
            elements.push(message);
        }
        let (field, held) = (*choices.one(&["messages", "statuses", "errors"]), elements.len());
        let mut value = json!({"metadata": {"phone_number_id": "1"}, "contacts": [{"wa_id": "5", "profile": {"name": choices.text(20)}}]});
        value[field] = elements.into();
        let change = json!({"field": "messages", "value": value});
        let payload =
            json!({"object": "whatsapp_business_account", "entry": [{"id": "2", "changes": [change]}]});
        (payload.to_string().into_bytes(), Some(held))
    } else {
        (choices.rest().to_vec(), None)
    };
    let signature = channels::wac::signature(SECRET, &body);
    let request =
        Request { action: "receive", body: &body, signature: Some(&signature), ..Request::default() };
    let Ok(reading) = line.receive(&request) else { panic!("what is signed is read") };
    // What is nested deeper than JSON may be is refused whole, with one note.
    if let Some(held) = held.filter(|_| serde_json::from_slice::<Json>(&body).is_ok()) {
        assert_eq!(reading.items.len() + reading.notes.len(), held, "{reading:?}");
    }
    channels::answer::accepted(&line, &reading, &vec![None; reading.items.len()]);
}

fn whatsapp_message(choices: &mut Choices<'_>) -> Json {
    let kind = *choices.one(&[
        "text",
        "image",
        "audio",
        "sticker",
        "location",
        "contacts",
        "button",
        "interactive",
        "order",
        "reaction",
        "edit",
        "system",
        "unsupported",
        "request_welcome",
        "type",
        "",
    ]);
    let reply = *choices.one(&["button_reply", "list_reply", "nfm_reply", "call_permission_reply", "?"]);
    let text = choices.text(60);
    let mut message = json!({
        "from": "5", "from_user_id": "US.12", "id": "wamid.1", "timestamp": "1700000000", "type": kind,
        "status": *choices.one(&["sent", "delivered", "read", "played", "failed", "deleted", "?"]),
        "biz_opaque_callback_data": "0198f2aa-0000-7000-8000-00000000000a", "errors": [{"code": 131051, "title": text}],
    });
    let details = json!({
        "body": text, "text": text, "payload": text, "id": "12", "mime_type": "a/b; c=d", "caption": text, "emoji": text,
        "latitude": choices.below(200), "longitude": "36.8", "type": reply,
        reply: {"id": "1", "title": text, "body": text, "response_json": "{\"a\":1}"},
    });
    if kind == "contacts" {
        message[kind] = json!([{"name": {"formatted_name": text}, "phones": [{"phone": "1"}]}]);
    } else if kind != "type" {
        message[kind] = details;
    }
    message
}
