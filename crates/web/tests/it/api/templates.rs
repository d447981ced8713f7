//! Templates as WhatsApp keeps them: asked for at the drill's carrier, which then holds what is sent to what it approved.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use channels::wac;
use domain::ChannelUuid;
use operations::NewChannel;
use reqwest::StatusCode;
use serde_json::{Value, json};
use simulator::carrier::{Carrier, Delivery, Dialect};
use simulator::connections::Connections;
use simulator::whatsapp::PHONE_NUMBER_ID;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{Api, on_both};

on_both!(templates_come_from_the_carrier_and_are_sent, a_line_that_cannot_be_asked_says_why);

/// A line of WhatsApp to the drill's carrier. Answers it and what people get.
async fn line(api: &Api) -> (ChannelUuid, UnboundedReceiver<Delivery>) {
    let anywhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let carrier = Carrier::bind(anywhere, Dialect::WhatsApp).await.unwrap();
    let config = serde_json::from_str(&carrier.channel_config()).unwrap();
    let uuid = add(api, PHONE_NUMBER_ID, config).await;
    let (tell, told) = unbounded_channel();
    let observer = Arc::new(move |delivery: &Delivery| drop(tell.send(delivery.clone())));
    let node = Connections::new(&api.world.base, 4).unwrap();
    tokio::spawn(carrier.serve(node, uuid.0, observer, Arc::new(|| {})));
    (uuid, told)
}

async fn add(api: &Api, address: &str, config: Value) -> ChannelUuid {
    let new = NewChannel {
        workspace: api.world.workspace.id,
        uuid: None,
        channel_type: "WAC".into(),
        name: "WhatsApp".into(),
        address: address.into(),
        schemes: Vec::new(),
        country: None,
        config,
        rate: None,
    };
    operations::add_channel(api.world.node.context(), new).await.unwrap().uuid
}

