//! `seedling global set KEY VALUE`: a value that all flows share.

use std::process::ExitCode;

use clap::Args;
use operations::{SetGlobalError, set_global};
use store::StoreError;

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Sets a value that flows read as `@globals.key`; a running node knows it at once.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling global set clinic_name \"Kisenyi Health Centre\" --data ./seedling-data")]
pub struct Set {
    /// Key, such as clinic_name
    key: String,
    /// Value
    value: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Print key and value as one JSON object
    #[arg(long)]
    json: bool,
}

impl Set {
    /// Sets it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let setting = while_busy(
            |error| matches!(error, SetGlobalError::Busy | SetGlobalError::Store(StoreError::Busy)),
            || set_global(&context, workspace.id, self.key.as_str().into(), self.value.as_str().into()),
        );
        setting.await?;
        if self.json {
            println!("{}", serde_json::json!({"key": self.key, "value": self.value}));
        } else {
            println!("@globals.{} is {:?} in {:?}", self.key, self.value, workspace.name);
        }
        Ok(ExitCode::SUCCESS)
    }
}
