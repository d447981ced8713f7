//! `seedling outbox …`: what has to leave and could not.

mod dead;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// What has to leave and could not.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling outbox dead list --data ./seedling-data
  seedling outbox dead retry --reason 'no connection'
  seedling outbox dead discard --all")]
pub struct Outbox {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// The dead set: what could not leave and waits for a person
    Dead(dead::Dead),
}

impl Outbox {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Dead(dead) => dead.run().await,
        }
    }
}
