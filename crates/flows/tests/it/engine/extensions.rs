//! What flows have beyond the specification, as the engine does it.

use flows::events::{EventKind, MsgIn, MsgReceived};
use flows::{Event, Resume, Session, Sprint};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::world::{World, flow, id, node, question, said, say, told};

/// A flow with extensions at its nodes.
fn extended(mut flow: Json, nodes: &[(u32, Json)]) -> Json {
    for (number, extension) in nodes {
        flow["_ui"]["nodes"][id(*number)]["config"]["seedling"] = extension.clone();
    }
    flow
}

/// Collects for ten seconds, up to three messages or the word `done`, and says what it has.
fn diary() -> Json {
    let collect = json!({"collect": {"quiet_seconds": 10, "max_messages": 3, "closing_words": ["Done"]}});
    let mut asks = question(10, json!([say(19, "How are you?")]), "Diary", None);
    asks["exits"][1]["destination_uuid"] = json!(id(30));
    let tells = "[@input.text] @(count(input.messages)) @input.attachments";
    extended(flow(1, 1, json!([asks, node(30, json!([say(31, tells)]), None)])), &[(10, collect)])
}

fn time_out(world: &mut World, session: &Session) -> Sprint {
    let session = Session::decode(&session.encode(), &world.assets).unwrap();
    let event = Event::new(Default::default(), Timestamp::UNIX_EPOCH, EventKind::WaitTimedOut {});
    let mut contact = world.contact.clone();
    world.engine().resume(session, &mut contact, Resume::from_event(event).unwrap()).unwrap()
}

#[test]
fn a_wait_that_collects_ends_with_quiet_number_or_word() {
    for (messages, then_quiet, expected) in [
        (vec!["one", "two"], true, "[one\ntwo] 2 []"),
        (vec!["one", "two", "three"], false, "[one\ntwo\nthree] 3 []"),
        (vec!["one", " DONE "], false, "[one] 1 []"),
        (vec!["done"], false, "[] 1 []"),
    ] {
        let mut world = World::new(&[diary()]);
        let mut sprint = world.start(1);
        assert_eq!(sprint.wait.unwrap().timeout_seconds, Some(600));
        for (place, message) in messages.iter().enumerate() {
            sprint = world.answer(&sprint.session, message);
            if place + 1 < messages.len() || then_quiet {
                assert_eq!(told(&sprint), ["msg_wait"], "{messages:?}");
                assert_eq!(sprint.wait.unwrap().timeout_seconds, Some(10));
            }
        }
        if then_quiet {
            sprint = time_out(&mut world, &sprint.session);
        }
        let says = told(&sprint).into_iter().find(|line| line.starts_with("says")).unwrap();
        assert_eq!(says, format!("says {expected}"), "{messages:?}");
        assert!(sprint.session.collected.is_empty());
    }
}

#[test]
fn silence_from_the_first_is_a_time_out_as_ever() {
    let mut world = World::new(&[diary()]);
    let session = world.start(1).session;
    let sprint = time_out(&mut world, &session);
    assert_eq!(told(&sprint)[0], "Diary=/No Response");
}

#[test]
fn seconds_of_a_wait_in_a_sub_flow_are_those_of_the_session() {
    let enter = json!([{"uuid": id(12), "type": "enter_flow", "flow": {"uuid": id(2), "name": "Flow 2"}}]);
    let parent = flow(1, 1, json!([node(10, enter, Some(20)), node(20, json!([say(22, "Back")]), None)]));
    let mut asks = question(40, json!([say(49, "Quick?")]), "Quick", None);
    asks["router"]["wait"]["timeout"]["seconds"] = json!(7);
    let mut world = World::new(&[parent, flow(2, 1, json!([asks]))]);
    let sprint = world.start(1);
    assert_eq!(sprint.wait.unwrap().timeout_seconds, Some(7));
    let sprint = time_out(&mut world, &sprint.session);
    let expected = ["Quick=/No Response", "Flow 2 completed", "says Back", "Flow 1 completed"];
    assert_eq!(told(&sprint), expected);
}

/// Offers a list whose titles are quick replies, and says what came back.
fn clinics() -> Json {
    let message = json!({"uuid": id(19), "type": "send_msg", "text": "Which clinic?",
        "quick_replies": ["Gulu", "@(if(1 = 2, \"Lira\", \"\"))", "Mbale clinic of the long name"]});
    let interactive = json!({"type": "list", "header": "Clinics", "button": "Choose", "sections": [
        {"title": "North", "rows": [{"id": "GUL", "description": "Open 8-5"}, {"id": "LIR"}]},
        {"title": "East", "rows": [{"id": "MBA"}]}]});
    let mut asks = question(10, json!([message]), "Clinic", None);
    asks["router"]["operand"] = json!("@input.id");
    asks["exits"][1]["destination_uuid"] = json!(id(30));
    let tells = json!([say(31, "@input.id @results.clinic")]);
    let messages = json!({"messages": {id(19): {"pause_seconds": 2, "interactive": interactive}}});
    extended(flow(1, 1, json!([asks, node(30, tells, None)])), &[(10, messages)])
}

fn pressed(id: &str) -> Resume {
    let payload = Some(Box::new(json!({"id": id, "title": "Gulu"})));
    let msg = MsgIn { text: "Gulu".into(), payload, ..MsgIn::default() };
    let kind = EventKind::MsgReceived(MsgReceived { msg, ticket_uuid: None });
    Resume::from_event(Event::new(Default::default(), Timestamp::UNIX_EPOCH, kind)).unwrap()
}

