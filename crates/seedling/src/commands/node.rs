//! `seedling node …`: the nodes that share a database.

mod list;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// The nodes that share a database.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling node list --database postgres://seedling:SECRET@db.example.org/seedling")]
pub struct Node {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Say which nodes are alive, and which of them fires timers and works jobs off
    List(list::List),
}

impl Node {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::List(list) => list.run().await,
        }
    }
}
