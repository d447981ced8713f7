//! `seedling token list`: which tokens there are, and whose.

use std::process::ExitCode;

use clap::Args;
use jiff::Unit;

use crate::options::{StoreOptions, WorkspaceOption};

/// Shows the tokens of a workspace, the oldest first: identifier, user, role, and when it was made.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling token list --data ./seedling-data")]
pub struct List {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Print one JSON object for each
    #[arg(long)]
    json: bool,
}

impl List {
    /// Shows them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let users = context.store.definitions(workspace.id).await?.map(|all| all.users).unwrap_or_default();
        for row in context.store.tokens(workspace.id).await? {
            let user = users.iter().find(|user| user.id == row.user);
            let (email, role) = user.map_or(("", ""), |user| (user.email.as_str(), user.role.as_str()));
            if self.json {
                let made = row.created_on;
                let shown =
                    serde_json::json!({"uuid": row.uuid, "user": email, "role": role, "created_on": made});
                println!("{shown}");
            } else {
                let made = row.created_on.round(Unit::Second).unwrap_or(row.created_on);
                println!("{}  {email}  {role}  {made}", row.uuid);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