#[test]
fn a_list_is_offered_and_its_choice_comes_back() {
    let mut world = World::new(&[clinics()]);
    let sprint = world.start(1);
    let EventKind::MsgCreated(created) =
        &sprint.events.iter().find(|event| event.kind.name() == "msg_created").unwrap().kind
    else {
        panic!("a message")
    };
    assert_eq!(created.msg.pause_seconds, 2);
    assert_eq!(created.msg.quick_replies.len(), 2);
    assert_eq!(
        serde_json::to_value(&created.msg.interactive).unwrap(),
        json!({"header": "Clinics", "type": "list", "button": "Choose", "sections": [
            {"title": "North", "rows": [{"id": "GUL", "title": "Gulu", "description": "Open 8-5"}]},
            {"title": "East", "rows": [{"id": "MBA", "title": "Mbale clinic of the lon…"}]}]})
    );
    let session = Session::decode(&sprint.session.encode(), &world.assets).unwrap();
    for (answer, expected) in [
        (pressed("GUL"), "GUL GUL"),
        (said("gulu"), "GUL GUL"),
        (said("mba"), "MBA MBA"),
        (said(" 2 "), "MBA MBA"),
        (said("3"), " "),
        (said("nothing of it"), " "),
    ] {
        let mut contact = world.contact.clone();
        let sprint = world.engine().resume(session.clone(), &mut contact, answer).unwrap();
        let says = told(&sprint).into_iter().find(|line| line.starts_with("says")).unwrap();
        assert_eq!(says, format!("says {expected}"));
        assert!(sprint.session.offered.is_empty());
    }
}

#[test]
fn steps_stand_between_actions_and_may_fail_alone() {
    let steps = json!({"steps": [
        {"uuid": id(50), "type": "record_outcome", "before": id(19), "name": "Asked", "value": "@contact.first_name"},
        {"uuid": id(51), "type": "set_reminder", "key": "visit", "at": "@(datetime_add(now(), 2, \"D\"))",
            "flow": {"uuid": id(1), "name": "Flow 1"}, "params": {"why": "@contact.name"}},
        {"uuid": id(52), "type": "set_reminder", "key": "late", "at": "2001-02-03 10:00",
            "flow": {"uuid": id(1), "name": "Flow 1"}},
        {"uuid": id(53), "type": "set_reminder", "key": "never", "at": "some day",
            "flow": {"uuid": id(1), "name": "Flow 1"}},
        {"uuid": id(54), "type": "cancel_reminder", "key": "@(1/0)"},
        {"uuid": id(55), "type": "cancel_reminder"}]});
    let flow = extended(flow(1, 1, json!([node(10, json!([say(19, "Hi")]), None)])), &[(10, steps)]);
    let sprint = World::new(&[flow]).start(1);
    let told = told(&sprint);
    let kinds: Vec<&str> = told.iter().map(|line| line.split([' ', ':']).next().unwrap()).collect();
    let expected = [
        "run_started",
        "outcome_recorded",
        "says",
        "reminder_set",
        "error",
        "error",
        "error",
        "reminder_cancelled",
        "Flow",
    ];
    assert_eq!(kinds, expected, "{told:?}");
    let set = sprint.events.iter().find_map(|event| match &event.kind {
        EventKind::ReminderSet(set) => Some(set),
        _ => None,
    });
    let set = set.unwrap();
    assert_eq!((set.key.as_str(), set.mode.as_str()), ("visit", "interrupt"));
    assert_eq!(set.params["why"], "Nomsa Dlamini");
}

#[test]
fn tables_are_looked_up_by_key() {
    let columns = ["code", "name", "beds"].map(Into::into);
    let rows =
        [["GUL", "Gulu clinic", "12"], ["lir-1", "Lira clinic", "7"]].map(|row| row.map(Into::into).to_vec());
    let table = std::sync::Arc::new(flows::Table::new("Clinics", "CODE", &columns, rows).unwrap());
    for (text, expected) in [
        ("@tables.clinics[results.code].name", "Gulu clinic"),
        ("@tables.Clinics[code].Name!", "Gulu clinic!"),
        ("@(tables.clinics[\"LIR-1\"].beds + 1)", "8"),
        ("@tables.clinics.gul.name, @tables.clinics.gul", "Gulu clinic, GUL"),
        ("[@tables.clinics[\"none\"].name@tables.clinics.none]", "[]"),
        ("@(default(tables.clinics[\"none\"].name, \"unknown\"))", "unknown"),
        ("@tables.clinics", "clinics"),
        ("[@tables.clinics.gul.bed]", "[]"),
        ("[@tables.doctors.gul.name]", "[]"),
        ("[@tables.clinics[nothing].name]", "[]"),
    ] {
        let keep = json!({"uuid": id(30), "type": "set_run_result", "name": "Code", "value": "gul"});
        let actions = json!([keep, say(31, text)]);
        let definition = flow(1, 1, json!([node(10, actions, None)]));
        let mut world = World::new(&[]);
        world.assets = flows::AssetsBuilder::new()
            .flow(super::world::compile(&definition))
            .table(std::sync::Arc::clone(&table))
            .build();
        let sprint = world.start(1);
        let says = told(&sprint).into_iter().find(|line| line.starts_with("says")).unwrap();
        assert_eq!(says, format!("says {expected}"), "{text}");
    }
}
