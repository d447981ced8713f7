//! `seedling archive …`: old messages and runs in files.

mod import;
mod keep;
mod list;
mod run;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// Old messages and runs in files: how long rows are kept before, which files there are.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling archive keep --messages 90 --runs 90 --data ./seedling-data
  seedling archive run --data ./seedling-data
  seedling archive list --data ./seedling-data")]
pub struct Archive {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Bring in archives of RapidPro or of another Seedling
    Import(import::Import),
    /// Say for how many days rows are kept, or show it
    Keep(keep::Keep),
    /// Show which files there are
    List(list::List),
    /// Put what is too old into files now, in place of tonight
    Run(run::Run),
}

impl Archive {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Import(import) => import.run().await,
            Action::Keep(keep) => keep.run().await,
            Action::List(list) => list.run().await,
            Action::Run(run) => run.run().await,
        }
    }
}
