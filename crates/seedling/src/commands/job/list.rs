//! `seedling job list`: the latest jobs of a workspace.

use std::process::ExitCode;

use clap::Args;

use super::{line, object};
use crate::options::{StoreOptions, WorkspaceOption};

/// Lists the latest jobs, the newest first.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling job list --open
  seedling job list --json | jq -r 'select(.status == \"failed\") | .error'")]
pub struct List {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Only those that have not ended
    #[arg(long)]
    open: bool,
    /// At most this many
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// Jobs among which open ones are looked for.
const LOOKED_AT: usize = 10_000;

impl List {
    /// Lists them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let limit = if self.open { LOOKED_AT } else { self.limit };
        let jobs = context.store.jobs(workspace.id, limit).await?;
        let shown = jobs.iter().filter(|job| !self.open || job.ended_on.is_none()).take(self.limit);
        for job in shown {
            println!("{}", if self.json { object(job).to_string() } else { line(job) });
        }
        if jobs.is_empty() && !self.json {
            eprintln!("{:?} has no jobs yet", workspace.name);
        }
        Ok(ExitCode::SUCCESS)
    }
}
