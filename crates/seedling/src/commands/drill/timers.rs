//! `seedling drill timers`: very many conversations whose time is up at the same moment, and what that costs those who
//! write.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, bail};
use channels::InboundMessage;
use clap::Args;
use domain::Urn;
use jiff::{SignedDuration, Timestamp};
use node::Ambience;
use operations::{Context, InboundItem, InboundKind, Receipt, receive};
use serde::Serialize;
use simulator::carrier::{Carrier, Dialect};
use simulator::connections::Connections;
use simulator::ledger::Ledger;
use simulator::load::{Plan, Report};
use simulator::scratch::ScratchNode;
use simulator::{SILENCE, TWO_QUESTIONS};
use uuid::Uuid;

use super::load::{PEOPLE_MAX, print_quantiles, suited};
use crate::options::StoreOptions;

/// How long ago the conversations began: longer than it takes to make them and their time-out of a minute, shorter than
/// the week after which they expire.
const AGO: SignedDuration = SignedDuration::from_hours(12);
/// Conversations begun in one operation.
const BATCH: usize = 500;
/// Conversations between two lines of progress.
const LINE_EVERY: usize = 100_000;
/// Name of the counter of timers that fired.
const FIRED: &str = "seedling_timers_fired_total ";

/// Plays people at a fixed rate against a node on a scratch store, once as it is and once while very many conversations
/// time out, each of which then says something; and compares how long replies took.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling drill timers --timers 100000 --rate 500 --seconds 20
  seedling drill timers --timers 1000000 --rate 1800 --seconds 60 --json
  seedling drill timers --database postgres://seedling@localhost/scratch

The conversations are made first; a million takes some minutes. Exit status 0 only if nothing was lost, doubled,
misordered or refused, and timers fired while people wrote.")]
pub struct Timers {
    /// How many timers are due when the node starts
    #[arg(long, default_value_t = 100_000)]
    timers: usize,
    /// Messages a second
    #[arg(long, default_value_t = 500.0)]
    rate: f64,
    /// For how long
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Database of the scratch store; without it SQLite in a temporary folder
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

/// What came of it. The names of the fields are those of the JSON line.
#[derive(Serialize)]
struct Comparison {
    /// Timers that were due.
    timers: usize,
    /// Those that fired while people wrote.
    fired: u64,
    /// How people fared without them …
    without: Report,
    /// … and with them.
    with: Report,
}

impl Timers {
    /// Runs the drill and prints both.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let binary = std::env::current_exe().context("cannot find this binary itself")?;
        let mut node = ScratchNode::create(&binary, self.database.as_deref())?;
        node.import(TWO_QUESTIONS)?;
        node.import(SILENCE)?;
        let (without, _) = self.play(&mut node, |_, _| async { Ok(()) }).await?;
        let data = node.folder().to_path_buf();
        let (with, fired) =
            self.play(&mut node, |channel, timers| self.make(data.clone(), channel, timers)).await?;
        let comparison = Comparison { timers: self.timers, fired, without, with };
        let is_clean = comparison.without.is_clean() && comparison.with.is_clean() && fired > 0;
        if !is_clean {
            eprintln!("the node's log ends:\n{}", node.log());
        }
        if self.json {
            println!("{}", serde_json::to_string(&comparison)?);
        } else {
            print(&comparison);
        }
        Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// People write on a line of their own, to a node that starts after `before` was done. Answers how they fared, and
    /// how many timers fired meanwhile.
    async fn play<F: Future<Output = anyhow::Result<()>>>(
        &self,
        node: &mut ScratchNode,
        before: impl FnOnce(Uuid, usize) -> F,
    ) -> anyhow::Result<(Report, u64)> {
        let carrier = Carrier::bind("127.0.0.1:0".parse()?, Dialect::Ex).await?;
        let channel = node.add_channel(&carrier)?;
        before(channel, self.timers).await?;
        node.start().await?;
        let plan = Plan {
            rate: self.rate,
            seconds: self.seconds,
            people: suited(self.rate, self.seconds),
            node: node.url(),
            channel,
        };
        let report = simulator::load::run(plan, carrier).await?;
        let fired = fired(&node.url()).await?;
        node.kill();
        Ok((report, fired))
    }

    /// Begins conversations of the past that wait for a word.
    async fn make(&self, data: std::path::PathBuf, channel: Uuid, timers: usize) -> anyhow::Result<()> {
        let begun = Instant::now();
        let context = self.of_the_past(&data).await?;
        let mut made = 0;
        while made < timers {
            let some = made..timers.min(made + BATCH);
            let items: Vec<InboundItem> =
                some.clone().map(|number| word_of(channel, PEOPLE_MAX + number)).collect();
            let receipts = receive(&context, items).await.value;
            for receipt in receipts {
                match receipt? {
                    Receipt::Accepted(_) => {}
                    other => bail!("a conversation was not begun: {other:?}"),
                }
            }
            if some.end / LINE_EVERY > made / LINE_EVERY {
                eprintln!("{} conversations after {:.0} s", some.end, begun.elapsed().as_secs_f64());
            }
            made = some.end;
        }
        Ok(())
    }

    /// The scratch store, at a moment in the past.
    async fn of_the_past(&self, data: &Path) -> anyhow::Result<Context> {
        let options = StoreOptions {
            data: data.to_path_buf(),
            database: self.database.clone(),
            reports_database: None,
        };
        let store = options.open().await?.store;
        let seed = Uuid::new_v4().as_u64_pair().0;
        Ok(Context::for_command(store, Ambience::simulated(Timestamp::now() - AGO, seed)))
    }
}

/// Somebody's first word.
fn word_of(channel: Uuid, person: usize) -> InboundItem {
    let message = InboundMessage {
        urn: Urn::new("tel", Ledger::number(person)),
        other_urns: Vec::new(),
        text: "quiet".to_owned(),
        attachments: Vec::new(),
        sent_on: None,
        external_id: None,
        name: None,
        payload: None,
    };
    InboundItem { channel: channel.into(), kind: InboundKind::Message(message), stamp: None }
}

/// How many timers a node has fired since it started.
async fn fired(url: &str) -> anyhow::Result<u64> {
    let answer = Connections::new(url, 1)?.get("/metrics").await?;
    let text = String::from_utf8_lossy(&answer.body);
    let count = text.lines().find_map(|line| line.strip_prefix(FIRED));
    count.and_then(|count| count.trim().parse().ok()).context("the node does not count timers")
}

fn print(comparison: &Comparison) {
    println!("timers due at once        {:>9}", comparison.timers);
    println!("fired while people wrote  {:>9}", comparison.fired);
    for (name, report) in [("without them", &comparison.without), ("with them", &comparison.with)] {
        println!("{name}: {} sent, {} replied, {} lost", report.sent, report.replied, report.lost);
        print_quantiles("  replied in", report.reply_ms);
    }
}
