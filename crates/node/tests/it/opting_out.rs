//! Who opts out gets nothing more: with two nodes, while jobs write to them, and when it is the carrier that knows.

use std::time::Duration;

use channels::{Inbound, InboundEvent, InboundMessage};
use domain::{ContactStatus, Urn};
use node::http::Answer;
use node::{Node, Taken};
use operations::{JobSpec, NewJob, Recipients, StartJob, StartedBy, create_job};
use serde_json::json;
use store::{ChannelRow, ConversationKey, MessageStatus, Rate};
use tokio::time::sleep;

use crate::crowds::broadcast_to_all;
use crate::world::{Attempt, Carried, World};

fn phone(person: u32) -> String {
    format!("+25472200{person:04}")
}

fn urn(person: u32) -> Urn {
    Urn::new("tel", phone(person))
}

/// A carrier tells a node that somebody wants nothing more.
async fn opts_out(node: &Node, line: &ChannelRow, urn: Urn) {
    let channel = node.lines().find(node.context(), line.uuid).await.unwrap().unwrap();
    let taken = node.receive(&channel, vec![Inbound::Event(InboundEvent::StopContact { urn })]).await;
    assert_eq!(taken.unwrap(), [Taken::Noted]);
}

async fn status(world: &World, urn: Urn) -> ContactStatus {
    let key = ConversationKey::Urn(world.workspace.id, urn);
    let loaded = world.store.load_conversations(vec![key]).await.unwrap().conversations;
    loaded[0].as_ref().unwrap().contact.status
}

/// What was tried to be said to somebody behind the first so many attempts.
fn heard(world: &World, since: usize, person: u32) -> Vec<String> {
    let attempts = world.attempts_from(since).into_iter();
    attempts.filter(|attempt| attempt.to == phone(person)).map(|attempt| attempt.text).collect()
}

