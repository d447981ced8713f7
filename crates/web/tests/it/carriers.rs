//! What carriers hand in, and what they hear.

use domain::MessageId;
use node::limits;
use reqwest::StatusCode;
use serde_json::{Value, json};
use store::{Direction, MessageStatus};

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_answered_and_the_report_comes_back() {
    let mut world = World::asking().await;
    let answer = world.hand_in("+254722000111", "hello #1", "a1").await;
    assert_eq!(answer.status(), StatusCode::OK);
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["message"], "Message Accepted");
    assert_eq!(answer["data"][0]["urn"], "tel:+254722000111");

    let reply = world.carrier.next().await;
    assert_eq!(reply.text(), "What is your name? (hello #1)");
    assert_eq!(reply.body["to"], "+254722000111");
    let id = reply.body["id"].as_str().unwrap().to_owned();
    assert_eq!(reply.key, id, "the idempotency key is the message's identifier");
    assert!(!reply.repeated);

    for action in ["sent", "delivered"] {
        let url = format!("{}/c/ex/{}/{action}/?id={id}", world.base, world.line);
        let answer: Value = world.client.get(url).send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["message"], "Status Update Accepted");
    }
    let messages = world.store.messages(world.workspace.id, MessageId(0), 10).await.unwrap();
    let kept: Vec<_> = messages.iter().map(|message| (message.direction, message.status)).collect();
    assert_eq!(kept, [(Direction::In, MessageStatus::Handled), (Direction::Out, MessageStatus::Delivered)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_not_taken() {
    let world = World::new().await;
    let (line, chat) = (world.line, world.chat);
    let nobody = uuid::Uuid::from_u128(7);
    let neutral = json!({"message": "Error", "data": [{"type": "error", "error": "not found"}]});
    let cases = [
        (format!("/c/ex/{line}/receive?text=Hi"), 400, Some("must have one of 'sender' or 'from' set")),
        (format!("/c/ex/{line}/receive?from=Bank&text=Hi"), 400, Some("not a possible number")),
        (format!("/c/ex/{line}/delivered"), 400, Some("parameters id or uuid should not be empty")),
        (format!("/c/ex/{line}/unknown"), 404, None),
        (format!("/c/ex/{nobody}/receive?from=20880"), 404, None),
        (format!("/c/ex/{chat}/receive?from=20880"), 404, None),
        (format!("/c/wch/{chat}/receive?from=20880"), 404, None),
        (format!("/c/zz/{line}/receive?from=20880"), 404, None),
        ("/c/ex/not-a-uuid/receive?from=20880".to_owned(), 404, None),
        ("/c/ex".to_owned(), 404, None),
        ("/elsewhere".to_owned(), 404, None),
    ];
    for (path, status, reason) in cases {
        let answer = world.client.get(format!("{}{path}", world.base)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
        let body: Value = answer.json().await.unwrap();
        match reason {
            Some(reason) => {
                assert!(body["data"][0]["error"].as_str().unwrap().contains(reason), "{path}: {body}")
            }
            None => assert_eq!(body, neutral, "{path}"),
        }
    }
    let metrics = world.client.get(format!("{}/metrics", world.base)).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(
        metrics.contains("seedling_inbound_total{channel_type=\"ex\",outcome=\"refused\"} 4"),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit() {
    let world = World::new().await;
    let url = format!("{}/c/ex/{}/receive", world.base, world.line);
    let large = vec![b'a'; limits::CARRIER_BODY_BYTES + 1];
    let answer = world.client.post(&url).body(large.clone()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // Without a declared length the limit shows while reading.
    let chunks = large.chunks(60_000).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()));
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks.collect::<Vec<_>>()));
    let answer = world.client.post(&url).body(body).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_message_again_changes_nothing() {
    let mut world = World::asking().await;
    let mut uuids = Vec::new();
    for _ in 0..3 {
        let answer: Value = world.hand_in("+254722000111", "hello", "same").await.json().await.unwrap();
        uuids.push(answer["data"][0]["msg_uuid"].clone());
    }
    assert!(uuids[0].is_string() && uuids.iter().all(|uuid| *uuid == uuids[0]), "{uuids:?}");
    assert_eq!(world.carrier.next().await.text(), "What is your name? (hello)");
    let _ = world.hand_in("+254722000222", "last", "other").await;
    assert_eq!(world.carrier.next().await.text(), "What is your name? (last)", "nothing came in between");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_handing_in() {
    let mut world = World::asking().await;
    let url = format!("{}/c/EX/{}/receive/", world.base, world.line);
    let client = &world.client;
    let multipart = "--cut\r\nContent-Disposition: form-data; name=\"from\"\r\n\r\n0722000103\r\n--cut\r\n\
        Content-Disposition: form-data; name=\"text\"\r\n\r\nm\r\n--cut--\r\n";
    let requests = [
        client.get(format!("{url}?from=0722000101&text=q")),
        client.post(&url).form(&[("sender", "0722000102"), ("text", "f")]),
        client.post(&url).header("content-type", "multipart/form-data; boundary=cut").body(multipart),
        client.post(&url).json(&json!({"from": "0722000104", "text": "j"})),
    ];
    for (request, to) in requests.into_iter().zip(["101", "102", "103", "104"]) {
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK, "{to}");
        assert_eq!(world.carrier.next().await.body["to"], format!("+254722000{to}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_a_clean_stop() {
    let world = World::asking().await;
    let status = async |path: &str| {
        world.client.get(format!("{}{path}", world.base)).send().await.unwrap().status().as_u16()
    };
    assert_eq!(
        (status("/health/live").await, status("/health/ready").await, status("/").await),
        (200, 200, 200)
    );
    world.node.announce_stop();
    assert_eq!((status("/health/live").await, status("/health/ready").await), (200, 503));
    assert!(world.node.stop().await);
    let answer = world.hand_in("+254722000111", "late", "late").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["retry-after"], "2");
    world.stop.cancel();
}
