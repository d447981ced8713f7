//! `seedling feature list`: what a workspace may use.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use operations::Feature;
use serde_json::json;

use crate::options::{StoreOptions, WorkspaceOption};

/// Shows what the workspace may use.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling feature list --data ./seedling-data")]
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
        let row = self.workspace.choose(&context).await?;
        let workspace = context.registry.workspace(&context, row.id).await?;
        let workspace = workspace.context("the workspace is gone")?;
        for feature in Feature::ALL {
            let on = workspace.may_use(feature);
            if self.json {
                println!("{}", json!({"feature": feature.word(), "on": on}));
            } else {
                let state = if on { "on" } else { "off" };
                println!("{:<20}{state:<5}off means: {}", feature.word(), feature.without());
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
