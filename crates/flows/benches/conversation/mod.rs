//! A conversation of two questions, three sprints, that the benches hold.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::Arc;

use domain::{Channel, ChannelUuid, Contact, ContactUrn, EventUuid, Field, Urn};
use expressions::Ambient;
use flows::events::{FlowRef, MsgIn, MsgReceived};
use flows::session::SessionStatus;
use flows::{
    Assets, AssetsBuilder, Definition, Engine, Event, EventKind, Host, Program, Resume, Session, Trigger,
};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

/// Sprints of one conversation: the start and two answers.
pub const SPRINTS: u32 = 3;

/// A clock that stands still and identifiers in a row.
pub struct Still(pub Cell<u64>);

impl Ambient for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn random(&self) -> u64 {
        let mut bits = self.0.get();
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        self.0.set(bits);
        bits
    }
}

impl Host for Still {
    fn uuid_v7(&self) -> Uuid {
        Uuid::from_u64_pair(self.random(), self.random())
    }

    fn uuid_v4(&self) -> Uuid {
        self.uuid_v7()
    }
}

fn uuid(number: u128) -> String {
    Uuid::from_u128(0x51ed_0000_0000_4000_8000_0000_0000_0000 + number).to_string()
}

/// Two questions with a kind word after them.
fn flow() -> serde_json::Value {
    json!({
        "uuid": uuid(1), "name": "Visit", "spec_version": "14.4.2", "language": "eng", "type": "messaging",
        "revision": 3, "expire_after_minutes": 720,
        "localization": {"xho": {uuid(11): {"text": ["Molo @contact.first_name! Uye eklinikhi kule veki?"]}}},
        "nodes": [
            {"uuid": uuid(10),
             "actions": [{"uuid": uuid(11), "type": "send_msg",
                "text": "Hello @contact.first_name! Did you go to @fields.clinic this week?",
                "quick_replies": ["Yes", "No"]}],
             "router": {"type": "switch", "wait": {"type": "msg", "timeout": {"seconds": 3600, "category_uuid": uuid(14)}},
                "operand": "@input.text", "result_name": "Visited", "default_category_uuid": uuid(13),
                "cases": [
                    {"uuid": uuid(15), "type": "has_any_word", "arguments": ["yes yebo ewe"], "category_uuid": uuid(12)},
                    {"uuid": uuid(16), "type": "has_any_word", "arguments": ["no hayi"], "category_uuid": uuid(13)}],
                "categories": [
                    {"uuid": uuid(12), "name": "Yes", "exit_uuid": uuid(17)},
                    {"uuid": uuid(13), "name": "No", "exit_uuid": uuid(18)},
                    {"uuid": uuid(14), "name": "No answer", "exit_uuid": uuid(19)}]},
             "exits": [{"uuid": uuid(17), "destination_uuid": uuid(20)}, {"uuid": uuid(18), "destination_uuid": uuid(20)},
                {"uuid": uuid(19)}]},
            {"uuid": uuid(20),
             "actions": [{"uuid": uuid(21), "type": "send_msg",
                "text": "Thank you. How old is your child, in months?"}],
             "router": {"type": "switch", "wait": {"type": "msg"},
                "operand": "@input.text", "result_name": "Months", "default_category_uuid": uuid(23),
                "cases": [{"uuid": uuid(24), "type": "has_number_between", "arguments": ["0", "60"], "category_uuid": uuid(22)}],
                "categories": [
                    {"uuid": uuid(22), "name": "Child", "exit_uuid": uuid(25)},
                    {"uuid": uuid(23), "name": "Other", "exit_uuid": uuid(26)}]},
             "exits": [{"uuid": uuid(25), "destination_uuid": uuid(30)}, {"uuid": uuid(26), "destination_uuid": uuid(20)}]},
            {"uuid": uuid(30),
             "actions": [
                {"uuid": uuid(31), "type": "set_contact_field", "field": {"key": "months", "name": "Months"},
                 "value": "@results.months"},
                {"uuid": uuid(32), "type": "send_msg",
                 "text": "Noted: visited @results.visited.category, @results.months months. Go well, @contact.first_name."}],
             "exits": [{"uuid": uuid(33)}]},
        ],
    })
}

