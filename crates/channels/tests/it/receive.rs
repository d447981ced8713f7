//! What aggregators send us, and what they hear back.

use channels::{DeliveryStatus, Inbound, InboundEvent, Request, answer};
use serde_json::{Value, json};

use crate::line;

/// Reads a GET with this action and query, or a POST with this form.
fn receive(config: Value, action: &str, query: &str, form: &str) -> Result<Vec<Inbound>, String> {
    let content_type = Some("application/x-www-form-urlencoded");
    let request = Request { action, query, content_type, body: form.as_bytes(), signature: None };
    line(config).receive(&request).map(|reading| reading.items).map_err(|refusal| refusal.to_string())
}

#[test]
fn messages() {
    let own_names = json!({"mo_from_field": "msisdn", "mo_text_field": "content", "mo_date_field": "at"});
    let own_id = json!({"mo_id_field": "ref"});
    let cases = [
        (
            own_id.clone(),
            "from=20880&text=Hi&id=account&message_id=8&ref=r9",
            "",
            "tel:20880",
            "Hi",
            None,
            Some("r9"),
        ),
        (own_id, "from=20880&text=Hi&id=account", "", "tel:20880", "Hi", None, None),
        (json!(null), "from=0722000111&text=Hi", "", "tel:+254722000111", "Hi", None, None),
        (
            json!(null),
            "",
            "sender=%2B254722000111&text=Hi+you&id=a1",
            "tel:+254722000111",
            "Hi you",
            None,
            Some("a1"),
        ),
        (json!(null), "from=254722000111", "", "tel:+254722000111", "", None, None),
        (json!(null), "from=20880&text=%00x", "", "tel:20880", "x", None, None),
        (
            json!(null),
            "from=%2B254722000111&text=Hi&time=2025-03-01T10:00:00.250%2B03:00&message_id=7",
            "",
            "tel:+254722000111",
            "Hi",
            Some("2025-03-01T07:00:00.25Z"),
            Some("7"),
        ),
        (
            own_names,
            "msisdn=%2B254722000111&content=Hi&at=2025-03-01T10:00:00Z",
            "",
            "tel:+254722000111",
            "Hi",
            Some("2025-03-01T10:00:00Z"),
            None,
        ),
    ];
    for (config, query, form, urn, text, sent_on, external_id) in cases {
        let items = receive(config, "receive", query, form).expect(query);
        let [Inbound::Message(message)] = items.as_slice() else { panic!("{query}: {items:?}") };
        assert_eq!(message.urn.to_string(), urn, "{query}");
        assert_eq!(message.text, text, "{query}");
        assert_eq!(message.sent_on.map(|moment| moment.to_string()).as_deref(), sent_on, "{query}");
        assert_eq!(message.external_id.as_deref(), external_id, "{query}");
    }
}

#[test]
fn xml_messages_and_own_answers() {
    let config = json!({
        "from_xpath": "//phone", "text_xpath": "//words",
        "mo_response": "<ok/>", "mo_response_content_type": "text/xml",
    });
    let line = line(config);
    let body = b"<m><phone>+254722000111</phone><words>Habari &amp; karibu</words></m>";
    let request =
        Request { action: "receive", query: "", content_type: Some("text/xml"), body, signature: None };
    let reading = line.receive(&request).expect("well-formed");
    let items = reading.items.as_slice();
    assert!(matches!(items, [Inbound::Message(m)] if m.text == "Habari & karibu"), "{items:?}");
    let answer = answer::accepted(&line, &reading, &[None]);
    assert_eq!(
        (answer.status, answer.content_type.as_str(), answer.body.as_str()),
        (200, "text/xml", "<ok/>")
    );
}

