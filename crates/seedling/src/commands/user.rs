//! `seedling user …`: people who work in the console.

mod add;
mod reset_password;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// People who work in the console.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling user add nurse@example.org --data ./seedling-data --role agent --password-file -")]
pub struct User {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Add somebody
    Add(add::Add),
    /// Make a link with which somebody chooses a new password
    ResetPassword(reset_password::ResetPassword),
}

impl User {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Add(add) => add.run().await,
            Action::ResetPassword(reset) => reset.run().await,
        }
    }
}
