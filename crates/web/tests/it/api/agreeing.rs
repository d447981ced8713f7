//! What people agree to: by a flow, by their carrier, by hand; and messages that go only to who agreed.

use serde_json::{Value, json};

use super::{Api, on_both};

on_both!(a_flow_keeps_what_somebody_agreed_to, messages_go_to_who_agreed);

async fn a_flow_keeps_what_somebody_agreed_to(api: Api) {
    let node = "0f2f6a6e-5f5d-4f39-9f66-0a5d6f0e7b11";
    let flow = json!({
        "uuid": "5b9d0b0e-8a6f-4d3e-9d2d-4b7e0d7f6b10", "name": "Ask", "spec_version": "14.4.2", "language": "eng",
        "type": "messaging", "revision": 1, "expire_after_minutes": 60, "localization": {},
        "nodes": [{
            "uuid": node,
            "actions": [{"type": "send_msg", "uuid": "7d5c9a55-7d0d-4d6b-8f6f-3f3b4d0f8b12", "text": "Thank you"}],
            "exits": [{"uuid": "c4b8a7a4-6e1b-4b4e-8a2e-1c9f5d3e9b13"}],
        }],
        "_ui": {"nodes": {node: {"position": {"left": 0, "top": 0}, "config": {"seedling": {"steps": [
            {"uuid": "a1b8a7a4-6e1b-4b4e-8a2e-1c9f5d3e9b14", "type": "record_consent", "purpose": "research",
             "text": "May we ask you? You said @input.text"},
            {"uuid": "a2b8a7a4-6e1b-4b4e-8a2e-1c9f5d3e9b15", "type": "record_consent", "purpose": "sharing",
             "given": false},
        ]}}}}},
    });
    let flow = api.world.add_flow(&flow).await;
    api.world.add_trigger("C", flow).await;
    api.world.hand_in("+254722000111", "yes", "1").await;
    let message = api.list("messages.json?folder=flows").await.remove(0);
    let mut consents = api.list("consents.json?contact=tel:%2B254722000111").await;
    assert_eq!(consents.len(), 2, "{consents:?}");
    let (sharing, research) = (consents.remove(0), consents.remove(0));
    assert_eq!(
        (
            &research["purpose"],
            &research["given"],
            &research["source"],
            &research["text"],
            &research["message"]
        ),
        (
            &json!("research"),
            &json!(true),
            &json!("flow"),
            &json!("May we ask you? You said yes"),
            &message["uuid"]
        )
    );
    assert_eq!((&sharing["purpose"], &sharing["given"]), (&json!("sharing"), &json!(false)));
    // A consent to one thing is none to be written to, and none taken back stops nobody.
    let contact = api.list("contacts.json?urn=tel:%2B254722000111").await.remove(0);
    assert_eq!(contact["status"], "active");
}

async fn messages_go_to_who_agreed(mut api: Api) {
    let (status, optin) = api.post("optins.json", json!({"name": "Weekly news"})).await;
    assert_eq!(status, 201, "{optin}");
    let urns = ["tel:+254722000001", "tel:+254722000002", "tel:+254722000003", "tel:+254722000004"];
    for urn in urns {
        assert_eq!(api.post("contacts.json", json!({"urns": [urn]})).await.0, 201);
    }
    let consent = |urn: &str, given: bool| json!({"contact": urn, "purpose": "Weekly news", "given": given});
    for (urn, given) in [(urns[0], true), (urns[1], true), (urns[1], false)] {
        assert_eq!(api.post("consents.json", consent(urn, given)).await.0, 201);
    }
    // The third tells their carrier, by the name or the identifier of what they agree to.
    let event = |kind: &str, to: &str| {
        let url = format!("{}/c/ex/{}/event", api.world.base, api.world.line);
        api.world.client.post(url).form(&[("from", "+254722000003"), ("type", kind), ("optin", to)]).send()
    };
    assert_eq!(event("opt_in", optin["uuid"].as_str().unwrap()).await.unwrap().status(), 200);
    let kept = api.list("consents.json?contact=tel:%2B254722000003").await;
    assert_eq!(
        (&kept[0]["purpose"], &kept[0]["source"], &kept[0]["given"]),
        (&json!("Weekly news"), &json!("carrier"), &json!(true))
    );
    let mut all = urns.to_vec();
    all.push("tel:+254722000005");
    let body = json!({"text": "News!", "optin": "weekly NEWS", "urns": all});
    let preview = api.post("broadcast_previews.json", body.clone()).await;
    assert_eq!(preview.0, 200, "{}", preview.1);
    let (status, sent) = api.post("broadcasts.json", body).await;
    assert_eq!((status, &sent["optin"]["uuid"], &sent["exclude"]), (201, &optin["uuid"], &Value::Null));
    let mut told = [api.world.carrier.next().await, api.world.carrier.next().await]
        .map(|message| message.body["to"].as_str().unwrap_or_default().to_owned());
    told.sort();
    assert_eq!(told, ["+254722000001", "+254722000003"]);
    let path = format!("broadcasts.json?uuid={}", sent["uuid"].as_str().unwrap());
    for _ in 0..1_000 {
        if api.list(&path).await[0]["status"] == "completed" {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let done = api.list(&path).await.remove(0);
    assert_eq!((&done["status"], &done["left_out"]), (&json!("completed"), &json!(3)), "{done}");
    let wrong = json!({"text": "News!", "optin": "Daily news", "urns": [urns[0]]});
    let (status, said) = api.post("broadcasts.json", wrong).await;
    assert!(status == 400 && !said["optin"].is_null(), "{said}");
}
