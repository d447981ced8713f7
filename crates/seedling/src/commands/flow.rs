//! `seedling flow …`: flows from a file, without a node or a store.

mod check;
mod convert;
mod document;
mod file;
mod language;
mod po;
mod record;
mod rehearsal;
mod replay;
mod run;
mod script;
mod test;

use std::process::ExitCode;

use clap::{Args, Subcommand};

pub use document::write_text;

/// Flows in a file: an export of a workspace, or a single definition.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling flow check export.json
  seedling flow run export.json --flow Registration")]
pub struct Flow {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Read and compile every flow and list what is wrong, with its node
    Check(check::Check),
    /// Talk to a flow in the terminal
    Run(run::Run),
    /// Play recorded conversations as tests
    Test(test::Test),
    /// Bring flows to another specification, older or newer
    Convert(convert::Convert),
    /// Make another language the one that flows are written in
    Language(language::Language),
    /// Give texts to translators and take them back, as PO files
    Po(po::PoFiles),
}

impl Flow {
    /// Does it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Check(check) => check.run(),
            Action::Run(run) => run.run(),
            Action::Test(test) => test.run(),
            Action::Convert(convert) => convert.run(),
            Action::Language(language) => language.run(),
            Action::Po(po) => po.run(),
        }
    }
}
