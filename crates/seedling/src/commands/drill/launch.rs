//! `seedling drill launch`: the first two days of a number that everybody hears of.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use simulator::TWO_QUESTIONS;
use simulator::carrier::Carrier;
use simulator::launch::{Curve, LaunchPlan, LaunchReport, Part};
use simulator::scratch::ScratchNode;

use super::load::Kind;

/// Plays the curve of the WHO's launch, 10 million people in 48 hours with a peak of five times the mean, in minutes and
/// with as many people as wanted, against a node on a scratch store.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling drill launch --people 100000 --minutes 10
  seedling drill launch --people 10000000 --minutes 1200 --channel wac
  seedling drill launch --people 20000 --minutes 2 --json

10 million people with ten messages each are 100 million messages: 580 a second on average over the real 48 hours.
Exit status 0 only if everybody was answered, once and in order.")]
pub struct Launch {
    /// How many people come
    #[arg(long, default_value_t = 20_000)]
    people: usize,
    /// How many messages each of them writes
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..))]
    messages: u8,
    /// How many minutes the 48 hours take
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// The kind of carrier
    #[arg(long, value_enum, default_value_t = Kind::Wac)]
    channel: Kind,
    /// Database of the scratch store; without it SQLite in a temporary folder
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

impl Launch {
    /// Runs the drill and prints what came of it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let dialect = self.channel.dialect();
        let carrier = Carrier::bind(([127, 0, 0, 1], 0).into(), dialect).await.context("no fake carrier")?;
        let binary = std::env::current_exe().context("cannot find this binary itself")?;
        let mut node = ScratchNode::create(&binary, self.database.as_deref())?;
        node.import(TWO_QUESTIONS)?;
        let channel = node.add_channel(&carrier)?;
        node.start().await?;
        let lasts = Duration::try_from_secs_f64(self.minutes * 60.0)
            .ok()
            .filter(|lasts| !lasts.is_zero())
            .context("--minutes must be more than 0")?;
        let messages = usize::from(self.messages);
        let mean = (self.people * messages) as f64 / lasts.as_secs_f64();
        let peak = mean * Curve::launch().peak();
        eprintln!("{} people, {mean:.0} messages/s on average, {peak:.0} at the peak", self.people);
        eprintln!("  hour   messages/s   reply p50     p99");
        let plan = LaunchPlan { people: self.people, messages, lasts, node: node.url(), channel };
        let report = simulator::launch::run(plan, carrier, print_part).await?;
        let resident = node.resident_kib();
        if self.json {
            println!("{}", serde_json::json!({ "report": report, "resident_kib": resident }));
        } else {
            print(&report, resident);
        }
        if !report.is_clean() {
            eprintln!("the node's log ends:\n{}", node.log());
        }
        Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn print_part(part: &Part) {
    let Part { hour, rate, reply_ms } = part;
    eprintln!("  {hour:>4.0} {rate:>12.0} {:>8.1} ms {:>7.1} ms", reply_ms.p50, reply_ms.p99);
}

fn print(report: &LaunchReport, resident_kib: Option<u64>) {
    let counts = report.counts;
    println!("sent                  {:>10}", counts.sent);
    println!("acknowledged          {:>10}", counts.acknowledged);
    println!("replied               {:>10}", counts.replied);
    println!("reported back         {:>10}", counts.reported);
    println!("lost                  {:>10}", report.lost);
    println!("doubled               {:>10}", counts.duplicated);
    println!("misordered            {:>10}", counts.misordered);
    println!("handed in again       {:>10}   (the node said later, or the connection broke)", report.again);
    super::load::print_quantiles("acknowledged in", report.ack_ms);
    super::load::print_quantiles("replied in", report.reply_ms);
    if let Some(kib) = resident_kib {
        println!("memory of the node    {:>7} MB", kib / 1_024);
    }
    println!("{}", if report.is_clean() { "everybody was answered" } else { "NOT EVERYBODY WAS ANSWERED" });
}
