//! Every command of the binary, one file each.

mod drill;
mod flow;

use std::process::ExitCode;

use clap::Subcommand;

/// Shown below `seedling --help`.
pub const EXAMPLE: &str = "\
Example:
  seedling demo                      a programme to talk to, in a temporary folder
  seedling drill load --rate 500     how much this machine takes";

/// What the binary can do.
#[derive(Subcommand)]
pub enum Command {
    /// Flows in a file: check them, talk to them
    Flow(flow::Flow),
    /// Rehearse: load, crashes, a fake carrier
    Drill(drill::Drill),
}

impl Command {
    /// Does it. The exit code is part of the answer of commands that check something.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Flow(flow) => flow.run(),
            Self::Drill(drill) => drill.run(),
        }
    }
}
