//! The engine: conversations from start to end, what interrupts them, and what survives being stored.

mod extensions;
pub mod world;

use flows::effect::HttpAnswer;
use flows::engine::{ResumeReason, WaitKind};
use flows::events::EventKind;
use flows::session::{RunStatus, SessionStatus};
use flows::{Effect, EffectResult, Event, Resume, Session};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use world::{World, flow, id, node, question, said, say, told};

/// Asks for the age, then greets.
fn greeting() -> serde_json::Value {
    let age = json!([{"uuid": id(31), "type": "set_contact_field", "field": {"key": "age", "name": "Age"}, "value": "31"},
        say(32, "Welcome @contact.first_name, @results.sure.category")]);
    flow(1, 1, json!([question(10, json!([say(19, "Sure?")]), "Sure", Some(30)), node(30, age, None)]))
}

#[test]
fn a_question_is_asked_answered_and_acted_upon() {
    let mut world = World::new(&[greeting()]);
    let sprint = world.start(1);
    assert_eq!(told(&sprint), ["run_started", "says Sure?", "msg_wait"]);
    let wait = sprint.wait.unwrap();
    assert_eq!((wait.kind, wait.timeout_seconds), (WaitKind::Msg, Some(600)));
    let sprint = world.answer(&sprint.session, "oh yes");
    let expected = [
        "Sure=yes/Yes",
        "contact_field_changed",
        "contact_groups_changed",
        "says Welcome Nomsa, Yes",
        "Flow 1 completed",
    ];
    assert_eq!(told(&sprint), expected);
    assert_eq!(sprint.session.status, SessionStatus::Completed);
    assert_eq!(world.contact.groups, [id(901).parse().unwrap()]);
    assert_eq!(sprint.segments.len(), 1);
    assert_eq!(sprint.segments[0].operand, "oh yes");
}

#[test]
fn time_running_out_is_an_answer_too() {
    let event = |kind| Event::new(Default::default(), Timestamp::UNIX_EPOCH, kind);
    for (kind, expected, status) in [
        (EventKind::WaitTimedOut {}, vec!["Sure=/No Response", "Flow 1 completed"], SessionStatus::Completed),
        (EventKind::WaitExpired {}, vec!["Flow 1 expired"], SessionStatus::Completed),
    ] {
        let mut world = World::new(&[greeting()]);
        let session = world.start(1).session;
        let resume = Resume::from_event(event(kind)).unwrap();
        let mut contact = world.contact.clone();
        let sprint = world.engine().resume(session, &mut contact, resume).unwrap();
        assert_eq!(told(&sprint), expected);
        assert_eq!(sprint.session.status, status);
    }
}

#[test]
fn a_sub_flow_comes_back_with_its_status() {
    let enter = |number, terminal| {
        json!([{"uuid": id(number), "type": "enter_flow", "terminal": terminal,
        "flow": {"uuid": id(2), "name": "Flow 2"}}])
    };
    let parent = |terminal| {
        flow(
            1,
            1,
            json!([
                node(10, enter(12, terminal), Some(20)),
                node(20, json!([say(22, "Child @child.status")]), None)
            ]),
        )
    };
    let child = flow(2, 1, json!([question(40, json!([say(49, "Hm?")]), "Hm", None)]));
    for (terminal, expected) in [
        (false, vec!["Hm=no/Other", "Flow 2 completed", "says Child completed", "Flow 1 completed"]),
        (true, vec!["Hm=no/Other", "Flow 2 completed"]),
    ] {
        let mut world = World::new(&[parent(terminal), child.clone()]);
        let sprint = world.start(1);
        let sprint = world.answer(&sprint.session, "no");
        assert_eq!(told(&sprint), expected, "terminal: {terminal}");
        assert_eq!(sprint.session.status, SessionStatus::Completed);
    }
}

#[test]
fn what_a_session_does_not_wait_for_leaves_it_unchanged() {
    let mut world = World::new(&[greeting()]);
    let waiting = world.start(1).session;
    let done = world.answer(&waiting, "yes").session;
    let mut contact = world.contact.clone();
    let refused = world.engine().resume(done, &mut contact, said("again")).unwrap_err();
    assert_eq!(refused.reason, ResumeReason::NotWaiting);
    let before = waiting.encode();
    let result = EffectResult::Email { error: None };
    let refused = world.engine().complete(waiting, &mut contact, result).unwrap_err();
    assert_eq!(refused.reason, ResumeReason::NotPending);
    assert_eq!(refused.session.encode(), before);
}

#[test]
fn a_flow_that_runs_in_circles_ends_as_failed() {
    let circle = flow(1, 1, json!([node(10, json!([]), Some(10))]));
    let sprint = World::new(&[circle]).start(1);
    assert_eq!(
        told(&sprint),
        ["run_started", "failure Reached maximum number of steps per sprint (100)", "Flow 1 failed"]
    );
    assert_eq!(sprint.session.status, SessionStatus::Failed);
}

