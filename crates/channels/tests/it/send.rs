//! What we send aggregators, and what their answers mean.

use channels::{HttpRequest, Line, Method, Outgoing, Plan, QuickReply, SendErrorKind};
use serde_json::{Value, json};

use crate::line;

fn message(text: &str) -> Outgoing {
    Outgoing {
        uuid: "0198f2aa-0000-7000-8000-00000000000a".parse().expect("a uuid"),
        urn: "tel:+254722000111".parse().expect("an address"),
        text: text.to_owned(),
        attachments: Vec::new(),
        quick_replies: Vec::new(),
        interactive: None,
        session_status: Some("waiting".into()),
        locale: None,
        templating: None,
    }
}

fn requests(line: &Line, message: &Outgoing) -> Vec<HttpRequest> {
    match line.plan(message).expect("can be sent") {
        Plan::Requests(requests) => requests,
        Plan::Local => panic!("an aggregator is not local"),
    }
}

#[test]
fn every_variable_in_every_content_type() {
    let body = "{{id}}|{{uuid}}|{{text}}|{{to}}|{{to_no_plus}}|{{from}}|{{from_no_plus}}|{{channel}}|{{session_status}}";
    let uuid = "0198f2aa-0000-7000-8000-00000000000a";
    let channel = "4f6cf7a1-0b1d-4a6e-8f0e-6f2f4f9b7c11";
    let cases = [
        (
            "urlencoded",
            format!(
                "{uuid}|{uuid}|Hi+%26|%2B254722000111|254722000111|%2B254700000001|254700000001|{channel}|waiting"
            ),
        ),
        (
            "json",
            format!(
                r#""{uuid}"|"{uuid}"|"Hi \u0026"|"+254722000111"|"254722000111"|"+254700000001"|"254700000001"|"{channel}"|"waiting""#
            ),
        ),
        (
            "xml",
            format!(
                "{uuid}|{uuid}|Hi &amp;|+254722000111|254722000111|+254700000001|254700000001|{channel}|waiting"
            ),
        ),
    ];
    for (content_type, expected) in cases {
        let config = json!({"send_url": "https://sms.example/s", "body": body, "content_type": content_type});
        assert_eq!(requests(&line(config), &message("Hi &"))[0].body, expected);
    }
}

#[test]
fn methods_and_headers() {
    let config = json!({
        "send_url": "https://sms.example/s?t={{to}}&m={{text}}{{quick_replies}}", "method": "get",
        "send_authorization": "Token s3cret", "headers": {"X-Shop": "7"},
    });
    let line = line(config);
    let mut message = message("Hi there");
    message.quick_replies = vec![QuickReply::text("Ndio"), QuickReply::text("")];
    let request = requests(&line, &message).remove(0);
    assert_eq!(request.method, Method::Get);
    assert_eq!(request.url, "https://sms.example/s?t=%2B254722000111&m=Hi+there&quick_reply=Ndio");
    assert_eq!(request.body, "");
    let headers: Vec<_> = request.headers.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(
        headers,
        [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Authorization", "Token s3cret"),
            ("X-Shop", "7"),
        ]
    );
}

#[test]
fn texts_are_shaped_by_the_settings() {
    let cases: [(Value, &str, &[&str], &[&str]); 6] = [
        (json!({"max_length": "12"}), "one two three four", &[], &["one two", "three four"]),
        (
            json!({"max_length": 100}),
            "photo",
            &["image/png:https://a.example/p.png"],
            &["photo\nhttps://a.example/p.png"],
        ),
        (json!({}), "", &["image/png:https://a.example/p.png"], &["https://a.example/p.png"]),
        (json!({"encoding": "S"}), "“Karibu” – mama", &[], &["\"Karibu\" - mama"]),
        (json!({"encoding": "D"}), "“Karibu”", &[], &["“Karibu”"]),
        (json!({}), "", &[], &[""]),
    ];
    for (mut config, text, attachments, expected) in cases {
        config["send_url"] = "https://sms.example/".into();
        config["body"] = "{{text}}".into();
        config["content_type"] = "json".into();
        let mut message = message(text);
        message.attachments = attachments.iter().map(|a| (*a).to_owned()).collect();
        let texts: Vec<String> = requests(&line(config), &message)
            .iter()
            .map(|request| serde_json::from_str(&request.body).expect("a JSON text"))
            .collect();
        assert_eq!(texts, expected, "{text}");
    }
}

#[test]
fn a_misspelt_setting_is_refused_by_its_name() {
    let open = |kind: &str, config: &Value| {
        Line::open(Default::default(), kind, "1055", None, &[], config)
            .expect("what is unknown is left alone")
    };
    for (kind, good) in [
        (
            "EX",
            json!({"send_url": "https://sms.example/", "mt_opt_out_check": "21610", "headers": {"a": "b"}}),
        ),
        ("WAC", json!({"auth_token": "a", "app_secret": "b", "verify_token": "c", "window": 5})),
        ("WCH", json!({"title": "Chat", "embed_on": []})),
    ] {
        let line = open(kind, &good);
        assert!(line.knows_settings(&good).is_ok() && line.knows_settings(&Value::Null).is_ok(), "{good}");
        let mut wrong = good;
        wrong["sendurl"] = "x".into();
        let said = open(kind, &wrong).knows_settings(&wrong).expect_err("misspelt").to_string();
        assert!(said.starts_with(&format!("there is no setting 'sendurl'; {kind} has ")), "{said}");
    }
}

#[test]
fn answers_are_judged() {
    let plain = json!({});
    let checked = json!({"mt_response_check": "queued"});
    let opting = json!({"mt_opt_out_check": "21610"});
    let cases = [
        (&plain, 200, "anything", None),
        (&plain, 202, "", None),
        (&checked, 200, "message queued", None),
        (&checked, 200, "no credit", Some(SendErrorKind::ResponseContent)),
        (&opting, 200, "ERR 21610 blocked", Some(SendErrorKind::ContactStopped)),
        (&opting, 400, "{\"code\": 21610}", Some(SendErrorKind::ContactStopped)),
        (&opting, 200, "ERR 21211", None),
        (&opting, 500, "21610", Some(SendErrorKind::ConnectionFailed)),
        (&plain, 400, "", Some(SendErrorKind::ResponseStatus)),
        (&plain, 302, "", Some(SendErrorKind::ResponseStatus)),
        (&plain, 429, "", Some(SendErrorKind::ConnectionThrottled)),
        (&plain, 503, "", Some(SendErrorKind::ConnectionFailed)),
    ];
    for (config, status, body, expected) in cases {
        let judged = line(config.clone()).judge(status, body);
        assert_eq!(judged.err().map(|error| error.kind), expected, "{status} {body}");
    }
    let unset = line(json!({})).plan(&message("x")).expect_err("no address");
    assert_eq!(unset.kind, SendErrorKind::ChannelConfig);
}