pub fn assets() -> Assets {
    let mut drawn = 0;
    let mut draw = || {
        drawn += 1;
        Uuid::from_u128(drawn)
    };
    let definition = Definition::read_value(&flow(), &mut draw).expect("our own flow");
    let program = Program::compile(&definition, flows::vocabulary::library());
    let field = |key: &str| -> Field {
        serde_json::from_value(json!({"uuid": uuid(90), "key": key, "name": key, "type": "text"}))
            .expect("a field")
    };
    let channel: Channel = serde_json::from_value(json!({
        "uuid": uuid(40), "name": "SMS", "address": "+27820000000", "schemes": ["tel"], "roles": ["send", "receive"],
        "country": "ZA",
    }))
    .expect("a channel");
    AssetsBuilder::new()
        .flow(Arc::new(program))
        .field(field("clinic"))
        .field(field("months"))
        .channel(channel)
        .build()
}

pub fn contact() -> Contact {
    flows::contact_json::read_contact(&json!({
        "uuid": uuid(50), "id": 50, "name": "Nomsa Dlamini", "language": "eng", "status": "active",
        "timezone": "Africa/Johannesburg", "created_on": "2024-06-01T08:00:00Z",
        "fields": {"clinic": {"text": "Gugulethu"}},
    }))
    .map(|mut contact| {
        let urn = Urn::new("tel", "+27821234567");
        contact.urns.push(ContactUrn { urn, channel: None });
        contact
    })
    .expect("a contact")
}

pub fn answer(text: &str) -> Resume {
    let msg = MsgIn {
        urn: Some(Urn::new("tel", "+27821234567")),
        channel: Some(domain::Reference { uuid: channel_uuid(), name: "SMS".into() }),
        text: text.into(),
        ..MsgIn::default()
    };
    let kind = EventKind::MsgReceived(MsgReceived { msg, ticket_uuid: None });
    let event = Event::new(EventUuid::default(), Timestamp::UNIX_EPOCH, kind);
    Resume::from_event(event).expect("a message")
}

fn channel_uuid() -> ChannelUuid {
    uuid(40).parse().expect("a uuid")
}

/// The whole conversation; `stored` sends the session through its bytes between sprints. Returns the bytes of the
/// session while it waited for the second answer.
pub fn converse(
    engine: &Engine<'_>,
    assets: &Assets,
    contact: &mut Contact,
    answers: &[Resume; 2],
    stored: bool,
) -> usize {
    let flow = FlowRef { uuid: uuid(1).parse().unwrap_or_default(), name: "Visit".into() };
    let trigger = Trigger::manual(flow, Timestamp::UNIX_EPOCH);
    let mut session = engine.start(contact, trigger, None).expect("the flow starts").session;
    let mut bytes = 0;
    for resume in answers {
        if stored {
            let encoded = session.encode();
            bytes = encoded.len();
            session = Session::decode(black_box(&encoded), assets).expect("what was encoded");
        }
        session = engine.resume(session, contact, resume.clone()).expect("the session waits").session;
    }
    assert_eq!(session.status, SessionStatus::Completed);
    bytes
}

/// A session that waits for the second answer.
#[allow(dead_code, reason = "the bench of allocations alone asks for it")]
pub fn waiting(engine: &Engine<'_>, contact: &mut Contact, answers: &[Resume; 2]) -> Session {
    let flow = FlowRef { uuid: uuid(1).parse().unwrap_or_default(), name: "Visit".into() };
    let trigger = Trigger::manual(flow, Timestamp::UNIX_EPOCH);
    let session = engine.start(contact, trigger, None).expect("the flow starts").session;
    engine.resume(session, contact, answers[0].clone()).expect("the session waits").session
}
