//! `seedling service resthook EVENT URL`: an address that hears of an event which flows name.

use std::process::ExitCode;

use clap::Args;
use operations::{AddServiceError, add_resthook_subscriber};
use store::StoreError;

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Adds an address that is called when a flow calls the resthook of this name.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling service resthook new-registration https://example.org/hook --data ./seedling-data")]
pub struct Resthook {
    /// Name of the event, as flows call it
    event: String,
    /// Address to call
    url: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl Resthook {
    /// Adds it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let adding = while_busy(
            |error| matches!(error, AddServiceError::Store(StoreError::Busy)),
            || add_resthook_subscriber(&context, workspace.id, &self.event, &self.url),
        );
        let row = adding.await?;
        println!("{} is heard by {}", row.slug, row.subscribers.join(", "));
        Ok(ExitCode::SUCCESS)
    }
}
