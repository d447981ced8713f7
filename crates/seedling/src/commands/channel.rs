//! `seedling channel …`: lines to carriers.

mod add;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// Lines to carriers.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling channel add WCH --data ./seedling-data --name \"Clinic chat\"")]
pub struct Channel {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Add a line and print its uuid last
    Add(add::Add),
}

impl Channel {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Add(add) => add.run().await,
        }
    }
}
