//! `seedling verify`: whether counts are what the rows say, and whether rows of different tables fit together.

use std::process::ExitCode;

use clap::Args;
use jiff::civil::Date;
use operations::{date_of, day_number, repair_counts};
use store::{CountDifference, Verified};

use crate::options::StoreOptions;

/// Counts everything again and compares; looks whether rows of different tables fit together.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling verify --data ./seedling-data
  seedling verify --database postgres://seedling@localhost/seedling --day 2026-11-21 --json
  seedling verify --repair

Reads one state of the store, also beside a node that serves. Exit status 1 if anything is wrong. What is compared
with what: docs/reports-and-counts.md.")]
pub struct Verify {
    #[command(flatten)]
    store: StoreOptions,
    /// Only the counts of one day of each workspace's calendar
    #[arg(long, value_name = "YYYY-MM-DD")]
    day: Option<Date>,
    /// Put wrong counts right
    #[arg(long)]
    repair: bool,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

impl Verify {
    /// Looks, and says what is wrong.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let found = context.store.verify(self.day.map(day_number)).await?;
        if self.json {
            println!("{}", serde_json::to_string(&found)?);
        } else {
            print(&found);
        }
        if self.repair && !found.differences.is_empty() {
            let corrected = repair_counts(&context, &found).await?;
            eprintln!("{corrected} counts were put right");
        }
        Ok(if found.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn print(found: &Verified) {
    for CountDifference { workspace, day, kind, subject, name, kept, found } in &found.differences {
        let day = day.map_or_else(|| "all days".to_owned(), |day| date_of(day).to_string());
        let kind = kind.as_str();
        println!("{day}  workspace {workspace}  {kind} {subject} {name:?}: {kept} counted, {found} there");
    }
    for broken in &found.broken {
        let examples: Vec<String> = broken.examples.iter().map(i64::to_string).collect();
        println!("broken: {} ({} rows, such as {})", broken.rule, broken.rows, examples.join(", "));
    }
    let wrong = found.differences.len() + found.broken.len();
    println!("{} checked, {wrong} wrong", found.checked);
}
