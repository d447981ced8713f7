//! `seedling drill load`: people and carriers at a fixed rate.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use simulator::TWO_QUESTIONS;
use simulator::carrier::{Carrier, Dialect};
use simulator::faults::Faults;
use simulator::latency::Quantiles;
use simulator::load::{Plan, Report};
use simulator::scratch::ScratchNode;
use uuid::Uuid;

/// People of a long drill; a shorter one has a quarter as many as messages, so that each writes several.
pub(super) const PEOPLE_MAX: usize = 20_000;
const MESSAGES_PER_PERSON: f64 = 4.0;

/// Sends real carrier requests to a node at a fixed rate, and follows every message through the flow to a fake
/// carrier and back as a delivery report. Latencies count from the moment at which a message was due.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling drill load --rate 1800 --seconds 60
  seedling drill load --rate 200 --seconds 10 --json
  seedling drill load --channel wac --rate 500
  seedling drill load --data ./full --existing --rate 1800
  seedling drill load --url http://node:7333 --channel-uuid UUID --carrier 0.0.0.0:7444

Without --url it starts a node on a scratch store. With --url it needs an EX channel whose send_url is
http://THIS-HOST:PORT/send of --carrier and whose body is {\"uuid\":{{uuid}},\"to\":{{to}},\"text\":{{text}}} as
application/json. Exit status 0 only if nothing was lost, doubled, misordered or refused.")]
pub struct Load {
    /// Messages a second
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// For how long
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How many people write; without it as many as suit the number of messages
    #[arg(long)]
    contacts: Option<usize>,
    /// The kind of carrier
    #[arg(long, value_enum, default_value_t = Kind::Ex)]
    channel: Kind,
    /// An export whose catch-all trigger answers; without it a conversation of two questions
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    flow: Option<PathBuf>,
    /// Database of the scratch store; without it SQLite in a temporary folder
    #[arg(long, value_name = "URL", conflicts_with = "url")]
    database: Option<String>,
    /// Folder of a store that is there already; with --existing
    #[arg(long, value_name = "DIR", conflicts_with = "url", requires = "existing")]
    data: Option<PathBuf>,
    /// Hold the drill on the store of --data or --database as it is, such as one of `drill history`: it gets one more
    /// channel, and its catch-all trigger answers
    #[arg(long, conflicts_with_all = ["url", "flow"])]
    existing: bool,
    /// A node that runs already, such as http://127.0.0.1:7333
    #[arg(long, value_name = "NODE", requires = "channel_uuid")]
    url: Option<String>,
    /// The channel of that node
    #[arg(long, value_name = "UUID")]
    channel_uuid: Option<Uuid>,
    /// Where the fake carrier listens; a free port without it
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    carrier: SocketAddr,
    /// What the carrier does wrong: delay=50ms,throttle=5%,fail=5%,hang=1%,repeat=10%,reorder=10%,seed=7
    #[arg(long, value_name = "FAULTS", default_value = "")]
    faults: Faults,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

/// The carriers that can be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Any HTTP aggregator
    Ex,
    /// WhatsApp Cloud: signed webhooks of many messages, reports of sent, delivered and read
    Wac,
}

impl Kind {
    /// How its carrier speaks.
    pub(super) fn dialect(self) -> Dialect {
        match self {
            Self::Ex => Dialect::Ex,
            Self::Wac => Dialect::WhatsApp,
        }
    }
}

impl Load {
    /// Runs the drill and prints what came of it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let dialect = self.channel.dialect();
        let carrier = Carrier::bind(self.carrier, dialect).await.with_context(|| {
            format!("the fake carrier cannot listen at {}; choose another --carrier", self.carrier)
        })?;
        let carrier = carrier.with_faults(self.faults);
        let json = self.json;
        let report = match (&self.url, self.channel_uuid) {
            (Some(url), Some(channel)) => {
                eprintln!("the fake carrier listens at {}", carrier.send_url());
                simulator::load::run(self.plan(url.clone(), channel), carrier).await?
            }
            (Some(_), None) => bail!("--url needs --channel-uuid: the channel of that node"),
            (None, _) => self.on_scratch_node(carrier).await?,
        };
        if json {
            println!("{}", serde_json::to_string(&report)?);
        } else {
            print(&report);
        }
        Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    async fn on_scratch_node(&self, carrier: Carrier) -> anyhow::Result<Report> {
        let binary = std::env::current_exe().context("cannot find this binary itself")?;
        let mut node = if self.existing {
            ScratchNode::existing(&binary, self.data.as_deref(), self.database.as_deref())?
        } else {
            ScratchNode::create(&binary, self.database.as_deref())?
        };
        match &self.flow {
            _ if self.existing => {}
            Some(path) => {
                let export = std::fs::read_to_string(path).with_context(|| {
                    format!("cannot read {}; --flow takes an export file", path.display())
                })?;
                node.import(&export)?;
            }
            None => node.import(TWO_QUESTIONS)?,
        }
        let channel = node.add_channel(&carrier)?;
        let start = node.start().await?;
        eprintln!("the node was ready after {} ms; writing", start.as_millis());
        let report = simulator::load::run(self.plan(node.url(), channel), carrier).await?;
        if !report.is_clean() {
            eprintln!("the node's log ends:\n{}", node.log());
        }
        Ok(report)
    }

    fn plan(&self, node: String, channel: Uuid) -> Plan {
        let people = self.contacts.unwrap_or(suited(self.rate, self.seconds));
        Plan { rate: self.rate, seconds: self.seconds, people, node, channel }
    }
}

/// How many people suit a rate and a time.
pub(super) fn suited(rate: f64, seconds: u64) -> usize {
    ((rate * seconds as f64 / MESSAGES_PER_PERSON) as usize).clamp(1, PEOPLE_MAX)
}

fn print(report: &Report) {
    println!("sent          {:>10}", report.sent);
    println!("acknowledged  {:>10}", report.acknowledged);
    println!("replied       {:>10}", report.replied);
    println!("reported back {:>10}", report.counts.reported);
    println!("lost          {:>10}", report.lost);
    println!("doubled       {:>10}", report.duplicated);
    println!("misordered    {:>10}", report.misordered);
    println!("rate held     {:>10}", if report.rate_held { "yes" } else { "no" });
    print_quantiles("acknowledged in", report.ack_ms);
    print_quantiles("replied in", report.reply_ms);
    for example in &report.lost_examples {
        println!("  lost: {example}");
    }
    if let Some((count, status)) = report.refused {
        println!("  the node refused {count} messages, the last with status {status}");
    }
}

pub(super) fn print_quantiles(name: &str, quantiles: Quantiles) {
    let Quantiles { p50, p95, p99, max } = quantiles;
    println!("{name:<16} p50 {p50:.1} ms, p95 {p95:.1} ms, p99 {p99:.1} ms, max {max:.1} ms");
}
