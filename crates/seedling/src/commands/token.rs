//! `seedling token …`: what programs prove themselves with to the API.

mod add;
mod list;
mod remove;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// What programs prove themselves with to the API. A token acts as the user for whom it was made.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling token add --user admin@example.org --data ./seedling-data")]
pub struct Token {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make one for a user; it is shown this once
    Add(add::Add),
    /// Show which there are
    List(list::List),
    /// Take one away: whoever uses it is refused from then on
    Remove(remove::Remove),
}

impl Token {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Add(add) => add.run().await,
            Action::List(list) => list.run().await,
            Action::Remove(remove) => remove.run().await,
        }
    }
}
