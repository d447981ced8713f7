//! The world that inputs play in: a rich context for expressions, a workspace with flows, a contact.

use std::cell::Cell;
use std::sync::LazyLock;

use domain::Contact;
use expressions::environment::DateFormat;
use expressions::{Ambient, Environment, Object, Value};
use flows::events::CallRef;
use flows::{Assets, AssetsBuilder, Definition, Host, Program};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use uuid::Uuid;

/// Flows, lines, services, a contact and a call: the stage of the golden sessions.
static WORLD: LazyLock<Json> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../crates/flows/tests/golden/world.json")).expect("our own file")
});

/// A clock that goes on by a second at each read, and random numbers that count.
#[derive(Clone, Debug, Default)]
pub struct Ticking {
    clock: Cell<i64>,
    drawn: Cell<u64>,
}

impl Ambient for Ticking {
    fn now(&self) -> Timestamp {
        self.clock.set(self.clock.get() + 1);
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_719_000_000 + self.clock.get())
    }

    fn random(&self) -> u64 {
        self.drawn.set(self.drawn.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        self.drawn.get()
    }

    fn prompt(&self, name: &str, argument: &str) -> Option<String> {
        (name == "greet").then(|| format!("Greet {argument}"))
    }
}

impl Host for Ticking {
    fn uuid_v7(&self) -> Uuid {
        Uuid::from_u64_pair(0x0190_0000_0000_7000, 0x8000_0000_0000_0000 | self.random() >> 2)
    }

    fn uuid_v4(&self) -> Uuid {
        self.uuid_v7()
    }
}

/// Identifiers one after the other, for what migrations add.
pub fn counting() -> impl FnMut() -> Uuid {
    let mut last = 0_u128;
    move || {
        last += 1;
        Uuid::from_u128(0x5eed_0000_0000_4000_8000_0000_0000_0000 | last)
    }
}

/// Conventions of a workspace: Nairobi, days first, two languages.
pub fn environment() -> Environment {
    Environment {
        date_format: DateFormat::DayMonthYear,
        timezone: TimeZone::get("Africa/Nairobi").expect("a zone everyone knows"),
        allowed_languages: vec!["eng".into(), "swa".into()],
        default_country: Some("KE".into()),
        ..Environment::default()
    }
}

/// Top-level names of [`scope`].
pub const TOPS: [&str; 12] = [
    "contact",
    "fields",
    "globals",
    "input",
    "legacy_extra",
    "locals",
    "parent",
    "results",
    "resume",
    "run",
    "trigger",
    "webhook",
];

/// A context with something of every kind in it.
pub fn scope() -> Object {
    static CONTEXT: LazyLock<Json> =
        LazyLock::new(|| serde_json::from_str(include_str!("context.json")).expect("our own file"));
    let mut scope = Object::new();
    if let Json::Object(members) = &*CONTEXT {
        for (name, value) in members {
            scope = scope.with(name, Value::from_json_value(value));
        }
    }
    scope.with("legacy_extra", Value::error("there is none")).with("resume", Value::Null)
}

fn list(key: &str) -> impl Iterator<Item = Json> {
    WORLD[key].as_array().cloned().unwrap_or_default().into_iter()
}

/// The flows of the world as JSON.
pub fn flows() -> Vec<Json> {
    list("flows").collect()
}

fn read<T: serde::de::DeserializeOwned>(json: Json) -> T {
    serde_json::from_value(json).expect("our own file")
}

/// The assets of the world with these flows.
pub fn assets_with(programs: impl IntoIterator<Item = Program>) -> Assets {
    let mut builder = AssetsBuilder::new();
    builder = list("fields").fold(builder, |builder, field| builder.field(read(field)));
    builder = list("channels").fold(builder, |builder, channel| builder.channel(read(channel)));
    builder = list("resthooks").fold(builder, |builder, resthook| builder.resthook(read(resthook)));
    builder = list("llms").fold(builder, |builder, llm| builder.llm(read(llm)));
    builder = list("groups").fold(builder, |builder, group| builder.group(read(group)));
    for program in programs {
        builder = builder.flow(program.into());
    }
    builder.build()
}

/// The assets of the world.
pub fn assets() -> &'static Assets {
    static ASSETS: LazyLock<Assets> = LazyLock::new(|| assets_with(flows().iter().map(compile)));
    &ASSETS
}

/// A flow of our own, compiled.
pub fn compile(flow: &Json) -> Program {
    let definition = Definition::read_value(flow, &mut counting()).expect("our own flow");
    Program::compile(&definition, flows::vocabulary::library())
}

/// The contact of the world.
pub fn contact() -> Contact {
    flows::contact_json::read_contact(&WORLD["contact"]).expect("our own file")
}

/// The call of the world.
pub fn call() -> CallRef {
    read(WORLD["call"].clone())
}
