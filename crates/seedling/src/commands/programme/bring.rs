//! `seedling programme import FILE`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use operations::{ImportProgrammeError, SaveError, import_programme, import_programme_messages};
use store::StoreError;

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Brings in a programme from JSON, or messages of sets that are there from comma-separated values. What is there of the
/// same name gets the rules and texts of the file; who is subscribed goes on.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling programme import mothers.json --data ./seedling-data
  seedling programme import swahili.csv

Columns of comma-separated values: set, seq, language, text, and if there are any week and media.
docs/programmes.md describes the JSON.")]
pub struct Import {
    /// A file that ends in .json or .csv
    file: PathBuf,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl Import {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let shown = self.file.display();
        let text = std::fs::read_to_string(&self.file)
            .with_context(|| format!("cannot read {shown}; give a text file in UTF-8"))?;
        let is_table = self.file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let is_busy = |error: &ImportProgrammeError| {
            matches!(error, ImportProgrammeError::Save(SaveError::Busy | SaveError::Store(StoreError::Busy)))
        };
        let importing = while_busy(is_busy, async || {
            if is_table {
                import_programme_messages(&context, workspace.id, &text).await
            } else {
                import_programme(&context, workspace.id, &text).await
            }
        });
        let done = importing.await.with_context(|| format!("cannot import {shown}; nothing was changed"))?;
        for (set, messages) in done.sets {
            println!("{set}\t{messages} messages");
        }
        Ok(ExitCode::SUCCESS)
    }
}
