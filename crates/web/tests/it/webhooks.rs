//! Flows that ask the outside world.

use node::Layer;
use serde_json::{Value, json};

use crate::carrier::Carrier;
use crate::world::World;

/// Calls an address and says what came of it.
fn asking(url: &str) -> Value {
    let id = |n: u8| format!("7e3f8f0a-9d3c-4f6f-8a39-6f1f2d6b{n:04}");
    let say = |n: u8, text: &str| {
        json!({"uuid": id(n), "actions": [{"type": "send_msg", "uuid": id(n + 1), "text": text}],
            "exits": [{"uuid": id(n + 2), "destination_uuid": null}]})
    };
    json!({
        "uuid": id(1), "name": "Ask", "spec_version": "14.4.0", "language": "eng", "type": "messaging",
        "revision": 1, "expire_after_minutes": 60, "localization": {},
        "nodes": [
            {"uuid": id(2), "actions": [{"type": "call_webhook", "uuid": id(3), "method": "POST", "url": url,
                "headers": {"Content-Type": "application/json"}, "body": "{\"text\": \"@input.text\"}",
                "result_name": "Answer"}],
             "router": {"type": "switch", "operand": "@webhook.status", "result_name": "",
                "cases": [{"uuid": id(4), "type": "has_number_between", "arguments": ["200", "299"],
                           "category_uuid": id(5)}],
                "categories": [{"uuid": id(5), "name": "Success", "exit_uuid": id(6)},
                               {"uuid": id(7), "name": "Failure", "exit_uuid": id(8)}],
                "default_category_uuid": id(7)},
             "exits": [{"uuid": id(6), "destination_uuid": id(10)}, {"uuid": id(8), "destination_uuid": id(20)}]},
            say(10, "it answered"),
            say(20, "it did not answer"),
        ],
    })
}

async fn world_that_asks(allow_private: bool) -> (World, Carrier) {
    let service = Carrier::start().await;
    let world = World::with(Layer { allow_private_webhooks: Some(allow_private), ..Layer::default() }).await;
    let flow = world.add_flow(&asking(&service.url)).await;
    world.add_trigger("C", flow).await;
    (world, service)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_flow_goes_on_with_the_answer() {
    let (mut world, mut service) = world_that_asks(true).await;
    service.will_answer([Some(503), Some(200)]);
    let _ = world.hand_in("+254722000111", "hello", "1").await;
    let (first, again) = (service.next().await, service.next().await);
    assert_eq!(first.text(), "hello");
    assert!(!first.key.is_empty() && first.key == again.key, "a repetition can be recognised");
    assert_eq!(world.carrier.next().await.text(), "it answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_not_called() {
    let (mut world, mut service) = world_that_asks(false).await;
    let _ = world.hand_in("+254722000111", "hello", "1").await;
    assert_eq!(world.carrier.next().await.text(), "it did not answer");
    assert!(service.is_quiet());
}
