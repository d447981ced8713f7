//! `seedling feature …`: what a workspace may use.

mod list;
mod set;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// What a workspace may use; everything, unless it was turned off.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling feature list --data ./seedling-data
  seedling feature set language_models off --data ./seedling-data")]
pub struct Feature {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show all, with what happens when they are off
    List(list::List),
    /// Turn one on or off
    Set(set::Set),
}

impl Feature {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::List(list) => list.run().await,
            Action::Set(set) => set.run().await,
        }
    }
}
