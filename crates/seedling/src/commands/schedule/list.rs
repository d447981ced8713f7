//! `seedling schedule list` and `next`.

use std::process::ExitCode;

use clap::Args;
use operations::{MAX_SCHEDULES, next_moments};
use serde_json::json;

use super::{Which, line, object};
use crate::options::{StoreOptions, WorkspaceOption};

/// Lists schedules by name.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling schedule list --json | jq -r 'select(.paused) | .name'")]
pub struct List {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl List {
    /// Lists them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let all = context.store.schedules(workspace.id, MAX_SCHEDULES).await?;
        for row in &all {
            println!("{}", if self.json { object(row).to_string() } else { line(row) });
        }
        if all.is_empty() && !self.json {
            eprintln!("{:?} has no schedules yet", workspace.name);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Shows the next moments of a schedule in its zone.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling schedule next Reminder --count 10")]
pub struct Next {
    #[command(flatten)]
    which: Which,
    /// How many
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    count: u16,
    /// One JSON array of moments in UTC
    #[arg(long)]
    json: bool,
}

impl Next {
    /// Shows them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (context, _, row) = self.which.find().await?;
        let (zone, moments) = next_moments(&context, &row, self.count.into()).await?;
        if self.json {
            println!("{}", json!(moments));
            return Ok(ExitCode::SUCCESS);
        }
        for moment in moments {
            println!("{}", moment.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M %:z"));
        }
        if row.paused {
            eprintln!("the schedule rests; `seedling schedule resume {:?}` lets it go on", row.name);
        }
        Ok(ExitCode::SUCCESS)
    }
}
