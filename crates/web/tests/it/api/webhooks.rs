//! Webhooks from outside: what a program is told, how it is signed, what becomes of refusals, and replays.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use node::Layer;
use ring::hmac;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::{Api, on_both};
use crate::world::World;

/// A test that waits so long for a call has failed.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_told_on_sqlite() {
    told(Api::of(World::with(open()).await).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_told_on_postgresql() {
    told(Api::of(World::on_postgres_with(open()).await).await).await;
}

on_both!(what_is_wrong_with_a_webhook_is_said, private_addresses_are_refused);

/// Webhooks may call this machine.
fn open() -> Layer {
    Layer { allow_private_webhooks: Some(true), ..Layer::default() }
}

struct Got {
    headers: BTreeMap<String, String>,
    body: String,
}

impl Got {
    fn value(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    /// As a receiver does it that has read docs/webhooks.md.
    fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let signed = format!("{}.{}.{}", self.id(), self.headers["webhook-timestamp"], self.body);
        let given = STANDARD.decode(self.headers["webhook-signature"].strip_prefix("v1,").unwrap()).unwrap();
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &key), signed.as_bytes(), &given).is_ok()
    }
}

/// A program that is called: answers as it is told, and keeps what it got.
struct Program {
    url: String,
    answers: Arc<Mutex<VecDeque<u16>>>,
    got: mpsc::UnboundedReceiver<Got>,
}

impl Program {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (sender, got) = mpsc::unbounded_channel();
        let answers: Arc<Mutex<VecDeque<u16>>> = Arc::default();
        let will = answers.clone();
        let take = move |headers: HeaderMap, body: Bytes| {
            let (sender, will) = (sender.clone(), will.clone());
            async move {
                let headers =
                    headers.iter().map(|(k, v)| (k.to_string(), v.to_str().unwrap().to_owned())).collect();
                let body = String::from_utf8(body.to_vec()).unwrap();
                let status = will.lock().unwrap().pop_front().unwrap_or(200);
                let _ = sender.send(Got { headers, body });
                StatusCode::from_u16(status).unwrap()
            }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(take)).await });
        Self { url, answers, got }
    }

    async fn next(&mut self) -> Got {
        tokio::time::timeout(PATIENCE, self.got.recv()).await.expect("a call in time").unwrap()
    }
}

async fn told(api: Api) {
    let mut program = Program::start().await;
    let body = json!({"target_url": program.url, "events": ["new_contact", "contact", "message_out"]});
    let (status, made) = api.post("webhooks.json", body).await;
    assert_eq!(status, 201, "{made}");
    let secret = made["secret"].as_str().unwrap().to_owned();
    let path = format!("webhooks.json?uuid={}", made["uuid"].as_str().unwrap());
    assert_eq!(api.list(&path).await[0]["secret"], Value::Null, "it is shown once");
    // The first call is refused; it comes again, with the same identifier, and before what came after it.
    program.answers.lock().unwrap().push_back(500);
    let (_, contact) =
        api.post("contacts.json", json!({"name": "Amina", "urns": ["tel:+254722000333"]})).await;
    let refused = program.next().await;
    assert!(refused.is_signed_with(&secret), "{:?}", refused.headers);
    let (_, _) = api
        .post(&format!("contacts.json?uuid={}", contact["uuid"].as_str().unwrap()), json!({"name": "Zodwa"}))
        .await;
    let again = program.next().await;
    assert_eq!((again.id(), &again.body), (refused.id(), &refused.body));
    assert!(again.is_signed_with(&secret));
    let event = again.value();
    assert_eq!((&event["id"], &event["type"]), (&json!(again.id()), &json!("new_contact")));
    assert_eq!(
        (&event["data"]["contact"]["uuid"], &event["data"]["contact"]["urns"]),
        (&contact["uuid"], &json!(["tel:+254722000333"]))
    );
    let later = program.next().await.value();
    assert_eq!((&later["type"], &later["data"]["contact"]["name"]), (&json!("contact"), &json!("Zodwa")));
    // What it is not to be told it is not told: a definition in between.
    api.post("groups.json", json!({"name": "Mothers"})).await;
    let (_, sent) = api.post("messages.json", json!({"contact": contact["uuid"], "text": "Hello"})).await;
    let said = loop {
        let event = program.next().await.value();
        if event["type"] == json!("message_out") {
            break event;
        }
    };
    assert_eq!(
        (&said["data"]["message"]["text"], &said["data"]["message"]["uuid"]),
        (&json!("Hello"), &sent["uuid"])
    );
    // The log says what was answered.
    let log = format!("webhook_deliveries.json?webhook={}", made["uuid"].as_str().unwrap());
    let first = until(&api, &log, |rows| {
        rows.last().filter(|_| rows.iter().all(|row| row["status"] == "delivered")).cloned()
    })
    .await;
    assert_eq!(
        (&first["event"], &first["answer_status"], &first["attempts"]),
        (&json!(refused.id()), &json!(200), &json!(1))
    );
    assert_eq!(api.list(&format!("{log}&status=dead")).await.len(), 0);
    // All again from the first event on, and all since a moment.
    let act = |body: Value| {
        let mut body = body;
        body["webhook"] = made["uuid"].clone();
        let api = &api;
        async move { api.post("webhook_actions.json", body).await }
    };
    let (status, said) = act(json!({"action": "replay", "event": refused.id()})).await;
    assert_eq!(status, 200, "{said}");
    let replayed = program.next().await;
    assert_eq!((replayed.id(), replayed.value()["type"].clone()), (refused.id(), json!("new_contact")));
    let (status, said) = act(json!({"action": "replay", "since": "2020-01-01T00:00:00Z"})).await;
    assert_eq!(status, 200, "{said}");
    while program.next().await.id() != refused.id() {}
    // What is under way is signed with the secret that was.
    until(&api, &path, |rows| rows.first().filter(|row| row["waiting"] == json!(0)).cloned()).await;
    let (status, renewed) = act(json!({"action": "renew_secret"})).await;
    assert!(status == 200 && renewed["secret"] != json!(secret) && renewed["secret"].is_string());
    // What wants no more is told no more, and goes on when somebody says so.
    let (status, _) = api.post(&path, json!({"paused": true})).await;
    assert_eq!(status, 200);
    while program.got.try_recv().is_ok() {}
    api.post("contacts.json", json!({"name": "Later", "urns": ["tel:+254722000334"]})).await;
    program.answers.lock().unwrap().push_back(410);
    api.post(&path, json!({"paused": false})).await;
    let told = program.next().await;
    assert!(told.is_signed_with(renewed["secret"].as_str().unwrap()));
    let disabled =
        until(&api, &path, |rows| rows.first().filter(|row| row["status"] == "disabled").cloned()).await;
    assert!(disabled["error"].as_str().unwrap().contains("410"), "{disabled}");
    assert_eq!(disabled["waiting"], json!(1));
    api.post(&path, json!({"paused": false})).await;
    assert_eq!(program.next().await.id(), told.id(), "nothing was lost");
    assert_eq!(api.delete(&path).await.0, 204);
    assert!(api.list(&path).await.is_empty());
}

