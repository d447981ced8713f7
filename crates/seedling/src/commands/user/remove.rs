//! `seedling user remove EMAIL`: somebody works in the workspace no more.

use std::process::ExitCode;

use clap::Args;
use operations::{AccessError, remove_user};
use store::StoreError;

use super::find;
use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Ends that somebody works in the workspace: their tokens and sessions there end, what they did stays under their name. A
/// workspace keeps an administrator.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling user remove nurse@example.org --data ./seedling-data")]
pub struct Remove {
    /// E-mail address
    email: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl Remove {
    /// Ends it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let user = find(&context, &workspace, &self.email).await?;
        let removing = while_busy(
            |error| matches!(error, AccessError::Store(StoreError::Busy)),
            || remove_user(&context, workspace.id, user),
        );
        let row = removing.await?;
        println!("{} works in {:?} no more", row.email, workspace.name);
        Ok(ExitCode::SUCCESS)
    }
}
