//! `seedling job weight N`: a workspace's share of the time for jobs.

use std::process::ExitCode;

use clap::Args;
use operations::set_job_weight;

use crate::options::{StoreOptions, WorkspaceOption};

/// Sets how much of the time for jobs a workspace gets while others have jobs too: with 3 three times as much as one
/// that has 1, which is what each begins with. Without a number it is shown.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling job weight 3 --workspace \"Ministry of Health\"
  seedling job weight")]
pub struct Weight {
    /// From 1 to 1000
    #[arg(value_parser = clap::value_parser!(i64).range(1..=1_000))]
    weight: Option<i64>,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl Weight {
    /// Sets or shows it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        if let Some(weight) = self.weight {
            set_job_weight(&context, workspace.id, weight).await?;
        }
        println!("{}", context.store.job_weight(workspace.id).await?);
        Ok(ExitCode::SUCCESS)
    }
}
