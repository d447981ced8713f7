//! `seedling location …`: the places of a workspace's country.

mod import;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// Places of the country, for fields and tests of states, districts and wards.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling location import places.csv --data ./seedling-data")]
pub struct Location {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Take the places of a file, instead of those before
    Import(import::Import),
}

impl Location {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Import(import) => import.run().await,
        }
    }
}
