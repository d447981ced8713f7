//! `seedling token remove UUID`: a token is not taken any more.

use std::process::ExitCode;

use clap::Args;
use domain::TokenUuid;
use operations::{RemoveTokenError, remove_token};
use store::StoreError;

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Takes a token away: whoever uses it is refused from then on, by every node.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling token list --data ./seedling-data
  seedling token remove 0198d6a0-4a7b-4c3e-9f2a-6d1f00c0ffee --data ./seedling-data")]
pub struct Remove {
    /// Identifier of the token, from `seedling token list`
    token: TokenUuid,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl Remove {
    /// Takes it away.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let removing = while_busy(
            |error| matches!(error, RemoveTokenError::Store(StoreError::Busy)),
            || remove_token(&context, workspace.id, self.token),
        );
        removing.await?;
        println!("removed token {} of {:?}", self.token, workspace.name);
        Ok(ExitCode::SUCCESS)
    }
}
