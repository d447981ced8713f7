//! How messages go out: in order, again after failures, and past carriers that are away.

use domain::MessageId;
use node::{Layer, Node, Surroundings};
use serde_json::json;
use store::{Direction, MessageStatus};

use crate::world::{World, config};

#[tokio::test(flavor = "multi_thread")]
async fn replies_go_out_in_the_order_of_the_questions() {
    let mut world = World::asking().await;
    for number in 0..30 {
        for person in 0..3 {
            let from = format!("+25472200011{person}");
            let answer =
                world.hand_in(&from, &format!("word #{number}"), &format!("{person}-{number}")).await;
            assert!(answer.status().is_success());
        }
    }
    let mut seen = [0, 0, 0];
    for _ in 0..90 {
        let reply = world.carrier.next().await;
        let person: usize = reply.body["to"].as_str().unwrap()[12..].parse().unwrap();
        assert!(reply.text().contains(&format!("#{})", seen[person])), "{reply:?} after {seen:?}");
        seen[person] += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_attempt_is_repeated_and_what_follows_waits() {
    let mut world = World::asking().await;
    world.carrier.will_answer([Some(500), Some(429), Some(200)]);
    let _ = world.hand_in("+254722000111", "first", "1").await;
    let first = world.carrier.next().await;
    let _ = world.hand_in("+254722000111", "second", "2").await;
    let again = [world.carrier.next().await, world.carrier.next().await];
    for attempt in &again {
        assert_eq!((attempt.text(), &attempt.key), (first.text(), &first.key), "the same message again");
        assert!(attempt.repeated, "a server that failed may have had it");
    }
    assert!(!first.repeated);
    let next = world.carrier.next().await;
    assert!(next.text().contains("second") && !next.repeated, "{next:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_carrier_refuses_is_not_repeated() {
    let mut world = World::asking().await;
    world.carrier.will_answer([Some(400)]);
    let _ = world.hand_in("+254722000111", "first", "1").await;
    let _ = world.hand_in("+254722000111", "second", "2").await;
    assert!(world.carrier.next().await.text().contains("first"));
    assert!(world.carrier.next().await.text().contains("second"));
    assert!(world.node.stop().await, "all outcomes are recorded");
    let messages = world.store.messages(world.workspace.id, MessageId(0), 10).await.unwrap();
    let out: Vec<_> = messages.iter().filter(|message| message.direction == Direction::Out).collect();
    assert_eq!(out[0].status, MessageStatus::Failed);
    assert!(out[0].reason.as_deref().unwrap().contains("400"));
    assert_eq!(out[1].status, MessageStatus::Wired);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carrier_that_is_away_delays_nobody_else() {
    let mut world = World::asking().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dead = world.add_line(json!({"send_url": format!("http://{closed}/")})).await;
    for person in 0..20 {
        let url = format!("{}/c/ex/{dead}/receive?from=%2B2547330000{person:02}&text=hi", world.base);
        assert!(world.client.get(url).send().await.unwrap().status().is_success());
    }
    for person in 0..5 {
        let _ = world.hand_in(&format!("+25472200011{person}"), "hello", &format!("{person}")).await;
        assert_eq!(world.carrier.next().await.body["to"], format!("+25472200011{person}"));
    }
    assert!(world.carrier.is_quiet());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_message_goes_on_where_it_stopped() {
    let world = World::asking().await;
    let mut carrier = crate::carrier::Carrier::start().await;
    let line = world
        .add_line(json!({"send_url": carrier.url, "content_type": "json", "max_length": 20, "body": "{\"text\":{{text}}}"}))
        .await;
    carrier.will_answer([Some(200), Some(503)]);
    let url = format!("{}/c/ex/{line}/receive?from=20880&text=abc", world.base);
    assert!(world.client.get(url).send().await.unwrap().status().is_success());
    let mut parts = Vec::new();
    for _ in 0..3 {
        parts.push(carrier.next().await);
    }
    let texts: Vec<_> = parts.iter().map(|part| part.text()).collect();
    assert_eq!(texts, ["What is your name?", "(abc)", "(abc)"]);
    assert_eq!(parts[1].key, parts[2].key);
    assert_ne!(parts[0].key, parts[1].key, "each part has its own key");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_run_sends_again_what_was_in_hand() {
    let mut world = World::asking().await;
    world.carrier.will_answer([None]);
    let _ = world.hand_in("+254722000111", "first", "1").await;
    let lost = world.carrier.next().await;
    // Another run on the same store, as after kill -9: the first one's answer never comes.
    let surroundings = Surroundings::system(false).unwrap();
    let second = Node::start(config(Layer::default()), world.store.clone(), surroundings).await.unwrap();
    let again = world.carrier.next().await;
    assert_eq!((again.text(), &again.key), (lost.text(), &lost.key));
    assert!(again.repeated, "it says that it may be a repetition");
    assert!(second.stop().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_stop_gives_back_what_has_not_begun_without_a_mark() {
    let narrow = Layer { channel_window: Some(1), send_timeout_seconds: Some(1), ..Layer::default() };
    let mut world = World::with(narrow).await;
    world.add_two_questions().await;
    world.carrier.will_answer([None]);
    for person in 0..4 {
        let _ = world.hand_in(&format!("+25472200011{person}"), "hello", &format!("{person}")).await;
    }
    let first = world.carrier.next().await;
    assert!(world.node.stop().await, "in time");
    assert_eq!(world.store.outbox_depth().await.unwrap(), (0, 4, 0), "nothing is left in hand");
    let messages = world.store.messages(world.workspace.id, MessageId(0), 20).await.unwrap();
    let marked = messages.iter().filter(|message| message.possibly_repeated).count();
    assert_eq!(marked, 1, "only the one whose answer was lost");
    let surroundings = Surroundings::system(false).unwrap();
    let second = Node::start(config(Layer::default()), world.store.clone(), surroundings).await.unwrap();
    for _ in 0..4 {
        let next = world.carrier.next().await;
        assert_eq!(next.repeated, next.key == first.key, "{next:?}");
    }
    assert!(second.stop().await);
}
