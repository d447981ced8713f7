//! How long templates take: prints one JSON object a line, `{"name","value","unit"}`.

use std::hint::black_box;
use std::time::Instant;

use expressions::{Ambient, Environment, Evaluation, Library, Object, Scope, Template, Value};
use jiff::Timestamp;
use smol_str::SmolStr;

/// How often each measured thing is done per round, and how many rounds the best is taken of.
const TIMES: u32 = 200_000;
const ROUNDS: u32 = 7;

const TOPS: [&str; 4] = ["contact", "fields", "results", "run"];

struct Still;

impl Ambient for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn random(&self) -> u64 {
        4
    }
}

/// A contact in a flow, answering paths without building objects.
struct Session {
    name: SmolStr,
    age: Value,
    clinic: SmolStr,
    mood: SmolStr,
}

impl Scope for Session {
    fn top(&self, name: &str) -> Option<Value> {
        match name {
            "contact" => Some(Value::object(
                Object::new().with("name", self.name.clone()).with_default(self.name.clone()),
            )),
            "fields" => Some(Value::object(
                Object::new().with("age", self.age.clone()).with("clinic", self.clinic.clone()),
            )),
            "results" => Some(Value::object(Object::new().with("mood", self.mood.clone()))),
            _ => None,
        }
    }

    fn path(&self, path: &[SmolStr]) -> Option<Value> {
        let [top, key] = path else { return None };
        match (top.as_str(), key.as_str()) {
            ("contact", "name") => Some(Value::Text(self.name.clone())),
            ("fields", "age") => Some(self.age.clone()),
            ("fields", "clinic") => Some(Value::Text(self.clinic.clone())),
            ("results", "mood") => Some(Value::Text(self.mood.clone())),
            _ => None,
        }
    }
}

fn main() {
    let session = Session {
        name: "Nomsa Dlamini".into(),
        age: Value::from(31),
        clinic: "Gugulethu Community Health Centre".into(),
        mood: "a little tired".into(),
    };
    let references = "Hi @contact.name, you are @fields.age in @fields.clinic, @results.mood";
    let expressions = "Hi @(upper(contact.name)), in @(10 - 3) days at @(default(fields.clinic, \"home\")): \
        @(if(fields.age >= 18, \"bring your card\", \"bring your mother\"))";
    let library = Library::standard();
    measure("template_compile", || {
        black_box(Template::compile(black_box(references), &TOPS, library));
    });
    for (name, text) in [("template_4_references", references), ("template_4_expressions", expressions)] {
        let template = Template::compile(text, &TOPS, library);
        let env = Environment::default();
        measure(name, || {
            let evaluation = Evaluation::new(&env, &session, &Still);
            black_box(template.render(black_box(&evaluation), 640));
        });
    }
}

fn measure(name: &str, mut work: impl FnMut()) {
    let best = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            (0..TIMES).for_each(|_| work());
            start.elapsed().as_nanos() as f64 / f64::from(TIMES)
        })
        .fold(f64::INFINITY, f64::min);
    println!("{{\"name\":\"{name}\",\"value\":{best:.1},\"unit\":\"ns\"}}");
}
