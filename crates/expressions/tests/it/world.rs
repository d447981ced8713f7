//! A small world that templates of the tests speak about.

use std::cell::Cell;

use expressions::{Ambient, Environment, Evaluation, Library, Object, Property, Template, Value};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Top-level names of the world.
pub const TOPS: [&str; 5] = ["contact", "fields", "results", "broken", "old"];

/// A clock that stands still and random numbers that count up.
pub struct Still(Cell<u64>);

impl Ambient for Still {
    fn now(&self) -> Timestamp {
        "2026-03-05T08:30:00.25Z".parse().expect("a constant")
    }

    fn random(&self) -> u64 {
        self.0.set(self.0.get() + (1 << 50));
        self.0.get()
    }

    fn prompt(&self, name: &str, argument: &str) -> Option<String> {
        (name == "greet").then(|| format!("Greet {argument}"))
    }
}

pub fn ambient() -> Still {
    Still(Cell::new(0))
}

/// Nairobi, days first.
pub fn env() -> Environment {
    Environment {
        date_format: expressions::environment::DateFormat::DayMonthYear,
        timezone: TimeZone::get("Africa/Nairobi").expect("a zone everyone knows"),
        allowed_languages: vec!["eng".into()],
        default_country: Some("KE".into()),
        ..Environment::default()
    }
}

pub fn scope() -> Object {
    let contact = Object::new()
        .with("name", "Akinyi Otieno")
        .with("urns", Value::array(vec!["tel:+254712345678".into(), "mailto:akinyi@example.org".into()]))
        .with("fields", Value::object(fields()))
        .with_default("Akinyi");
    let mut scope = Object::new()
        .with("contact", Value::object(contact))
        .with("fields", Value::object(fields()))
        .with("results", Value::object(Object::new().with("mood", Value::object(mood()))))
        .with("broken", Value::error("the shop is closed"));
    let old = Property { value: "yesterday".into(), deprecated: Some("say new instead of old".into()) };
    scope.properties.insert("old".into(), old);
    scope
}

fn fields() -> Object {
    Object::new()
        .with("age", Value::from(29))
        .with("Clinic", "Kenya > Kisumu > Ahero")
        .with("note", "say \"hi\"")
        .with("nothing", Value::Null)
}

fn mood() -> Object {
    Object::new().with("value", "fine").with("category", "Good").with_default("Good")
}

/// The text of a template in the world, or its first error.
pub fn render(template: &str) -> String {
    let (env, scope, ambient) = (env(), scope(), ambient());
    let evaluation = Evaluation::new(&env, &scope, &ambient);
    let rendered = Template::compile(template, &TOPS, Library::standard()).render(&evaluation, 10_000);
    match rendered.errors.first() {
        Some(error) => format!("!{}", error.message),
        None => rendered.value,
    }
}
