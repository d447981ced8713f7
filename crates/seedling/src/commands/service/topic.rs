//! `seedling service topic NAME`: something that tickets are about.

use std::process::ExitCode;

use clap::Args;
use operations::{AddServiceError, add_topic};
use store::StoreError;
use uuid::Uuid;

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Adds a topic of tickets. One that is there stays as it is. Its uuid is the last line printed.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling service topic \"Side effects\" --data ./seedling-data")]
pub struct Topic {
    /// Name of the topic
    name: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Keep a uuid that flows name already
    #[arg(long)]
    uuid: Option<Uuid>,
}

impl Topic {
    /// Adds it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let adding = while_busy(
            |error| matches!(error, AddServiceError::Store(StoreError::Busy)),
            || add_topic(&context, workspace.id, self.uuid.map(Into::into), &self.name),
        );
        println!("{}", adding.await?.uuid);
        Ok(ExitCode::SUCCESS)
    }
}
