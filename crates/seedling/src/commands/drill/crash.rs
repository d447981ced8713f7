//! `seedling drill crash`: kill -9 under load.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use clap::Args;
use simulator::crash::{CrashPlan, Verdict};

/// Kills `seedling serve`, or one of several that share a database, at random moments under load, restarts it, and checks from outside that each message
/// it took was handled once, answered, and answered in order.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling drill crash --rounds 50
  seedling drill crash --rounds 5 --json | jq .lost
  seedling drill crash --nodes 3 --rounds 100 --database postgres://seedling@localhost/scratch

Exit status 0 only if nothing was lost, doubled or misordered.")]
pub struct Crash {
    /// How often to kill
    #[arg(long, default_value_t = 20)]
    rounds: u32,
    /// Database of the scratch store; without it SQLite in a temporary folder
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// How many nodes share the database, of which each round kills one (needs PostgreSQL if more than 1)
    #[arg(long, default_value_t = 1)]
    nodes: usize,
    /// Repeat an earlier drill's moments; without it they are new
    #[arg(long)]
    seed: Option<u64>,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

impl Crash {
    /// Runs the drill and prints the verdict.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let binary = std::env::current_exe().context("cannot find this binary itself")?;
        let seed = self.seed.unwrap_or_else(seed_of_now);
        eprintln!("killing the node {} times under load (seed {seed})", self.rounds);
        let plan = CrashPlan { rounds: self.rounds, seed, database: self.database, nodes: self.nodes };
        let verdict = simulator::crash::run(&binary, &plan, |round, life| {
            eprintln!("  round {round}: killed after {} ms", life.as_millis());
        })
        .await?;
        if self.json {
            println!("{}", serde_json::to_string(&verdict)?);
        } else {
            print(&verdict);
        }
        Ok(if verdict.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn print(verdict: &Verdict) {
    println!("rounds                {:>9}", verdict.rounds);
    println!("sent                  {:>9}", verdict.sent);
    println!("acknowledged          {:>9}", verdict.acknowledged);
    println!("replied               {:>9}", verdict.replied);
    println!("lost                  {:>9}", verdict.lost);
    println!("doubled               {:>9}", verdict.duplicated);
    println!("repeated and marked   {:>9}   (allowed: the carrier's answer was lost)", verdict.repeated);
    println!("misordered            {:>9}", verdict.misordered);
    println!("slowest start         {:>6} ms", verdict.start_ms_max);
    if let Some(wrong) = &verdict.untrue {
        println!("  counts and rows do not agree:\n{wrong}");
    }
    for example in &verdict.lost_examples {
        println!("  lost: {example}");
    }
    if verdict.refused > 0 {
        println!("  the node refused {} messages that it should have taken", verdict.refused);
    }
    if verdict.strange > 0 {
        println!("  {} messages went to nobody, or answered nothing", verdict.strange);
    }
    println!("{}", if verdict.holds() { "the promise holds" } else { "THE PROMISE IS BROKEN" });
}

/// A new seed; it is printed, so that the drill can be repeated.
fn seed_of_now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::from(since.subsec_nanos()) ^ since.as_secs().rotate_left(20)
}
