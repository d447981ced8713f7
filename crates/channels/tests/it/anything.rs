//! Whatever comes in is answered, and whatever goes out keeps to its limits.

use channels::{Outgoing, Plan, Request, split_text};
use proptest::prelude::*;
use serde_json::json;

use crate::line;

const TYPES: [&str; 6] = [
    "application/x-www-form-urlencoded",
    "application/json",
    "multipart/form-data; boundary=b",
    "multipart/form-data",
    "text/xml",
    "",
];

proptest! {
    #[test]
    fn requests_never_break_us(
        action in prop_oneof!["receive", "delivered", "stopped", ".*"],
        query in ".*",
        content_type in 0..TYPES.len(),
        head in prop_oneof![Just(""), Just("--b\r\nContent-Disposition: form-data; name=\"from\"\r\n\r\n"), Just("{\"from\":")],
        body in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let body = [head.as_bytes(), &body].concat();
        let request = Request { action: &action, query: &query, content_type: Some(TYPES[content_type]), body: &body, signature: None };
        for config in [json!(null), json!({"from_xpath": "//a/@b", "text_xpath": "/a//text()"})] {
            let _ = line(config).receive(&request);
        }
    }

    #[test]
    fn parts_keep_every_word(text in "[a-zé☺ ]{0,200}", max in 1_usize..40) {
        let parts = split_text(&text, max);
        prop_assert!(parts.iter().all(|part| part.chars().count() <= max));
        let letters = |text: &str| text.replace(' ', "");
        prop_assert_eq!(letters(&parts.concat()), letters(&text));
    }

    #[test]
    fn json_bodies_stay_json(text in any::<String>(), reply in any::<String>()) {
        let line = line(json!({
            "send_url": "https://sms.example/", "content_type": "json", "max_length": 6400,
            "body": "{\"t\":{{text}},\"q\":{{quick_replies}}}",
        }));
        let message = Outgoing {
            uuid: Default::default(),
            urn: "tel:+254722000111".parse().unwrap(),
            text: text.clone(),
            attachments: Vec::new(),
            quick_replies: vec![channels::QuickReply::text(reply.as_str())],
            interactive: None,
            session_status: None,
            locale: None,
            templating: None,
        };
        let Ok(Plan::Requests(requests)) = line.plan(&message) else { panic!("it can be sent") };
        let body: serde_json::Value = serde_json::from_str(&requests[0].body).unwrap();
        prop_assert_eq!(body["t"].as_str(), Some(text.as_str()));
    }
}
