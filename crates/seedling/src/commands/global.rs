//! `seedling global …`: values that all flows share.

mod set;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// Values that all flows share, as `@globals.key`.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling global set clinic_name Kisenyi --data ./seedling-data")]
pub struct Global {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Set one, new or not
    Set(set::Set),
}

impl Global {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Set(set) => set.run().await,
        }
    }
}
