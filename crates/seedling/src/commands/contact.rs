//! `seedling contact …`: the people that a programme talks with.

mod export;
mod import;
mod list;
mod person;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// The people that a programme talks with.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling contact list --data ./seedling-data --query 'age > 18 AND group = Mothers'")]
pub struct Contact {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List or count those whom a query fits
    List(list::List),
    /// Bring in contacts from a spreadsheet
    Import(import::Import),
    /// Write contacts as a spreadsheet
    Export(export::Export),
    /// Write everything that is held about one person
    Data(person::Data),
    /// Merge a contact into another one
    Merge(person::Merge),
    /// Erase everything that is known of one person
    Forget(person::Forget),
    /// What one person agreed to and took back
    Consent(person::Consent),
}

impl Contact {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::List(list) => list.run().await,
            Action::Import(import) => import.run().await,
            Action::Export(export) => export.run().await,
            Action::Data(data) => data.run().await,
            Action::Merge(merge) => merge.run().await,
            Action::Forget(forget) => forget.run().await,
            Action::Consent(consent) => consent.run().await,
        }
    }
}
