//! `seedling shed …`: how much is turned off under pressure.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use operations::{MAX_SHEDDING, Shed as Thing, SheddingMode, set_shedding, shedding};
use serde_json::json;
use store::StoreError;

use crate::options::StoreOptions;
use crate::patience::while_busy;

/// Says how much all nodes turn off under pressure, least valuable first, or lets each of them measure.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling shed status --data ./seedling-data
  seedling shed 5 --data ./seedling-data        nothing but replies goes out
  seedling shed auto --data ./seedling-data     each node by what it measures (the default)

Levels: 1 search indexing, 2 media fetching, 3 language understanding, 4 heavy reports, 5 bulk sending; each turns off
those before it too. Replies, opt-outs and payments are never turned off. docs/when-things-go-wrong.md says more.")]
pub struct Shed {
    /// A level from 0 (nothing is turned off) to 5, auto, or status
    #[arg(value_name = "LEVEL|auto|status", default_value = "status")]
    what: String,
    #[command(flatten)]
    store: StoreOptions,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Shed {
    /// Sets it, or tells how it is.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        if self.what != "status" {
            let Some(mode) = SheddingMode::read(&self.what) else {
                bail!("{:?} is no level; give 0 to {MAX_SHEDDING}, auto or status", self.what)
            };
            let is_busy = |error: &StoreError| matches!(error, StoreError::Busy);
            while_busy(is_busy, || set_shedding(&context, mode)).await?;
        }
        let now = shedding(&context).await?;
        let level = now.level();
        let by_hand = now.mode != SheddingMode::Auto;
        if self.json {
            let off: Vec<&str> =
                Thing::ALL.into_iter().filter(|thing| thing.level() <= level).map(Thing::word).collect();
            let nodes: Vec<_> =
                now.measured.iter().map(|(run, level)| json!({"run": run, "level": level})).collect();
            println!("{}", json!({"level": level, "by_hand": by_hand, "off": off, "nodes": nodes}));
            return Ok(ExitCode::SUCCESS);
        }
        println!("level {level}, {}", if by_hand { "set by hand" } else { "measured by each node" });
        for (run, level) in &now.measured {
            println!("  the node of run {run} measures pressure of level {level}");
        }
        for thing in Thing::ALL {
            let state = if thing.level() <= level { "off" } else { "on" };
            println!("  {} {:<24}{state:<5}off means: {}", thing.level(), thing.word(), thing.meaning());
        }
        Ok(ExitCode::SUCCESS)
    }
}
