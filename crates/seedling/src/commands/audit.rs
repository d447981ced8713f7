//! `seedling audit …`: who changed what.

mod list;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// Who changed what: people, programs with tokens, and commands.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling audit list --data ./seedling-data --kind channel")]
pub struct Audit {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show it, the latest first
    List(list::List),
}

impl Audit {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::List(list) => list.run().await,
        }
    }
}
