//! `cargo x sim`: many seeds on all cores, or one seed with its trace.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;
use simulation::listening;
use simulation::marks::{Mark, Marks};
use simulation::run::{self, Outcome};
use simulation::scenario::NODES_MAX;
use simulation::trace::Show;

/// With at least so many seeds every mark must have been met.
const SEEDS_FOR_ALL_MARKS: u64 = 200;
/// One seed in so many is run twice, and must go the same way.
const TWICE_EVERY: u64 = 16;
/// Failures that are printed.
const FAILURES_SHOWN: usize = 10;

/// Run whole nodes under virtual time with everything going wrong that may.
#[derive(Parser)]
#[command(name = "cargo x sim", bin_name = "cargo x sim")]
struct Arguments {
    /// How many seeds
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Only this seed
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// Print what happens; with --seed
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Nodes that share a store at most
    #[arg(long, default_value_t = NODES_MAX)]
    nodes: u64,
    /// Threads; as many as there are cores without it
    #[arg(long)]
    threads: Option<usize>,
}

/// What all seeds came to.
#[derive(Default)]
struct Total {
    marks: Marks,
    inputs: usize,
    arrivals: usize,
    events: u64,
    virtual_seconds: u64,
    longest_drain: u64,
    twice: u64,
    failures: Vec<(u64, Vec<String>)>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    listening::count_panics();
    if let Some(seed) = arguments.seed {
        return one(&arguments, seed);
    }
    let started = Instant::now();
    let next = AtomicU64::new(arguments.from);
    let end = arguments.from + arguments.seeds;
    let total = Mutex::new(Total::default());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads.unwrap_or(cores) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let outcome = run::seed(seed, arguments.nodes, Show::Hash);
                    let again = seed
                        .is_multiple_of(TWICE_EVERY)
                        .then(|| run::seed(seed, arguments.nodes, Show::Hash));
                    if let Ok(mut total) = total.lock() {
                        total.add(outcome, again, arguments.nodes);
                    }
                }
            });
        }
    });
    let total = total.into_inner().unwrap_or_default();
    report(&arguments, &total, started.elapsed().as_secs_f64())
}

impl Total {
    fn add(&mut self, outcome: Outcome, again: Option<Outcome>, nodes: u64) {
        self.marks.add(&outcome.marks);
        self.inputs += outcome.inputs;
        self.arrivals += outcome.arrivals;
        self.events += outcome.events;
        self.virtual_seconds += outcome.took.as_secs();
        self.longest_drain = self.longest_drain.max(outcome.drained.as_secs());
        let mut complaints = outcome.complaints;
        if let Some(again) = again {
            self.twice += 1;
            if again.hash != outcome.hash {
                complaints.push(first_difference(outcome.seed, nodes));
            }
        }
        if !complaints.is_empty() {
            if self.failures.len() < FAILURES_SHOWN {
                eprintln!("seed {} failed: {}", outcome.seed, complaints[0]);
            }
            self.failures.push((outcome.seed, complaints));
        }
    }
}

/// Where two runs of a seed part.
fn first_difference(seed: u64, nodes: u64) -> String {
    let [one, other] = [(); 2].map(|()| run::seed(seed, nodes, Show::Keep).lines);
    let parts = one.iter().zip(&other).find(|(one, other)| one != other);
    format!("the same seed went another way the second time: {parts:?}")
}

fn one(arguments: &Arguments, seed: u64) -> ExitCode {
    let show = if arguments.trace { Show::Print } else { Show::Hash };
    let outcome = run::seed(seed, arguments.nodes, show);
    println!(
        "seed {seed}: {} inputs, {} arrivals, {} events, {} virtual seconds, trace {:016x}",
        outcome.inputs,
        outcome.arrivals,
        outcome.events,
        outcome.took.as_secs(),
        outcome.hash
    );
    for complaint in &outcome.complaints {
        println!("  {complaint}");
    }
    if outcome.complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report(arguments: &Arguments, total: &Total, seconds: f64) -> ExitCode {
    println!("what happened, how often:");
    for mark in Mark::ALL {
        println!("{:>9}  {}", total.marks.count(*mark), mark.text());
    }
    println!(
        "{} seeds from {} in {seconds:.0} s: {} inputs, {} requests at carriers, {} events, {} virtual hours; \
         {} seeds run twice; all done at most {} s after the faults",
        arguments.seeds,
        arguments.from,
        total.inputs,
        total.arrivals,
        total.events,
        total.virtual_seconds / 3_600,
        total.twice,
        total.longest_drain,
    );
    let mut failures: Vec<_> = total.failures.iter().collect();
    failures.sort();
    for (seed, complaints) in failures.iter().take(FAILURES_SHOWN) {
        println!("\nseed {seed} failed; `cargo x sim --seed {seed} --trace` repeats it");
        for complaint in complaints.iter().take(5) {
            println!("  {complaint}");
        }
    }
    if failures.len() > FAILURES_SHOWN {
        let rest: Vec<String> = failures[FAILURES_SHOWN..].iter().map(|(seed, _)| seed.to_string()).collect();
        println!("\nalso failed: {}", rest.join(" "));
    }
    let is_whole = arguments.seeds >= SEEDS_FOR_ALL_MARKS && arguments.nodes >= NODES_MAX;
    let missing = if is_whole { total.marks.missing() } else { Vec::new() };
    for mark in &missing {
        println!("\nnever happened: {}", mark.text());
    }
    if failures.is_empty() && missing.is_empty() {
        println!("nothing lost, nothing doubled, nothing out of order");
        ExitCode::SUCCESS
    } else {
        println!("\n{} of {} seeds failed", failures.len(), arguments.seeds);
        ExitCode::FAILURE
    }
}
