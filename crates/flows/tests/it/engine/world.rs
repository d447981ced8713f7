//! A small world to run flows in: a host whose clock goes on by a second at each read, one phone channel, a
//! few fields and groups, and flows written in short.

use std::cell::Cell;
use std::sync::Arc;

use domain::{Channel, Contact, ContactUrn, EventUuid, Field, Group, Urn};
use expressions::{Ambient, Environment};
use flows::events::{FlowRef, MsgIn, MsgReceived};
use flows::{
    Assets, AssetsBuilder, Definition, Engine, Event, EventKind, Host, Program, Resume, Session, Sprint,
    Trigger,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use uuid::Uuid;

/// Counts up: each read of the clock is a second later, each identifier the next.
pub struct Ticking {
    clock: Cell<i64>,
    drawn: Cell<u64>,
}

impl Ticking {
    pub fn new() -> Self {
        Self { clock: Cell::new(0), drawn: Cell::new(0) }
    }
}

impl Ambient for Ticking {
    fn now(&self) -> Timestamp {
        self.clock.set(self.clock.get() + 1);
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_700_000_000 + self.clock.get())
    }

    fn random(&self) -> u64 {
        self.drawn.set(self.drawn.get() + 1);
        self.drawn.get()
    }
}

impl Host for Ticking {
    fn uuid_v7(&self) -> Uuid {
        Uuid::from_u64_pair(0x0190_0000_0000_7000, 0x8000_0000_0000_0000 | self.random())
    }

    fn uuid_v4(&self) -> Uuid {
        self.uuid_v7()
    }
}

pub struct World {
    pub assets: Assets,
    pub env: Environment,
    pub host: Ticking,
    pub contact: Contact,
}

/// The n-th identifier of the tests.
pub fn id(number: u32) -> String {
    Uuid::from_u128(0x7e57_0000_0000_4000_8000_0000_0000_0000 + u128::from(number)).to_string()
}

/// A flow of these nodes. Flow `n` has the identifier `id(n)`.
pub fn flow(number: u32, revision: u32, nodes: Json) -> Json {
    json!({
        "uuid": id(number), "name": format!("Flow {number}"), "spec_version": "14.4.2", "language": "eng",
        "type": "messaging", "revision": revision, "expire_after_minutes": 60, "localization": {}, "nodes": nodes,
    })
}

/// A node that does something and goes on to another, or ends.
pub fn node(number: u32, actions: Json, next: Option<u32>) -> Json {
    let destination = next.map(id);
    json!({"uuid": id(number), "actions": actions,
        "exits": [{"uuid": id(number + 1), "destination_uuid": destination}]})
}

/// A node that does something, waits, and keeps what was said as result `name`: `yes` goes on to another node, all
/// else ends.
pub fn question(number: u32, actions: Json, name: &str, next: Option<u32>) -> Json {
    json!({
        "uuid": id(number), "actions": actions,
        "router": {
            "type": "switch", "operand": "@input.text", "result_name": name,
            "wait": {"type": "msg", "timeout": {"seconds": 600, "category_uuid": id(number + 4)}},
            "cases": [{"uuid": id(number + 1), "type": "has_any_word", "arguments": ["yes"],
                "category_uuid": id(number + 2)}],
            "categories": [
                {"uuid": id(number + 2), "name": "Yes", "exit_uuid": id(number + 5)},
                {"uuid": id(number + 3), "name": "Other", "exit_uuid": id(number + 6)},
                {"uuid": id(number + 4), "name": "No Response", "exit_uuid": id(number + 6)}],
            "default_category_uuid": id(number + 3),
        },
        "exits": [{"uuid": id(number + 5), "destination_uuid": next.map(id)}, {"uuid": id(number + 6)}],
    })
}

/// `send_msg`.
pub fn say(number: u32, text: &str) -> Json {
    json!({"uuid": id(number), "type": "send_msg", "text": text})
}

pub fn compile(flow: &Json) -> Arc<Program> {
    let definition = Definition::read_value(flow, &mut Uuid::nil).expect("a flow of our own");
    Arc::new(Program::compile(&definition, flows::vocabulary::library()))
}

impl World {
    /// A world with these flows; an earlier revision of the same flow is kept beside the later.
    pub fn new(definitions: &[Json]) -> Self {
        let read = |json: Json| serde_json::from_value(json).expect("an asset of our own");
        let field = |key: &str| -> Field {
            serde_json::from_value(json!({"uuid": id(900), "key": key, "name": key, "type": "number"}))
                .expect("a field")
        };
        let channel: Channel = read_channel();
        let group: Group = read(json!({"uuid": id(901), "name": "Adults", "query": "age >= 18"}));
        let mut builder = AssetsBuilder::new().field(field("age")).channel(channel).group(group);
        for definition in definitions {
            builder = builder.flow(compile(definition));
        }
        Self {
            assets: builder.build(),
            env: Environment::default(),
            host: Ticking::new(),
            contact: contact(),
        }
    }

    pub fn engine(&self) -> Engine<'_> {
        Engine::new(&self.assets, &self.env, &self.host)
    }

    /// Starts flow `number` by hand.
    pub fn start(&mut self, number: u32) -> Sprint {
        let flow = FlowRef { uuid: id(number).parse().unwrap(), name: "".into() };
        let mut contact = self.contact.clone();
        let trigger = Trigger::manual(flow, self.host.now());
        let sprint = self.engine().start(&mut contact, trigger, None).unwrap();
        self.contact = contact;
        sprint
    }

    /// Goes on with the session as it is read back from its bytes.
    pub fn answer(&mut self, session: &Session, text: &str) -> Sprint {
        let session = Session::decode(&session.encode(), &self.assets).unwrap();
        let mut contact = self.contact.clone();
        let sprint = self.engine().resume(session, &mut contact, said(text)).unwrap();
        self.contact = contact;
        sprint
    }
}

fn read_channel() -> Channel {
    serde_json::from_value(json!({
        "uuid": id(902), "name": "SMS", "address": "+27820000000", "schemes": ["tel"], "roles": ["send", "receive"],
        "country": "ZA",
    }))
    .expect("a channel")
}

fn contact() -> Contact {
    let mut contact = flows::contact_json::read_contact(&json!({
        "uuid": id(903), "id": 9, "name": "Nomsa Dlamini", "status": "active", "created_on": "2024-06-01T08:00:00Z",
    }))
    .expect("a contact");
    contact.urns.push(ContactUrn { urn: Urn::new("tel", "+27821234567"), channel: None });
    contact
}

/// A message as a resume.
pub fn said(text: &str) -> Resume {
    let msg = MsgIn { text: text.into(), ..MsgIn::default() };
    let kind = EventKind::MsgReceived(MsgReceived { msg, ticket_uuid: None });
    Resume::from_event(Event::new(EventUuid::default(), Timestamp::UNIX_EPOCH, kind)).expect("a message")
}

/// What happened, in short: texts said, results as `name=value/category`, other events by type.
pub fn told(sprint: &Sprint) -> Vec<String> {
    let tell = |event: &Event| match &event.kind {
        EventKind::MsgCreated(created) => format!("says {}", created.msg.text),
        EventKind::RunResultChanged(r) => format!("{}={}/{}", r.name, r.value, r.category),
        EventKind::Error(problem) => format!("error {}", problem.text),
        EventKind::Failure(failure) => format!("failure {}", failure.text),
        EventKind::RunEnded(ended) => format!("{} {}", ended.flow.name, ended.status.name()),
        other => other.name().to_owned(),
    };
    sprint.events.iter().map(tell).collect()
}
