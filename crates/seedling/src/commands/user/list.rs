//! `seedling user list`: who works in a workspace.

use std::process::ExitCode;

use clap::Args;
use operations::Role;

use crate::options::{StoreOptions, WorkspaceOption};

/// Shows who works in the workspace: e-mail address, role, name, and whether they have a second factor.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling user list --data ./seedling-data")]
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
        for user in users.iter().filter(|user| Role::from_name(&user.role).is_some()) {
            let login = context.store.login(user.email.clone()).await?;
            let second_factor = login.is_some_and(|login| login.totp_since.is_some());
            if self.json {
                let shown = serde_json::json!({
                    "uuid": user.uuid, "email": user.email, "role": user.role, "name": user.name,
                    "two_factor": second_factor,
                });
                println!("{shown}");
            } else {
                let more = if second_factor { "  (second factor)" } else { "" };
                println!("{}  {}  {:?}{more}", user.email, user.role, user.name);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
