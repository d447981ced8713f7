//! WhatsApp Cloud: webhooks in, messages and reports out of them; messages to requests; answers to outcomes.

use channels::{
    DeliveryStatus, Inbound, InboundEvent, Line, Outgoing, Plan, QuickReply, Reading, Refusal, Request,
    SendErrorKind,
};
use channels::{answer, wac};
use domain::{Choice, Interactive, InteractiveKind, Section, Urn};
use proptest::prelude::*;
use serde_json::{Value, json};

const SECRET: &str = "a secret of the app";

fn whatsapp(config: Value) -> Line {
    Line::open(Default::default(), "wac", "1055", None, &[], &config).expect("good settings")
}

fn receive(body: &[u8]) -> Reading {
    let signature = wac::signature(SECRET, body);
    let request = Request { action: "receive", body, signature: Some(&signature), ..Request::default() };
    whatsapp(json!({"app_secret": SECRET, "waba_id": "77"})).receive(&request).expect("it is signed")
}

fn webhook(value: Value) -> Vec<u8> {
    let mut value = value;
    value["metadata"] = json!({"phone_number_id": "1055"});
    let change = json!({"field": "messages", "value": value});
    json!({"object": "whatsapp_business_account", "entry": [{"id": "77", "changes": [change]}]})
        .to_string()
        .into()
}

/// One message of one person, with these keys beside the usual ones.
fn message(extra: Value) -> Reading {
    let mut message = json!({"from": "254722000111", "id": "wamid.A", "timestamp": "1700000000"});
    for (key, value) in extra.as_object().expect("an object") {
        message[key.as_str()] = value.clone();
    }
    let contacts = json!([{"wa_id": "254722000111", "profile": {"name": "Achieng"}}]);
    receive(&webhook(json!({"contacts": contacts, "messages": [message]})))
}

#[test]
fn who_tells_whatsapp_to_stop_is_stopped() {
    let preference =
        |value: &str, id: &str| json!({"wa_id": id, "category": "marketing_messages", "value": value});
    let preferences = json!([preference("stop", "254722000111"), preference("resume", "254722000112")]);
    let change = json!({"field": "user_preferences",
        "value": {"metadata": {"phone_number_id": "1055"}, "user_preferences": preferences}});
    let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "77", "changes": [change]}]});
    let reading = receive(body.to_string().as_bytes());
    let stop = InboundEvent::StopContact { urn: Urn::new("whatsapp", "254722000111") };
    // Who resumes agrees to get messages again.
    let what = channels::Happening::OptIn("marketing_messages".into());
    let agrees = InboundEvent::Happened { urn: Urn::new("whatsapp", "254722000112"), what };
    assert_eq!(reading.items, [Inbound::Event(stop), Inbound::Event(agrees)]);
    // Or Meta takes the message, and says so in its report.
    let report = |code: i64, status: &str| {
        let errors = json!([{"code": code, "title": "no"}]);
        let report = json!({"id": "wamid.B", "status": status, "timestamp": "1700000000",
            "recipient_id": "254722000111", "errors": errors});
        receive(&webhook(json!({"statuses": [report]}))).items
    };
    let stop = InboundEvent::StopContact { urn: Urn::new("whatsapp", "254722000111") };
    let told = report(131_050, "failed");
    assert_eq!((told.len(), told.last()), (2, Some(&Inbound::Event(stop))));
    assert_eq!((report(131_026, "failed").len(), report(131_050, "sent").len()), (1, 1));
    let line = whatsapp(json!({"app_secret": SECRET, "auth_token": "T"}));
    let refused = line.judge(400, r#"{"error": {"code": 131050, "message": "stopped"}}"#);
    assert_eq!(refused.unwrap_err().kind, SendErrorKind::ContactStopped);
}