async fn until(api: &Api, path: &str, found: impl Fn(&[Value]) -> Option<Value>) -> Value {
    for _ in 0..500 {
        if let Some(found) = found(&api.list(path).await) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{path}: {:?}", api.list(path).await);
}

async fn what_is_wrong_with_a_webhook_is_said(api: Api) {
    for (body, member) in [
        (json!({}), "target_url"),
        (json!({"target_url": "ftp://hooks.invalid/"}), "target_url"),
        (json!({"target_url": "hooks.invalid"}), "target_url"),
        (json!({"target_url": format!("https://hooks.invalid/{}", "x".repeat(2_000))}), "target_url"),
        (json!({"target_url": "https://hooks.invalid/", "events": ["rain"]}), "events"),
        (json!({"target_url": "https://hooks.invalid/", "events": "ticket"}), "events"),
        (json!({"target_url": "https://hooks.invalid/", "name": "x".repeat(65)}), "name"),
        (json!({"target_url": "https://hooks.invalid/", "paused": "maybe"}), "paused"),
    ] {
        let (status, said) = api.post("webhooks.json", body.clone()).await;
        assert!(status == 400 && !said[member].is_null(), "{body}: {status} {said}");
    }
    let body = json!({"target_url": "https://hooks.invalid/", "paused": true});
    let (_, made) = api.post("webhooks.json", body).await;
    for (body, member) in [
        (json!({"action": "replay", "since": "2020-01-01T00:00:00Z"}), "webhook"),
        (json!({"webhook": "x", "action": "retry"}), "webhook"),
        (json!({"webhook": made["uuid"]}), "action"),
        (json!({"webhook": made["uuid"], "action": "dance"}), "action"),
        (json!({"webhook": made["uuid"], "action": "replay"}), "non_field_errors"),
        (json!({"webhook": made["uuid"], "action": "replay", "since": "yesterday"}), "since"),
        (json!({"webhook": made["uuid"], "action": "replay", "event": "815"}), "event"),
        (
            json!({"webhook": made["uuid"], "action": "replay", "event": "evt_99999999999-3"}),
            "non_field_errors",
        ),
    ] {
        let (status, said) = api.post("webhook_actions.json", body.clone()).await;
        assert!(status == 400 && !said[member].is_null(), "{body}: {status} {said}");
    }
    assert_eq!(api.call(&api.token, reqwest::Method::GET, "webhook_deliveries.json", None).await.0, 400);
}

async fn private_addresses_are_refused(api: Api) {
    for url in [
        "http://127.0.0.1/",
        "http://localhost:80/x",
        "https://10.0.0.5/",
        "http://[::1]/",
        "http://169.254.169.254/latest",
        "http://0x7f000001/",
        "http://2130706433/",
    ] {
        let (status, said) = api.post("webhooks.json", json!({"target_url": url})).await;
        assert!(status == 400 && !said["target_url"].is_null(), "{url}: {status} {said}");
    }
}
