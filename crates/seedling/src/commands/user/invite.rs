//! `seedling user invite EMAIL`: what somebody needs to join a workspace and choose a password.

use std::process::ExitCode;

use clap::Args;
use operations::{AccessError, invite};
use store::StoreError;

use super::RoleName;
use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Invites somebody. What they accept it with is printed last, and only this once; it can be used once, for a week.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling user invite nurse@example.org --role agent --data ./seedling-data")]
pub struct Invite {
    /// E-mail address
    email: String,
    /// What they may do then
    #[arg(long, value_enum, default_value_t = RoleName::Agent)]
    role: RoleName,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl Invite {
    /// Invites them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let inviting = while_busy(
            |error| matches!(error, AccessError::Store(StoreError::Busy)),
            || invite(&context, workspace.id, &self.email, self.role.into(), None),
        );
        let link = inviting.await?;
        println!("for {} until {}, by POST /auth/accept:", link.row.email, link.row.ends_on);
        println!("{}", link.secret);
        Ok(ExitCode::SUCCESS)
    }
}