#[test]
fn a_circle_through_a_web_service_ends_too() {
    let call =
        json!([{"uuid": id(12), "type": "call_webhook", "method": "GET", "url": "https://clinic.example/"}]);
    let mut world = World::new(&[flow(1, 1, json!([node(10, call, Some(10))]))]);
    let mut sprint = world.start(1);
    for _ in 0..200 {
        if sprint.effect.is_none() {
            break;
        }
        let answer = HttpAnswer { status: Some(200), body: b"{}".to_vec(), ..HttpAnswer::default() };
        let session = Session::decode(&sprint.session.encode(), &world.assets).unwrap();
        let mut contact = world.contact.clone();
        sprint = world.engine().complete(session, &mut contact, EffectResult::Webhook { answer }).unwrap();
    }
    assert_eq!(sprint.session.status, SessionStatus::Failed);
}

#[test]
fn a_call_suspends_the_sprint_and_its_answer_goes_on_from_there() {
    let actions = json!([
        say(12, "Looking"),
        {"uuid": id(13), "type": "call_webhook", "method": "POST", "url": "https://clinic.example/@contact.id",
         "headers": {"X-Name": "@contact.first_name"}, "body": "{}", "result_name": "Clinic"},
        say(14, "It is @webhook.json.name (@results.clinic.category)"),
    ]);
    let mut world = World::new(&[flow(1, 1, json!([node(10, actions, None)]))]);
    let sprint = world.start(1);
    assert_eq!(told(&sprint), ["run_started", "says Looking", "warning"]);
    assert_eq!(sprint.session.status, SessionStatus::Active);
    let Some(Effect::Webhook { request }) = &sprint.effect else { panic!("{:?}", sprint.effect) };
    assert_eq!(
        (request.url.as_str(), request.headers["X-Name"].as_str()),
        ("https://clinic.example/9", "Nomsa")
    );
    let body = br#"{"name": "Gugulethu", "beds": 12.50}"#.to_vec();
    for (answer, said) in [
        (HttpAnswer { status: Some(200), body, ..HttpAnswer::default() }, "says It is Gugulethu (Success)"),
        (HttpAnswer::default(), "says It is  (Failure)"),
    ] {
        let session = Session::decode(&sprint.session.encode(), &world.assets).unwrap();
        let mut contact = world.contact.clone();
        let sprint =
            world.engine().complete(session, &mut contact, EffectResult::Webhook { answer }).unwrap();
        assert!(told(&sprint).iter().any(|told| told == said), "{:?}", told(&sprint));
        assert_eq!(sprint.session.status, SessionStatus::Completed);
    }
}

#[test]
fn a_session_follows_its_revision_and_then_the_same_node_of_the_next() {
    let first = World::new(&[greeting()]).start(1).session;
    // The node of the question stands elsewhere now, and says something else after it.
    let mut edited = greeting();
    edited["revision"] = json!(2);
    let nodes = edited["nodes"].as_array_mut().unwrap();
    nodes.insert(0, node(70, json!([say(72, "New beginning")]), Some(10)));
    nodes[2]["actions"] = json!([say(33, "Thanks")]);
    let mut world = World::new(&[edited]);
    let sprint = world.answer(&first, "yes");
    assert_eq!(told(&sprint), ["Sure=yes/Yes", "says Thanks", "Flow 1 completed"]);
    // And if the node is gone, the contact is not stuck.
    let mut gone = greeting();
    gone["revision"] = json!(3);
    gone["nodes"] = json!([node(80, json!([]), None)]);
    let mut world = World::new(&[gone]);
    let sprint = world.answer(&first, "yes");
    assert_eq!(sprint.session.status, SessionStatus::Failed);
    assert_eq!(sprint.session.runs[0].status, RunStatus::Failed);
}

#[test]
fn a_stored_session_is_small_and_the_same() {
    let mut world = World::new(&[greeting()]);
    let session = world.start(1).session;
    let bytes = session.encode();
    assert!(bytes.len() < 600, "{} bytes", bytes.len());
    let read = Session::decode(&bytes, &world.assets).unwrap();
    assert_eq!(read.to_json(), session.to_json());
    assert_eq!(read.encode(), bytes);
}

proptest! {
    #[test]
    fn damaged_bytes_are_refused_without_panic(at in 0_usize..300, byte: u8, cut in 0_usize..300) {
        let mut world = World::new(&[greeting()]);
        let mut bytes = world.start(1).session.encode();
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(length - cut % length);
        // Whatever it says, it neither panics nor asks for all memory.
        let _ = Session::decode(&bytes, &world.assets);
    }
}
