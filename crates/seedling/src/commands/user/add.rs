//! `seedling user add EMAIL`: somebody who may work in the console.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use operations::{AddUserError, NewUser, add_user};
use store::StoreError;

use super::RoleName;
use crate::options::{StoreOptions, WorkspaceOption, read_secret};
use crate::patience::while_busy;

/// Adds somebody who may work in the console.
#[derive(Args)]
#[command(after_help = "\
Example:
  printf '%s' \"$PASSWORD\" | seedling user add nurse@example.org --data ./seedling-data \\
      --name \"Nurse Ada\" --role agent --password-file -")]
pub struct Add {
    /// E-mail address
    email: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Name shown to colleagues
    #[arg(long, default_value = "")]
    name: String,
    /// What they may do
    #[arg(long, value_enum, default_value_t = RoleName::Agent)]
    role: RoleName,
    /// File with their password; - reads standard input
    #[arg(long, value_name = "FILE")]
    password_file: PathBuf,
    /// Print the identifier as one JSON object
    #[arg(long)]
    json: bool,
}

impl Add {
    /// Adds them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let password = read_secret(&self.password_file)?;
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let new = NewUser {
            workspace: workspace.id,
            email: self.email.into(),
            name: self.name.into(),
            password,
            role: self.role.into(),
        };
        let adding = while_busy(
            |error| matches!(error, AddUserError::Store(StoreError::Busy)),
            || add_user(&context, new.clone()),
        );
        let user = adding.await?;
        if self.json {
            println!("{}", serde_json::json!({"user": user.uuid}));
        } else {
            println!("added {} as {} of {:?}", user.email, user.role, workspace.name);
        }
        Ok(ExitCode::SUCCESS)
    }
}
