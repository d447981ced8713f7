//! How many sprints of given scenarios one core runs, and how long a given export takes to load. The data is outside
//! the repository: the folder is `SEEDLING_CONFORMANCE`, or `shared/conformance` beside the checkout; without it
//! nothing is measured. A word on the command line measures only conversations whose name holds it. Prints one JSON object a line, `{"name","value","unit"}`.

use std::{hint::black_box, path::PathBuf, time::Instant};

use conformance::speed::{Conversation, conversations};
use flows::{Definition, Program, export::Export, vocabulary::library};
use serde_json::json;
use uuid::Uuid;

/// As in the product.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rounds, of which the best counts.
const ROUNDS: u32 = 60;
/// Plays in a round, shared among its conversations.
const PLAYS: usize = 2_000;
/// Scenarios that get a line of their own: those that the engine which we replace was measured with.
const NAMED: [&str; 5] =
    ["brochure", "two_questions", "two_questions_offline", "router_tests", "smart_groups"];
/// The largest export by nodes.
const EXPORT: &str = "flows/rapidpro-flows__plh_master_malaysia.json";

fn main() {
    let dir = std::env::var_os("SEEDLING_CONFORMANCE").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/conformance")),
        PathBuf::from,
    );
    if !dir.is_dir() {
        eprintln!("no given scenarios at {}; set SEEDLING_CONFORMANCE to their folder", dir.display());
        return;
    }
    let runner = conversations(&dir.join("flow-engine/testdata/test/testdata/runner"));
    for name in NAMED {
        let played: Vec<&Conversation> =
            runner.iter().filter(|conversation| conversation.name.split('.').next() == Some(name)).collect();
        measure(&format!("scenario_{name}"), &played);
    }
    let generated = conversations(&dir.join("flow-engine/flows/generated"));
    measure("scenarios_generated", &generated.iter().collect::<Vec<_>>());
    export_load(&dir.join(EXPORT));
}

/// Whether the command line asks for a figure; without a word it asks for all.
fn wanted(name: &str) -> bool {
    std::env::args().skip(1).filter(|word| !word.starts_with("--")).all(|word| name.contains(&word))
}

/// Sprints per second, in memory and with the session encoded and decoded.
fn measure(name: &str, conversations: &[&Conversation]) {
    if !wanted(name) {
        return;
    }
    let times = PLAYS / conversations.len().max(1);
    for (ending, stored) in [("memory", false), ("encoded", true)] {
        let mut best = f64::INFINITY;
        for _ in 0..ROUNDS {
            let began = Instant::now();
            let mut sprints = 0;
            for _ in 0..times {
                sprints += conversations.iter().map(|one| black_box(one.play(stored))).sum::<usize>();
            }
            if sprints == 0 {
                return;
            }
            best = best.min(began.elapsed().as_secs_f64() / sprints as f64);
        }
        println!(
            "{}",
            json!({"name": format!("{name}_{ending}"), "value": (1.0 / best).round(), "unit": "sprints/s"})
        );
    }
}

/// Milliseconds to read an export of an older specification, bring it to the current one and compile it; and to read
/// and compile its flows as they are stored afterwards, which is what a node does when it starts.
fn export_load(path: &std::path::Path) {
    let Some(bytes) = std::fs::read(path).ok().filter(|_| wanted("export")) else { return };
    let library = library();
    let read = || Export::read(&bytes, &mut Uuid::nil);
    let Ok(export) = read() else { return };
    let stored: Vec<String> = export.flows.iter().map(|flow| flow.definition.to_string()).collect();
    let compile = |json: &str| {
        Definition::read(json.as_bytes(), &mut Uuid::nil)
            .map(|read| black_box(Program::compile(&read, library)))
            .is_ok()
    };
    let load = || stored.iter().filter(|json| compile(json)).count();
    let nodes = || {
        export.flows.iter().map(|flow| flow.definition["nodes"].as_array().map_or(0, Vec::len)).sum::<usize>()
    };
    eprintln!("the export has {} bytes, {} flows, {} nodes", bytes.len(), load(), nodes());
    println!("{}", json!({"name": "export_load", "value": best(|| { black_box(load()); }), "unit": "ms"}));
    println!(
        "{}",
        json!({"name": "export_read", "value": best(|| { black_box(read().is_ok()); }), "unit": "ms"})
    );
}

fn best(work: impl Fn()) -> f64 {
    let round = |_| {
        let began = Instant::now();
        work();
        began.elapsed().as_secs_f64() * 1000.0
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}