#[tokio::test(start_paused = true)]
async fn what_one_node_has_in_hand_is_not_sent_after_another_heard_the_opt_out() {
    // Long ago, and just before: then the first node would not look into the store if it were alone.
    // Long before its turn, and so shortly that no node looks into the store again: then it must be heard.
    for (waited, them) in [(Duration::from_secs(20), 6), (Duration::from_millis(700), 3)] {
        let world = World::new(91, |_| Some(200)).await;
        let other = world.beside("other", None).await.unwrap();
        // Two nodes share the rate: each sends every ten seconds, or twice a second. What one may have in hand.
        let rate = if waited.as_secs() > 0 { Rate { messages: 1, seconds: 5 } } else { Rate::per_second(4) };
        let slow = world.add_line("slow", Some(rate)).await;
        sleep(Duration::from_secs(5)).await;
        for person in 0..7 {
            world.write_on(slow.uuid, person, "hi").await;
        }
        sleep(waited).await;
        assert!(heard(&world, 0, them).is_empty(), "it is in hand, and waits for its turn");
        opts_out(&other, &slow, urn(them)).await;
        let since = world.attempts().len();
        sleep(Duration::from_secs(300)).await;
        assert_eq!(heard(&world, since, them), Vec::<String>::new(), "after {waited:?}");
        assert!(!heard(&world, since, 5).is_empty(), "others get theirs");
        assert_eq!(status(&world, urn(them)).await, ContactStatus::Stopped);
    }
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_that_is_under_way_passes_over_who_opts_out_meanwhile() {
    let world = World::new(92, |_| Some(200)).await;
    world.on_keyword("join", &[json!({"type": "send_msg", "text": "Welcome"})]).await;
    let other = world.beside("other", None).await.unwrap();
    let line = world.add_line("slow", Some(Rate::per_second(40))).await;
    for person in 0..1_500 {
        world.write_on(line.uuid, person, "join").await;
    }
    sleep(Duration::from_secs(120)).await;
    let since = world.attempts().len();
    broadcast_to_all(&world, "News").await;
    sleep(Duration::from_secs(4)).await;
    // In the hand of a node, in the store, not written yet; told to either node.
    let leaving = [300, 301, 450, 451, 700, 701, 1_400, 1_401];
    for person in leaving {
        assert!(heard(&world, since, person).is_empty(), "{person} has not had it yet");
        let node = if person % 2 == 0 { &world.node } else { &other };
        opts_out(node, &line, urn(person)).await;
    }
    sleep(Duration::from_secs(300)).await;
    for person in leaving {
        assert!(heard(&world, since, person).is_empty(), "{person}: {:?}", heard(&world, since, person));
    }
    for person in (0..1_500).filter(|person| !leaving.contains(person)) {
        assert_eq!(heard(&world, since, person), ["News"], "{person}");
    }
    let jobs = world.store.jobs(world.workspace.id, 9).await.unwrap();
    assert_eq!((jobs[0].status.as_str(), jobs[0].total), ("done", Some(1_500)));
    assert!(jobs[0].left_out >= 2, "those whose turn had not come are left out with the reason");
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_is_started_for_many_is_not_begun_for_who_opts_out_meanwhile() {
    let world = World::new(93, |_| Some(200)).await;
    world.on_keyword("join", &[json!({"type": "send_msg", "text": "Welcome"})]).await;
    world.on_keyword("visit", &[json!({"type": "send_msg", "text": "A visit"})]).await;
    let line = world.add_line("slow", Some(Rate::per_second(20))).await;
    for person in 0..400 {
        world.write_on(line.uuid, person, "join").await;
    }
    sleep(Duration::from_secs(60)).await;
    let since = world.attempts().len();
    let definitions = world.store.definitions(world.workspace.id).await.unwrap().unwrap();
    let spec = JobSpec::StartFlow(StartJob {
        not_again: false,
        flow: definitions.flows.iter().find(|flow| flow.name == "visit").unwrap().uuid,
        recipients: Recipients { query: "tel ~ 254722".into(), ..Recipients::default() },
        skip_in_a_flow: false,
        params: None,
        started_by: StartedBy::Person { user: None, origin: None },
    });
    create_job(world.node.context(), NewJob { workspace: world.workspace.id, spec, unique_key: None })
        .await
        .unwrap();
    sleep(Duration::from_secs(2)).await;
    let leaving = [90, 150, 399];
    for person in leaving {
        assert!(heard(&world, since, person).is_empty(), "{person} has not had it yet");
        opts_out(&world.node, &line, urn(person)).await;
    }
    sleep(Duration::from_secs(120)).await;
    for person in 0..400 {
        let expected: &[&str] = if leaving.contains(&person) { &[] } else { &["A visit"] };
        assert_eq!(heard(&world, since, person), expected, "{person}");
    }
}

/// An answer that refuses what goes to one person, in a carrier's own words.
fn refusing(person: u32, status: u16, body: &'static str) -> impl Fn(&Attempt) -> Carried {
    let them = phone(person);
    move |attempt| {
        let answer = if attempt.to.trim_start_matches('+') == them.trim_start_matches('+') {
            Answer { status, body: body.as_bytes().to_vec(), ..Answer::default() }
        } else {
            let body = json!({"messages": [{"id": attempt.key}]}).to_string().into_bytes();
            Answer { status: 200, body, ..Answer::default() }
        };
        Carried::Answer(answer)
    }
}

#[tokio::test(start_paused = true)]
async fn a_carrier_that_knows_of_an_opt_out_is_believed() {
    let sms = json!({"send_url": "http://carrier.example/slow", "content_type": "json",
        "body": "{\"to\":{{to}},\"text\":{{text}}}", "mt_opt_out_check": "21610"});
    let whatsapp = json!({"auth_token": "T", "app_secret": "S", "verify_token": "V",
        "base_url": "http://carrier.example"});
    let cases = [
        ("EX", "tel", sms.clone(), 400, r#"{"code": 21610, "message": "unsubscribed recipient"}"#),
        ("EX", "tel", sms, 200, "ERR 21610"),
        ("WAC", "whatsapp", whatsapp, 400, r#"{"error": {"code": 131050, "message": "stopped"}}"#),
    ];
    for (kind, scheme, config, code, body) in cases {
        let world = World::new(94, refusing(7, code, body)).await;
        let line = world.add_line_of(kind, "line", Some(Rate { messages: 1, seconds: 2 }), config).await;
        let urn = |person| {
            let number = phone(person);
            Urn::new(scheme, if scheme == "tel" { &*number } else { number.trim_start_matches('+') })
        };
        for person in [7, 8] {
            for text in ["one", "two", "three"] {
                let message = InboundMessage {
                    urn: urn(person),
                    other_urns: Vec::new(),
                    text: text.to_owned(),
                    attachments: Vec::new(),
                    sent_on: None,
                    external_id: None,
                    name: None,
                    payload: None,
                };
                world.hand_in_on(line.uuid, Inbound::Message(message)).await.unwrap();
            }
        }
        sleep(Duration::from_secs(120)).await;
        let to = |person: u32| {
            let theirs = |attempt: &&Attempt| attempt.to.trim_start_matches('+') == &phone(person)[1..];
            world.attempts().iter().filter(theirs).count()
        };
        assert_eq!(to(7), 1, "{body}: nothing after the one that was refused");
        assert!(to(8) >= 3, "others get theirs");
        assert_eq!(status(&world, urn(7)).await, ContactStatus::Stopped, "{body}");
        let out = world.messages().await.into_iter().filter(|message| message.channel == Some(line.id));
        let failed: Vec<_> = out.filter(|message| message.status == MessageStatus::Failed).collect();
        assert!(failed.len() >= 2, "{body}");
        let reason = failed[0].reason.clone().unwrap();
        assert!(reason.starts_with("the contact opted out at the carrier: "), "{reason}");
    }
}