#[test]
fn reports_and_stops() {
    let uuid = "0198f2aa-0000-7000-8000-00000000000a";
    for (action, status) in [
        ("sent", DeliveryStatus::Sent),
        ("delivered", DeliveryStatus::Delivered),
        ("failed", DeliveryStatus::Failed),
    ] {
        for name in ["id", "uuid"] {
            let items = receive(json!(null), action, &format!("{name}={uuid}"), "").expect(action);
            let [Inbound::Status(report)] = items.as_slice() else { panic!("{items:?}") };
            assert_eq!(report.status, status);
            assert_eq!(report.message.map(|id| id.to_string()).as_deref(), Some(uuid));
        }
    }
    let items = receive(json!(null), "stopped", "", "from=0722000111").expect("stop");
    assert!(
        matches!(&items[..], [Inbound::Event(InboundEvent::StopContact { urn })] if urn.path == "+254722000111")
    );
}

#[test]
fn refusals_say_why() {
    let xml = json!({"from_xpath": "//a", "text_xpath": "//b"});
    let long = format!("from=20880&text={}", "%C3%A9".repeat(10_001));
    let cases: [(Value, &str, &str, &str); 12] = [
        (json!(null), "receive", "text=Hi", "must have one of 'sender' or 'from' set"),
        (json!(null), "receive", "from=&text=Hi", "must have one of 'sender' or 'from' set"),
        (json!({"mo_from_field": "msisdn"}), "receive", "from=1", "must have one of 'sender' or 'from' set"),
        (json!(null), "receive", "from=Bank&text=Hi", "not a possible number"),
        (json!(null), "receive", "from=20880&date=1.3.2025", "invalid date format, must be RFC 3339"),
        (json!(null), "receive", "from=20880&date=20250301T100000Z", "invalid date format, must be RFC 3339"),
        (json!(null), "delivered", "", "parameters id or uuid should not be empty"),
        (json!(null), "delivered", "id=12", "must be the uuid of a message"),
        (json!(null), "stopped", "", "field 'from' required"),
        (xml, "receive", "", "body is not valid XML"),
        (json!(null), "receive", &long, "text is longer than 10000 characters"),
        (json!(null), "typing", "", "no such action"),
    ];
    for (config, action, query, expected) in cases {
        let error = receive(config, action, query, "").expect_err(query);
        assert!(error.contains(expected), "{action}?{query}: {error}");
    }
}

#[test]
fn answers_have_the_known_shapes() {
    let line = line(json!(null));
    let uuid = "0198f2aa-0000-7000-8000-00000000000a".parse().expect("a uuid");
    let items = receive(json!(null), "receive", "from=20880&text=Hi&id=e1&date=2025-03-01T10:00:00Z", "")
        .expect("fine");
    let body: Value =
        serde_json::from_str(&answer::accepted(&line, &items.clone().into(), &[Some(uuid)]).body)
            .expect("JSON");
    let expected = json!({"message": "Message Accepted", "data": [{
        "type": "msg", "channel_uuid": "4f6cf7a1-0b1d-4a6e-8f0e-6f2f4f9b7c11",
        "msg_uuid": "0198f2aa-0000-7000-8000-00000000000a", "text": "Hi", "urn": "tel:20880",
        "external_id": "e1", "received_on": "2025-03-01T10:00:00Z"}]});
    assert_eq!(body, expected);

    let items = receive(json!(null), "failed", &format!("id={uuid}"), "").expect("fine");
    let answer = answer::accepted(&line, &items.clone().into(), &[]);
    assert!(answer.body.contains("Status Update Accepted") && answer.body.contains(r#""status":"F""#));

    let items = receive(json!(null), "stopped", "from=20880", "").expect("fine");
    let answer = answer::accepted(&line, &items.clone().into(), &[]);
    assert!(answer.body.contains("Event Accepted") && answer.body.contains("stop_contact"));

    let refused = answer::refused(&channels::Refusal::malformed("why"));
    assert_eq!(refused.status, 400);
    assert_eq!(refused.body, r#"{"message":"Error","data":[{"type":"error","error":"why"}]}"#);
}
