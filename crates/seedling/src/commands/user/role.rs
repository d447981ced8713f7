//! `seedling user role EMAIL ROLE`: what somebody may do from now on.

use std::process::ExitCode;

use clap::Args;
use operations::{AccessError, UserEdit, change_user};
use store::StoreError;

use super::{RoleName, find};
use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Gives a user another role. A workspace keeps an administrator.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling user role nurse@example.org editor --data ./seedling-data")]
pub struct SetRole {
    /// E-mail address
    email: String,
    /// What they may do
    #[arg(value_enum)]
    role: RoleName,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl SetRole {
    /// Gives it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let user = find(&context, &workspace, &self.email).await?;
        let edit = UserEdit { role: Some(self.role.into()), ..UserEdit::default() };
        let changing = while_busy(
            |error| matches!(error, AccessError::Store(StoreError::Busy)),
            || change_user(&context, workspace.id, user, &edit),
        );
        let row = changing.await?;
        println!("{} is {} of {:?} from now on", row.email, row.role, workspace.name);
        Ok(ExitCode::SUCCESS)
    }
}
