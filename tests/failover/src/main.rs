//! What happens to people's messages when the database's primary is killed: a real cluster of three PostgreSQL servers
//! under Patroni with etcd in synchronous mode, real nodes, and people who write all the while.
//!
//! `cargo x failover --rounds 5 --rate 200` builds the binary and runs this. Each round kills -9 the primary and the
//! Patroni that watches over it, waits until another member is the primary and messages are answered again, and starts
//! the killed member as a standby. Exit status 0 only if no acknowledged message was lost, doubled or misordered.

mod cluster;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Parser;
use simulator::roll::{RollPlan, under_load};
use simulator::several::SeveralNodes;

use cluster::PatroniCluster;

/// A new primary must be there by then; Patroni's own time to live is a few seconds.
const FAILOVER_WAIT: Duration = Duration::from_secs(60);
/// How often it is looked whether something has happened.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long everything runs between two kills.
const BETWEEN: Duration = Duration::from_secs(3);
/// Answers after which the nodes count as back.
const ANSWERS: u64 = 20;

/// Kills the primary of a Patroni cluster under load, again and again.
#[derive(Parser)]
struct Options {
    /// The binary whose nodes are used
    #[arg(long)]
    binary: PathBuf,
    /// How often the primary is killed
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Messages a second
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// How many nodes share the database
    #[arg(long, default_value_t = 2)]
    nodes: usize,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    eprintln!("starting etcd and three PostgreSQL servers under Patroni");
    let mut cluster = PatroniCluster::start().await?;
    cluster.create_database("seedling")?;
    let plan = RollPlan {
        nodes: options.nodes,
        rounds: options.rounds,
        rate: options.rate,
        people: 2_000,
        database: Some(cluster.url("seedling")),
    };
    let kills = async |_: &mut SeveralNodes, answered: &dyn Fn() -> u64| -> anyhow::Result<Vec<Duration>> {
        let mut away = Vec::new();
        for round in 1..=options.rounds {
            tokio::time::sleep(BETWEEN).await;
            away.push(fail_over(&mut cluster, round, answered).await?);
        }
        Ok(away)
    };
    let verdict = under_load(&options.binary, &plan, kills).await?;
    println!("{verdict:#?}");
    println!("{}", if verdict.holds() { "the promise holds" } else { "THE PROMISE IS BROKEN" });
    Ok(if verdict.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Kills the primary; answers how long nobody was answered.
async fn fail_over(
    cluster: &mut PatroniCluster,
    round: u32,
    answered: &dyn Fn() -> u64,
) -> anyhow::Result<Duration> {
    let killed = cluster.primary().await.context("there is no primary")?;
    let killed_at = Instant::now();
    cluster.kill(killed)?;
    let before = answered();
    let mut elected = None;
    let away = loop {
        if killed_at.elapsed() > FAILOVER_WAIT {
            bail!("nobody took over within {FAILOVER_WAIT:?}\n{}", cluster.logs());
        }
        if elected.is_none() && cluster.primary().await.is_some_and(|now| now != killed) {
            elected = Some(killed_at.elapsed());
        }
        if elected.is_some() && answered() >= before + ANSWERS {
            break killed_at.elapsed();
        }
        tokio::time::sleep(LOOK_EVERY).await;
    };
    eprintln!(
        "  round {round}: member {killed} killed, another primary after {:.1} s, people answered after {:.1} s",
        elected.unwrap_or_default().as_secs_f64(),
        away.as_secs_f64()
    );
    cluster.revive(killed).await?;
    Ok(away)
}
