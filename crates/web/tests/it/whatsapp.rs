//! Webhooks of WhatsApp over HTTP: who may send them, whose they are, and what becomes of them.

use channels::wac;
use domain::MessageId;
use reqwest::Response;
use serde_json::{Value, json};
use store::{Direction, MessageStatus};

use crate::world::World;

const SECRET: &str = "secret of the app";
/// Address of the world's channels.
const NUMBER: &str = "2020";

async fn world() -> World {
    let world = World::asking().await;
    let base_url = world.carrier.url.trim_end_matches("/send");
    let config =
        json!({"auth_token": "t", "app_secret": SECRET, "verify_token": "word", "base_url": base_url});
    world.add_whatsapp(config).await;
    world
}

fn webhook(number: &str, value: Value) -> String {
    let mut value = value;
    value["metadata"] = json!({ "phone_number_id": number });
    let change = json!({"field": "messages", "value": value});
    json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}).to_string()
}

async fn post(world: &World, secret: &str, body: String) -> Response {
    let signature = wac::signature(secret, body.as_bytes());
    let request = world.client.post(format!("{}/c/wac/receive", world.base));
    request.header("X-Hub-Signature-256", signature).body(body).send().await.unwrap()
}

fn text(from: &str, id: &str) -> Value {
    json!({"from": from, "id": id, "timestamp": "1700000000", "type": "text", "text": {"body": "hello"}})
}

#[tokio::test(flavor = "multi_thread")]
async fn many_messages_in_one_webhook_and_reports_by_our_identifier() {
    let mut world = world().await;
    let messages = json!({"messages": [text("254722000111", "wamid.1"), text("254722000112", "wamid.2")]});
    let answer = post(&world, SECRET, webhook(NUMBER, messages.clone())).await;
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(
        (answer["message"].as_str(), answer["data"].as_array().map(Vec::len)),
        (Some("Events Handled"), Some(2))
    );
    let mut ours = Vec::new();
    for _ in 0..2 {
        let reply = world.carrier.next().await;
        assert_eq!(
            (reply.body["type"].as_str(), reply.body["to"].as_str().map(str::len)),
            (Some("text"), Some(12))
        );
        ours.push(reply.body["biz_opaque_callback_data"].clone());
    }
    assert_eq!(post(&world, SECRET, webhook(NUMBER, messages)).await.status(), 200, "again the same");
    let status = |name: &str| json!({"id": "wamid.x", "status": name, "timestamp": "1", "biz_opaque_callback_data": ours[0]});
    for (name, expected) in [("read", MessageStatus::Read), ("delivered", MessageStatus::Read)] {
        let body = webhook(NUMBER, json!({"statuses": [status(name)]}));
        assert_eq!(post(&world, SECRET, body).await.status(), 200);
        let messages = world.store.messages(world.workspace.id, MessageId(0), 10).await.unwrap();
        let reported = messages.iter().find(|message| ours[0] == message.uuid.to_string()).unwrap();
        assert_eq!(reported.status, expected, "after {name}");
        assert_eq!(messages.iter().filter(|message| message.direction == Direction::In).count(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_meta_is_refused() {
    let world = world().await;
    let body = webhook(NUMBER, json!({"messages": [text("254722000111", "wamid.1")]}));
    assert_eq!(post(&world, "another secret", body.clone()).await.status(), 401);
    let url = format!("{}/c/wac/receive", world.base);
    assert_eq!(world.client.post(&url).body(body).send().await.unwrap().status(), 401);
    assert!(world.store.messages(world.workspace.id, MessageId(0), 10).await.unwrap().is_empty());
    let cases = [
        ("hub.mode=subscribe&hub.verify_token=word&hub.challenge=42", 200, "42"),
        ("hub.mode=subscribe&hub.verify_token=sword&hub.challenge=42", 403, "token does not match"),
        ("", 400, "unknown request"),
    ];
    for (query, status, expected) in cases {
        let answer = world.client.get(format!("{url}?{query}")).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{query}");
        assert!(answer.text().await.unwrap().contains(expected), "{query}");
    }
}
