//! `seedling token add --user EMAIL`: a token for a program that acts as a user.

use std::process::ExitCode;

use clap::Args;
use operations::{AddTokenError, add_token};
use store::StoreError;

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Makes a token for a program that acts as a user, and prints it last. It is not kept in clear: it cannot be shown
/// again.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling token add --user admin@example.org --data ./seedling-data
  curl -H \"Authorization: Token $TOKEN\" http://127.0.0.1:7333/api/v2/workspace.json")]
pub struct Add {
    /// E-mail address of the user
    #[arg(long, value_name = "EMAIL")]
    user: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Print token and identifier as one JSON object
    #[arg(long)]
    json: bool,
}

impl Add {
    /// Makes it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let adding = while_busy(
            |error| matches!(error, AddTokenError::Store(StoreError::Busy)),
            || add_token(&context, workspace.id, &self.user),
        );
        let added = adding.await?;
        if self.json {
            println!("{}", serde_json::json!({"uuid": added.row.uuid, "token": added.token}));
        } else {
            println!(
                "token {} of {} in {:?}; it is shown this once:",
                added.row.uuid, self.user, workspace.name
            );
            println!("{}", added.token);
        }
        Ok(ExitCode::SUCCESS)
    }
}
