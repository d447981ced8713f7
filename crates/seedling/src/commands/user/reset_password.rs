//! `seedling user reset-password EMAIL`: a link with which somebody chooses a new password.

use std::process::ExitCode;

use clap::Args;
use operations::{AccessError, make_reset_link};
use store::StoreError;

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Makes what somebody needs to choose a new password. It can be used once, for a day; a newer one takes its place. It is
/// printed last, and only this once: give it to nobody but them.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling user reset-password nurse@example.org --data ./seedling-data")]
pub struct ResetPassword {
    /// E-mail address
    email: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl ResetPassword {
    /// Makes it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let making = while_busy(
            |error| matches!(error, AccessError::Store(StoreError::Busy)),
            || make_reset_link(&context, workspace.id, &self.email, None),
        );
        let link = match making.await {
            Err(AccessError::NotFound) => {
                anyhow::bail!("nobody in {:?} has the e-mail address '{}'", workspace.name, self.email)
            }
            made => made?,
        };
        println!("for {} until {}, by POST /auth/reset:", link.row.email, link.row.ends_on);
        println!("{}", link.secret);
        Ok(ExitCode::SUCCESS)
    }
}
