//! `seedling service …`: what flows ask of others.

mod add;
mod resthook;
mod topic;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// What flows ask of others: language models, airtime, e-mail, subscribers of events, topics of tickets.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling service add model --data ./seedling-data --name Assistant --secret-file key.txt \\
      --config '{\"url\": \"https://api.openai.com/v1\", \"model\": \"gpt-4o-mini\"}'

docs/connect-services.md lists the settings of each type.")]
pub struct Service {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Add a language model, an airtime provider or an e-mail server and print its uuid last
    Add(add::Add),
    /// Add an address that hears of an event which flows name
    Resthook(resthook::Resthook),
    /// Add a topic of tickets and print its uuid last
    Topic(topic::Topic),
}

impl Service {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Add(add) => add.run().await,
            Action::Resthook(resthook) => resthook.run().await,
            Action::Topic(topic) => topic.run().await,
        }
    }
}