#[test]
fn messages_of_every_kind() {
    let media =
        |kind: &str| json!({"type": kind, kind: {"id": "9", "mime_type": "x/y; codecs=z", "caption": "See"}});
    let file: &[&str] = &["x/y:https://graph.facebook.com/v25.0/9"];
    let chosen = json!({"id": "b1", "title": "Yes"});
    let reply = |kind: &str| json!({"type": "interactive", "interactive": {"type": kind, kind: chosen}});
    let form = json!({"name": "flow", "body": "Sent", "response_json": "{\"age\":\"32\"}"});
    let cards =
        json!([{"name": {"formatted_name": "Dr Otieno"}, "phones": [{"phone": "+254 1"}, {"phone": "2"}]}]);
    let cases: [(Value, &str, &[&str], Option<Value>); 13] = [
        (json!({"type": "text", "text": {"body": "Habari\0 ☺"}}), "Habari ☺", &[], None),
        (media("image"), "See", file, None),
        (media("voice"), "See", file, None),
        (media("document"), "See", file, None),
        (
            json!({"type": "location", "location": {"latitude": -1.5, "longitude": 36}}),
            "",
            &["geo:-1.500000,36.000000"],
            None,
        ),
        (json!({"type": "contacts", "contacts": cards}), "Dr Otieno +254 1, 2", &[], Some(cards.clone())),
        (
            json!({"type": "button", "button": {"text": "Go", "payload": "p"}}),
            "Go",
            &[],
            Some(json!({"id": "p"})),
        ),
        (reply("button_reply"), "Yes", &[], Some(chosen.clone())),
        (reply("list_reply"), "Yes", &[], Some(chosen.clone())),
        (
            json!({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": form}}),
            "Sent",
            &[],
            Some(json!({"age": "32"})),
        ),
        (
            json!({"type": "order", "order": {"text": "2 nets"}}),
            "2 nets",
            &[],
            Some(json!({"text": "2 nets"})),
        ),
        (json!({"type": "poll", "poll": 1}), "", &[], Some(json!({"type": "poll", "poll": 1}))),
        (json!({"type": "interactive"}), "", &[], Some(json!({"type": "interactive"}))),
    ];
    for (extra, text, attachments, payload) in cases {
        let reading = message(extra.clone());
        let [Inbound::Message(read)] = reading.items.as_slice() else { panic!("{extra}: {reading:?}") };
        assert_eq!((read.text.as_str(), &read.payload), (text, &payload), "{extra}");
        assert_eq!(read.attachments, attachments, "{extra}");
        assert_eq!(read.urn.to_string(), "whatsapp:254722000111");
        assert_eq!((read.name.as_deref(), read.external_id.as_deref()), (Some("Achieng"), Some("wamid.A")));
    }
}

#[test]
fn a_new_number_a_quoted_message_and_another_name_are_heard() {
    let system = json!({"type": "user_changed_number", "wa_id": "254722000222", "user_id": "KE.77"});
    let reading = message(json!({"type": "system", "system": system}));
    let moved = InboundEvent::Moved {
        urn: Urn::new("whatsapp", "254722000111"),
        to: vec![Urn::new("whatsapp", "254722000222"), Urn::new("whatsapp", "KE.77")],
    };
    assert_eq!(reading.items, [Inbound::Event(moved)]);
    let text = json!({"body": "Hi"});
    let chosen = json!({"id": "b1", "title": "Yes"});
    let form = json!({"name": "flow", "body": "Sent", "response_json": "{\"age\":\"32\"}"});
    let cases = [
        (json!({"type": "text", "text": text}), json!({"context": {"id": "wamid.Q"}})),
        (
            json!({"type": "interactive", "interactive": {"type": "button_reply", "button_reply": chosen}}),
            json!({"id": "b1", "title": "Yes", "context": {"id": "wamid.Q"}}),
        ),
        (
            json!({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": form}}),
            json!({"age": "32"}),
        ),
    ];
    for (mut extra, payload) in cases {
        extra["context"] = json!({"from": "2020", "id": "wamid.Q"});
        let reading = message(extra.clone());
        let [Inbound::Message(read)] = reading.items.as_slice() else { panic!("{extra}: {reading:?}") };
        assert_eq!(read.payload.as_ref(), Some(&payload), "{extra}");
    }
    let line = whatsapp(json!({"app_secret": SECRET, "auth_token": "T"}));
    let answer = |user: Value| json!({"contacts": [{"wa_id": "254722000111", "user_id": user}]}).to_string();
    assert_eq!(line.other_address(&answer("KE.77".into())), Some(Urn::new("whatsapp", "KE.77")));
    for (body, why) in [(answer(Value::Null), "none"), ("{\"user_id\"".to_owned(), "broken")] {
        assert_eq!(line.other_address(&body), None, "{why}");
    }
}

#[test]
fn what_is_no_message_is_noted() {
    let text = json!({"body": "Hi"});
    let cases = [
        (json!({"type": "text", "text": text, "group_id": "g"}), "ignoring group message"),
        (json!({"type": "text", "text": text, "timestamp": "soon"}), "invalid timestamp: soon"),
        (json!({"type": "text", "text": text, "from": "anna"}), "invalid whatsapp id: anna"),
        (json!({"type": "text", "text": text, "from": null}), "invalid whatsapp id"),
        (
            json!({"type": "reaction", "reaction": {"emoji": "👍", "message_id": "m"}}),
            "ignoring reaction: 👍 to m",
        ),
        (json!({"type": "revoke", "revoke": {"original_message_id": "m"}}), "ignoring revoke of m"),
        (
            json!({"type": "system", "system": {"type": "user_changed_number"}}),
            "ignoring system: user_changed_number",
        ),
    ];
    for (extra, note) in cases {
        let reading = message(extra.clone());
        assert_eq!((reading.items.len(), reading.notes.as_slice()), (0, &[note.to_owned()][..]), "{extra}");
    }
    let reading = message(json!({"type": "request_welcome"}));
    assert!(matches!(&reading.items[..], [Inbound::Event(event)] if event.name() == "new_conversation"));
    for (body, note) in [("no json", "unable to parse"), ("{\"object\":\"page\"}", "found page")] {
        let reading = receive(body.as_bytes());
        assert!(reading.items.is_empty() && reading.notes[0].contains(note), "{reading:?}");
    }
    let account = json!({"field": "message_template_status_update",
        "value": {"event": "APPROVED", "message_template_name": "reminder"}});
    for (id, count) in [("77", 1), ("78", 0)] {
        let body =
            json!({"object": "whatsapp_business_account", "entry": [{"id": id, "changes": [account]}]});
        assert_eq!(receive(body.to_string().as_bytes()).notes.len(), count, "{id}");
    }
}

#[test]
fn people_without_a_number() {
    let read = |extra: Value| {
        let mut extra = extra;
        extra["type"] = "text".into();
        extra["text"] = json!({"body": "Hi"});
        let reading = message(extra);
        let Some(Inbound::Message(read)) = reading.items.into_iter().next() else { panic!("a message") };
        (read.urn.to_string(), read.other_urns.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let user = || "whatsapp:KE.77aB".to_owned();
    let number = || "whatsapp:254722000111".to_owned();
    assert_eq!(read(json!({"from_user_id": "KE.77aB"})), (number(), vec![user()]));
    assert_eq!(read(json!({"from": null, "from_user_id": "KE.77aB"})), (user(), vec![]));
    assert_eq!(read(json!({"from": "KE.77aB", "from_user_id": "KE.77aB"})), (user(), vec![]));
    assert_eq!(read(json!({"from_user_id": "not_one"})), (number(), vec![]));
}

#[test]
fn reports() {
    let uuid = "0198f2aa-0000-7000-8000-00000000000a";
    let statuses = json!([
        {"id": "wamid.B", "status": "sent"},
        {"id": "wamid.B", "status": "delivered", "biz_opaque_callback_data": uuid},
        {"id": "wamid.B", "status": "played"},
        {"id": "wamid.C", "status": "failed", "errors": [{"code": 131_026, "title": "Message undeliverable"}]},
        {"id": "wamid.B", "status": "deleted"},
        {"id": "wamid.B", "status": "melted"},
        {"status": "read"},
    ]);
    let reading = receive(&webhook(json!({ "statuses": statuses })));
    let read: Vec<_> = reading
        .items
        .iter()
        .map(|item| {
            let Inbound::Status(report) = item else { panic!("{item:?}") };
            (report.status, report.message.map(|uuid| uuid.to_string()), report.reason.as_deref())
        })
        .collect();
    let expected = [
        (DeliveryStatus::Sent, None, None),
        (DeliveryStatus::Delivered, Some(uuid.to_owned()), None),
        (DeliveryStatus::Read, None, None),
        (DeliveryStatus::Failed, None, Some("131026: Message undeliverable")),
    ];
    assert_eq!(read, expected);
    let notes =
        ["ignoring status: deleted", "unknown status: melted", "ignoring status: it names no message"];
    assert_eq!(reading.notes, notes);
    let line = whatsapp(json!({ "app_secret": SECRET }));
    let answer = answer::accepted(&line, &reading, &[]);
    assert!(
        answer.body.contains("Handled") && answer.body.contains("\"unknown status: melted\""),
        "{}",
        answer.body
    );
}

#[test]
fn only_what_the_app_signed_is_read() {
    let body = webhook(json!({"messages": []}));
    let signed = wac::signature(SECRET, &body);
    let ask = |config: Value, action, signature| {
        whatsapp(config).receive(&Request { action, body: &body, signature, ..Request::default() })
    };
    let config = || json!({ "app_secret": SECRET });
    assert!(ask(config(), "receive", Some(signed.as_str())).is_ok());
    for (config, signature) in [
        (config(), None),
        (config(), Some("sha256=00")),
        (json!({"app_secret": "x"}), Some(signed.as_str())),
        (json!({}), Some(signed.as_str())),
    ] {
        assert!(matches!(ask(config, "receive", signature), Err(Refusal::Unsigned(_))), "{signature:?}");
    }
    assert_eq!(ask(config(), "delivered", Some(signed.as_str())), Err(Refusal::UnknownAction));
}

fn outgoing(text: &str) -> Outgoing {
    Outgoing {
        uuid: "0198f2aa-0000-7000-8000-00000000000a".parse().unwrap(),
        urn: "whatsapp:254722000111".parse().unwrap(),
        text: text.to_owned(),
        attachments: Vec::new(),
        quick_replies: Vec::new(),
        interactive: None,
        session_status: None,
        locale: None,
        templating: None,
    }
}

/// Type and content of each request.
fn sent(message: &Outgoing) -> Vec<(String, Value)> {
    let line = whatsapp(json!({"auth_token": "tok", "base_url": "https://meta.example/", "max_length": 60}));
    let Plan::Requests(requests) = line.plan(message).expect("it can be sent") else { panic!("requests") };
    let read = requests.iter().map(|request| {
        assert_eq!(request.url, "https://meta.example/v25.0/1055/messages");
        assert!(request.headers.contains(&("Authorization".to_owned(), "Bearer tok".to_owned())));
        let body: Value = serde_json::from_str(&request.body).expect("JSON");
        assert_eq!(body["biz_opaque_callback_data"], message.uuid.to_string());
        let kind = body["type"].as_str().expect("a type").to_owned();
        let content = body[kind.as_str()].clone();
        (kind, content)
    });
    read.collect()
}

fn kinds(message: &Outgoing) -> Vec<String> {
    sent(message).into_iter().map(|(kind, _)| kind).collect()
}

#[test]
fn texts_files_and_their_order() {
    let mut message = outgoing("See https://clinic.example");
    assert_eq!(sent(&message)[0].1, json!({"body": "See https://clinic.example", "preview_url": true}));
    message.attachments = vec!["image/png:https://x.example/a.png".to_owned()];
    assert_eq!(sent(&message)[0].1, json!({"link": "https://x.example/a.png", "caption": message.text}));
    message.attachments = vec!["audio/mp3:https://x.example/a.mp3".to_owned()];
    assert_eq!(kinds(&message), ["audio", "text"]);
    message.attachments = vec!["application/pdf:https://x.example/My%20plan.pdf?v=1".to_owned()];
    assert_eq!(sent(&message)[0].1["filename"], "My plan.pdf");
    message.attachments = vec!["geo:-1.5,36.8".to_owned()];
    assert_eq!(sent(&message)[0], ("location".to_owned(), json!({"latitude": -1.5, "longitude": 36.8})));
    message.attachments = vec!["image/png:https://x.example/a.png".to_owned()];
    message.text = "word ".repeat(20);
    assert_eq!(kinds(&message), ["image", "text", "text"], "too long for a caption");
    assert!(
        whatsapp(json!({})).plan(&message).is_err_and(|error| error.kind == SendErrorKind::ChannelConfig)
    );
}

#[test]
fn what_is_offered() {
    let replies = |count: usize| (0..count).map(|n| QuickReply::text(format!("R{n}"))).collect::<Vec<_>>();
    let mut message = outgoing("Which?");
    message.locale = Some("swa-KE".into());
    for (count, kind) in [(1, "button"), (3, "button"), (4, "list"), (12, "list")] {
        message.quick_replies = replies(count);
        assert_eq!(sent(&message)[0].1["type"], kind, "{count}");
    }
    let list = &sent(&message)[0].1["action"];
    assert_eq!(
        (list["button"].as_str(), list["sections"][0]["rows"].as_array().map(Vec::len)),
        (Some("Menyu"), Some(10))
    );

    let choice =
        |id: &str, title: &str| Choice { id: id.into(), title: title.into(), description: "".into() };
    let typed = |kind| Interactive { header: "Clinic".into(), footer: "Any time".into(), kind };
    message.interactive = Some(typed(InteractiveKind::Buttons { buttons: vec![choice("y", "Yes")] }));
    let expected = json!({
        "type": "button", "header": {"type": "text", "text": "Clinic"}, "body": {"text": "Which?"},
        "footer": {"text": "Any time"},
        "action": {"buttons": [{"type": "reply", "reply": {"id": "y", "title": "Yes"}}]},
    });
    assert_eq!(sent(&message)[0].1, expected);
    let sections = vec![Section { title: "North".into(), rows: vec![choice("a", "A")] }];
    message.interactive = Some(typed(InteractiveKind::List { button: "Choose".into(), sections }));
    let expected =
        json!({"button": "Choose", "sections": [{"title": "North", "rows": [{"id": "a", "title": "A"}]}]});
    assert_eq!(sent(&message)[0].1["action"], expected);
    let data = Some(json!({"name": "A"}));
    let form = InteractiveKind::Flow {
        flow_id: "9".into(),
        token: "t".into(),
        cta: "Open".into(),
        screen: "S".into(),
        data,
    };
    message.interactive = Some(typed(form));
    let parameters = &sent(&message)[0].1["action"]["parameters"];
    assert_eq!(parameters["flow_action_payload"], json!({"screen": "S", "data": {"name": "A"}}));
    message.text = "word ".repeat(20);
    assert_eq!(kinds(&message), ["text", "interactive"], "the last part has the offer");
}

#[test]
fn templates_with_values() {
    let mut message = outgoing("as people read it");
    message.locale = Some("por-MZ".into());
    let templating = json!({
        "template": {"uuid": "9c22b594-fcab-4b29-9bcb-ce4404894a80", "name": "visit"},
        "components": [
            {"type": "header/media", "name": "header", "variables": {"1": 0}},
            {"type": "body/text", "name": "body", "variables": {"10": 2, "2": 1}},
            {"type": "footer", "name": "footer", "variables": {}},
            {"type": "button/url", "name": "button.1", "variables": {"1": 1}},
        ],
        "variables": [{"type": "document", "value": "application/pdf:https://x.example/a.pdf"},
            {"type": "text", "value": "two"}, {"type": "text", "value": "ten"}],
    });
    message.templating = Some(serde_json::from_value(templating).unwrap());
    let file =
        json!({"type": "document", "document": {"link": "https://x.example/a.pdf", "filename": "a.pdf"}});
    let text = |text: &str| json!({"type": "text", "text": text});
    let expected = json!({
        "name": "visit", "language": {"policy": "deterministic", "code": "pt_MZ"},
        "components": [
            {"type": "header", "parameters": [file]},
            {"type": "body", "parameters": [text("two"), text("ten")]},
            {"type": "button", "sub_type": "url", "index": "1", "parameters": [text("two")]},
        ],
    });
    assert_eq!(sent(&message), [("template".to_owned(), expected)]);
}

#[test]
fn answers_by_class() {
    let line = whatsapp(json!({"auth_token": "tok"}));
    let error = |code: i64| json!({"error": {"code": code, "message": "m"}}).to_string();
    let sent = line.judge(200, r#"{"messages":[{"id":"wamid.Z"}]}"#);
    assert_eq!(sent.unwrap().as_deref(), Some("wamid.Z"));
    let cases = [
        (400, error(131_026), SendErrorKind::FailedWithReason, false),
        (400, error(132_001), SendErrorKind::FailedWithReason, false),
        (401, error(190), SendErrorKind::FailedWithReason, false),
        (400, error(130_429), SendErrorKind::ConnectionThrottled, true),
        (429, error(613), SendErrorKind::ConnectionThrottled, true),
        (400, error(131_056), SendErrorKind::PersonThrottled, true),
        (400, error(131_053), SendErrorKind::RetryableWithReason, true),
        (500, error(131_000), SendErrorKind::ConnectionFailed, true),
        (503, "<html>".to_owned(), SendErrorKind::ConnectionFailed, true),
        (403, "bad".to_owned(), SendErrorKind::ResponseUnparseable, false),
        (200, "{}".to_owned(), SendErrorKind::ResponseUnexpected, false),
    ];
    for (status, body, kind, again) in cases {
        let error = line.judge(status, &body).expect_err(&body);
        assert_eq!((error.kind, error.kind.is_retryable()), (kind, again), "{status} {body}");
    }
    assert!(!SendErrorKind::PersonThrottled.is_carriers_fault(), "one person does not pause the line");
}

proptest! {
    #[test]
    fn signed_bytes_never_break_us(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let reading = receive(&body);
        prop_assert!(reading.items.is_empty() && reading.notes.len() == 1);
    }

    #[test]
    fn any_message_is_an_item_or_a_note(kind in "[a-z_]{0,12}", key in "[a-z_]{0,8}", text in any::<String>(), number in any::<f64>()) {
        for value in [json!(text), json!(number), json!({key.clone(): text}), json!([{key.clone(): number}])] {
            let reading = message(json!({"type": kind, kind.as_str(): value}));
            prop_assert_eq!(reading.items.len() + reading.notes.len(), 1);
        }
    }

    #[test]
    fn whatever_is_said_is_sent(text in any::<String>(), reply in any::<String>(), file in any::<String>()) {
        let mut message = outgoing(&text);
        message.quick_replies = vec![QuickReply::text(reply.as_str())];
        message.attachments = vec![file];
        for (_, content) in sent(&message) {
            prop_assert!(content.is_object());
        }
    }
}
