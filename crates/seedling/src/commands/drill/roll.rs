//! `seedling drill roll`: a rolling restart under load.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use simulator::roll::{RollPlan, RollVerdict};

/// Restarts nodes that share a database one after the other while people write, as an upgrade does, and checks from
/// outside that no connection was refused and no message lost. The sockets are handed to the new processes, as
/// systemd does.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling drill roll --nodes 3 --rate 1000 --database postgres://seedling@localhost/scratch
  seedling drill roll --nodes 1 --rate 500

Exit status 0 only if nothing was refused, lost, doubled or misordered.")]
pub struct Roll {
    /// How many nodes share the database (needs PostgreSQL if more than 1)
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// How often each is restarted
    #[arg(long, default_value_t = 2)]
    rounds: u32,
    /// Messages a second
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// How many people write
    #[arg(long, default_value_t = 5_000)]
    contacts: usize,
    /// Database of the scratch store; without it SQLite in a temporary folder
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

impl Roll {
    /// Runs the drill and prints the verdict.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let binary = std::env::current_exe().context("cannot find this binary itself")?;
        let plan = RollPlan {
            nodes: self.nodes.max(1),
            rounds: self.rounds,
            rate: self.rate,
            people: self.contacts.max(1),
            database: self.database,
        };
        let verdict = simulator::roll::run(&binary, &plan, |node, away| {
            eprintln!("  node {node}: restarted in {} ms", away.as_millis());
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

fn print(verdict: &RollVerdict) {
    let quantiles = verdict.reply_ms;
    println!("restarts              {:>9}", verdict.restarts);
    println!("sent                  {:>9}", verdict.sent);
    println!("acknowledged          {:>9}", verdict.acknowledged);
    println!("replied               {:>9}", verdict.replied);
    println!("connections refused   {:>9}", verdict.refused);
    println!("lost                  {:>9}", verdict.lost);
    println!("doubled               {:>9}", verdict.duplicated);
    println!("repeated and marked   {:>9}", verdict.repeated);
    println!("misordered            {:>9}", verdict.misordered);
    println!("handed in again       {:>9}   (the connection broke before the answer)", verdict.again);
    println!("slowest restart       {:>6} ms", verdict.restart_ms_max);
    println!(
        "reply p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms, max {:.0} ms",
        quantiles.p50, quantiles.p95, quantiles.p99, quantiles.max
    );
    println!("{}", if verdict.holds() { "nobody noticed" } else { "SOMEBODY NOTICED" });
}
