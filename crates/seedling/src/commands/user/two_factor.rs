//! `seedling user two-factor`: who needs a second factor, and whose is forgotten.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use operations::{AccessError, forget_two_factor, require_two_factor};
use store::StoreError;

use super::RoleName;
use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Says which roles of the workspace need a second factor, or forgets that of somebody who lost their device and all codes.
#[derive(Args)]
#[command(after_help = "\
Examples:
  seedling user two-factor --require administrator,editor --data ./seedling-data
  seedling user two-factor --require none --data ./seedling-data
  seedling user two-factor --forget nurse@example.org --data ./seedling-data")]
pub struct TwoFactor {
    /// Roles that need one, in the place of those that did; or none
    #[arg(long, value_name = "ROLES", value_delimiter = ',', conflicts_with = "forget")]
    require: Option<Vec<String>>,
    /// E-mail address of somebody whose second factor is forgotten; all their sessions end
    #[arg(long, value_name = "EMAIL")]
    forget: Option<String>,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl TwoFactor {
    /// Says or forgets it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let busy = |error: &AccessError| matches!(error, AccessError::Store(StoreError::Busy));
        if let Some(email) = &self.forget {
            match while_busy(busy, || forget_two_factor(&context, email)).await {
                Err(AccessError::NotFound) => bail!("{email} has no second factor"),
                done => done?,
            }
            println!("{email} signs in without a second factor, and is signed in nowhere");
            return Ok(ExitCode::SUCCESS);
        }
        let Some(named) = &self.require else { bail!("give --require ROLES or --forget EMAIL") };
        let named = named.iter().filter(|name| *name != "none");
        let roles: Vec<operations::Role> =
            named.map(|name| RoleName::read(name)).collect::<Result<_, _>>()?;
        let workspace = self.workspace.choose(&context).await?;
        while_busy(busy, || require_two_factor(&context, workspace.id, &roles)).await?;
        let words: Vec<&str> = roles.iter().map(|role| role.name()).collect();
        let words = if words.is_empty() { "nobody".to_owned() } else { words.join(", ") };
        println!("who needs a second factor in {:?}: {words}", workspace.name);
        Ok(ExitCode::SUCCESS)
    }
}
