//! How long it takes to read and compile a flow of 7 KB: prints one JSON object, `{"name","value","unit"}`.

use std::hint::black_box;
use std::time::Instant;

use flows::{Definition, Program, vocabulary::library};
use serde_json::{Value, json};
use uuid::Uuid;

/// Loads per round, and rounds of which the best counts: short ones, so that some meet no other work.
const TIMES: u32 = 10;
const ROUNDS: u32 = 3_000;
/// Questions of the flow, which make 7 KB.
const QUESTIONS: usize = 3;

/// Identifiers in a row.
struct Uuids(u128);

impl Uuids {
    fn next(&mut self) -> String {
        self.0 += 1;
        Uuid::from_u128(0x6f1d_0000_0000_4000_8000_0000_0000_0000 + self.0).to_string()
    }
}

/// A question, the way its answers are told apart, and what is done with the answer.
fn question(uuids: &mut Uuids, next: &str, number: usize) -> (Vec<Value>, Value) {
    let (ask, wait, done) = (next.to_owned(), uuids.next(), uuids.next());
    let (yes, no, other) = (uuids.next(), uuids.next(), uuids.next());
    let exits = [uuids.next(), uuids.next(), uuids.next()];
    let (send, yes_case, no_case) = (uuids.next(), uuids.next(), uuids.next());
    let following = uuids.next();
    let nodes = vec![
        json!({"uuid": ask, "actions": [{"uuid": send, "type": "send_msg",
            "text": format!("Question {number}, @contact.first_name: did you take the tablets that @fields.clinic gave you for today? \
                If you are out of tablets, answer NO and somebody from the clinic will call you before the evening."),
            "quick_replies": ["Yes", "No"]}], "exits": [{"uuid": uuids.next(), "destination_uuid": wait}]}),
        json!({"uuid": wait, "actions": [], "router": {"type": "switch", "wait": {"type": "msg"},
            "operand": "@input.text", "result_name": format!("Tablets {number}"), "default_category_uuid": other,
            "cases": [
                {"uuid": yes_case, "type": "has_any_word", "arguments": ["yes yebo ewe"], "category_uuid": yes},
                {"uuid": no_case, "type": "has_any_word", "arguments": ["no hayi"], "category_uuid": no}],
            "categories": [
                {"uuid": yes, "name": "Yes", "exit_uuid": exits[0]}, {"uuid": no, "name": "No", "exit_uuid": exits[1]},
                {"uuid": other, "name": "Other", "exit_uuid": exits[2]}]},
            "exits": [{"uuid": exits[0], "destination_uuid": done}, {"uuid": exits[1], "destination_uuid": done},
                {"uuid": exits[2], "destination_uuid": ask}]}),
        json!({"uuid": done, "actions": [{"uuid": uuids.next(), "type": "set_contact_field",
            "field": {"key": "streak", "name": "Streak"},
            "value": format!("@(if(results.tablets_{number}.category = \"Yes\", fields.streak + 1, 0))")}],
            "exits": [{"uuid": uuids.next(), "destination_uuid": following}]}),
    ];
    (
        nodes,
        json!({send: {"text": [format!("Umbuzo {number}, @contact.first_name: uzithathile iipilisi namhlanje? Ukuba \
        aziphelelanga, phendula u-HAYI, umntu waseklinikhi uza kukutsalela umnxeba phambi kokuhlwa.")]}}),
    )
}

/// A flow of at least the measured size, in the current specification.
fn flow() -> String {
    let mut uuids = Uuids(0);
    let mut flow = json!({"uuid": uuids.next(), "name": "Tablets", "spec_version": "14.4.2", "language": "eng",
        "type": "messaging", "revision": 3, "expire_after_minutes": 4320, "localization": {"xho": {}}, "nodes": []});
    let mut next = uuids.next();
    for number in 1..=QUESTIONS {
        let (mut nodes, translation) = question(&mut uuids, &next, number);
        next = nodes[2]["exits"][0]["destination_uuid"].as_str().unwrap_or_default().to_owned();
        if number == QUESTIONS {
            nodes[2]["exits"][0]["destination_uuid"] = Value::Null;
        }
        flow["nodes"].as_array_mut().expect("a list").append(&mut nodes);
        for (item, texts) in translation.as_object().expect("an object") {
            flow["localization"]["xho"][item] = texts.clone();
        }
    }
    flow.to_string()
}

fn main() {
    let json = flow();
    let library = library();
    let read =
        || Definition::read(black_box(json.as_bytes()), &mut Uuid::nil).expect("the flow holds all rules");
    let definition = read();
    let compile = best(|| drop(black_box(Program::compile(black_box(&definition), library))));
    let load = best(|| drop(black_box(Program::compile(&read(), library))));
    eprintln!("the flow has {} bytes; {compile} ns of its time are compiling", json.len());
    println!("{}", json!({"name": "flow_load_7kb", "value": load, "unit": "ns"}));
}

/// Nanoseconds that something takes, in the best round.
fn best(work: impl Fn()) -> u128 {
    let round = || {
        let started = Instant::now();
        (0..TIMES).for_each(|_| work());
        started.elapsed().as_nanos() / u128::from(TIMES)
    };
    (0..ROUNDS).map(|_| round()).min().unwrap_or_default()
}