/// The list, once it fits.
async fn until(api: &Api, path: &str, fits: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    for _ in 0..1_000 {
        let found = api.list(path).await;
        if fits(&found) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{path}: {:?}", api.list(path).await);
}

async fn templates_come_from_the_carrier_and_are_sent(api: Api) {
    let (line, mut told) = line(&api).await;
    let ask = || api.post("template_syncs.json", json!({"channel": line}));
    assert_eq!(ask().await.0, 200);
    // Two pages of two: a name in two languages, and three names in all.
    let templates = until(&api, "templates.json", |found| found.len() == 3).await;
    let of = |name: &str| templates.iter().find(|template| template["name"] == name).unwrap();
    let states = |name: &str| -> Vec<(String, String)> {
        let shown = of(name)["translations"].as_array().unwrap().iter();
        shown.map(|one| (one["locale"].to_string(), one["status"].to_string())).collect()
    };
    let pair = |locale: &str, status: &str| (format!("\"{locale}\""), format!("\"{status}\""));
    assert_eq!(states("visit_reminder"), [pair("eng-US", "approved"), pair("spa", "pending")]);
    assert_eq!(states("offer"), [pair("eng", "rejected")]);
    let shown = &of("visit_reminder")["translations"][0];
    assert_eq!(
        shown["variables"],
        json!([{"type": "image"}, {"type": "text"}, {"type": "text"}, {"type": "text"}])
    );
    assert_eq!((&shown["channel"]["uuid"], &shown["category"]), (&json!(line), &json!("utility")));
    let sync = api.list("template_syncs.json").await.remove(0);
    assert_eq!((&sync["templates"], &sync["error"], &sync["failures"]), (&json!(4), &Value::Null, &json!(0)));

    // A broadcast: the carrier refuses what does not fit what it approved, so what arrives is right.
    let body = json!({
        "text": "Your visit is near", "urns": ["whatsapp:256799000001"], "template": "visit_reminder",
        "template_variables": ["image/jpeg:https://files.example.org/map.jpg", "Zodwa", "@(upper(\"monday\"))", "way-7"],
    });
    let (status, sent) = api.post("broadcasts.json", body).await;
    assert_eq!((status, &sent["template"]["name"]), (201, &json!("visit_reminder")));
    let read = "[https://files.example.org/map.jpg] Dear Zodwa, your visit is on MONDAY. [https://maps.example.org/way-7]";
    assert_eq!(next(&mut told).await, ("+256799000001".to_owned(), read.to_owned()));
    // What people see of it in their thread.
    let path = format!("messages.json?broadcast={}", sent["id"]);
    let thread = until(&api, &path, |found| !found.is_empty()).await;
    assert_eq!(thread[0]["text"], "Dear Zodwa, your visit is on MONDAY.\n\nThe clinic");

    // A flow: a template whose places have names.
    let flow = json!({
        "uuid": "5b9d0b0e-8a6f-4d3e-9d2d-4b7e0d7f6a10", "name": "Welcome", "spec_version": "14.4.2", "language": "eng",
        "type": "messaging", "revision": 1, "expire_after_minutes": 60, "localization": {},
        "nodes": [{
            "uuid": "0f2f6a6e-5f5d-4f39-9f66-0a5d6f0e7a11",
            "actions": [{
                "type": "send_msg", "uuid": "7d5c9a55-7d0d-4d6b-8f6f-3f3b4d0f8a12", "text": "Hello",
                "template": {"uuid": of("welcome")["uuid"], "name": "welcome"},
                "template_variables": ["@(title(\"ada\"))"],
            }],
            "exits": [{"uuid": "c4b8a7a4-6e1b-4b4e-8a2e-1c9f5d3e9a13"}],
        }],
    });
    api.world.add_flow(&flow).await;
    let start = json!({"flow": flow["uuid"], "urns": ["whatsapp:256799000002"]});
    assert_eq!(api.post("flow_starts.json", start).await.0, 201);
    assert_eq!(next(&mut told).await, ("+256799000002".to_owned(), "Welcome, Ada!".to_owned()));

    // What is removed here comes back when the carrier says that something changed: this webhook is of the account.
    let path = format!("templates.json?uuid={}", of("offer")["uuid"].as_str().unwrap());
    assert_eq!(api.delete(&path).await.0, 204);
    assert_eq!(api.list("templates.json").await.len(), 2);
    let change = json!({"field": "message_template_status_update", "value": {"event": "APPROVED"}});
    let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [change]}]});
    let request = api.world.client.post(format!("{}/c/wac/{line}/receive", api.world.base));
    let signature = wac::signature("drill-app-secret", body.to_string().as_bytes());
    let answer =
        request.header("X-Hub-Signature-256", signature).body(body.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let again = until(&api, "templates.json", |found| found.len() == 3).await;
    assert!(
        again.iter().any(|template| template["uuid"] == of("welcome")["uuid"]),
        "what stayed is the same"
    );
}

async fn next(told: &mut UnboundedReceiver<Delivery>) -> (String, String) {
    let delivery = tokio::time::timeout(Duration::from_secs(30), told.recv()).await.unwrap().unwrap();
    (delivery.to, delivery.text)
}

async fn a_line_that_cannot_be_asked_says_why(api: Api) {
    let config = json!({"auth_token": "t", "app_secret": "s", "verify_token": "v"});
    let line = add(&api, "1055", config).await;
    let (status, asked) = api.post("template_syncs.json", json!({"channel": line})).await;
    assert_eq!((status, &asked["synced_on"]), (200, &Value::Null));
    let failed = until(&api, "template_syncs.json", |found| !found[0]["error"].is_null()).await;
    assert!(failed[0]["error"].as_str().unwrap().contains("waba_id"), "{failed:?}");
    let other = api.list("channels.json").await.into_iter().find(|one| one["uuid"] != json!(line)).unwrap();
    for wrong in [json!({}), json!({"channel": "x"}), json!({"channel": other["uuid"]})] {
        let (status, said) = api.post("template_syncs.json", wrong.clone()).await;
        assert!(status == 400 && !said["channel"].is_null(), "{wrong}: {status} {said}");
    }
}
