//! How many sprints one core runs: a conversation of two questions (three sprints) in memory, and with the session
//! stored and read back between them. Prints one JSON object a line, `{"name","value","unit"}`.

mod conversation;

use std::cell::Cell;
use std::hint::black_box;
use std::time::Instant;

use conversation::{SPRINTS, Still, answer, assets, contact, converse};
use expressions::Environment;
use flows::Engine;
use serde_json::json;

/// As in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Conversations per round, and rounds of which the best counts.
const TIMES: u32 = 1_000;
const ROUNDS: u32 = 60;

fn main() {
    let assets = assets();
    let env = Environment { allowed_languages: vec!["eng".into(), "xho".into()], ..Environment::default() };
    let host = Still(Cell::new(0x9e37_79b9_7f4a_7c15));
    let engine = Engine::new(&assets, &env, &host);
    let answers = [answer("Yes I did"), answer("about 14")];
    let start = contact();
    for (name, stored) in [("sprint_memory", false), ("sprint_encoded", true)] {
        let mut best = f64::INFINITY;
        let mut bytes = 0;
        for _ in 0..ROUNDS {
            let began = Instant::now();
            for _ in 0..TIMES {
                let mut contact = start.clone();
                bytes = converse(&engine, &assets, &mut contact, &answers, stored);
                black_box(&contact);
            }
            best = best.min(began.elapsed().as_secs_f64() / f64::from(TIMES * SPRINTS));
        }
        println!("{}", json!({"name": name, "value": (1.0 / best).round(), "unit": "sprints/s"}));
        if stored {
            println!("{}", json!({"name": "session_bytes", "value": bytes, "unit": "bytes"}));
        }
    }
}
