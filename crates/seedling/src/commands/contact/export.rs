//! `seedling contact export`: contacts as a spreadsheet.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use operations::{SheetFormat, export_contacts};
use store::JobStatus;

use crate::commands::job;
use crate::made_file::write_made_file;
use crate::options::{StoreOptions, WorkspaceOption};
use crate::progress::follow;

/// Writes contacts as comma-separated values or an Excel workbook: name, language, status, addresses, groups and all fields. What a
/// spreadsheet would take for a formula gets a ' before it. `seedling contact import` reads the file again.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling contact export --output contacts.csv
  seedling contact export --query 'group = Mothers' --output mothers.csv
  seedling contact export --format xlsx --output everybody.xlsx
  seedling contact export --later")]
pub struct Export {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Whom to write, as in 'age > 18'; everybody without it
    #[arg(long, default_value = "")]
    query: String,
    /// As what: csv or xlsx
    #[arg(long, default_value = "csv", value_parser = ["csv", "xlsx"])]
    format: String,
    /// Where to write; - is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Only ask for it: a node that serves makes the file, `seedling job file` fetches it
    #[arg(long)]
    later: bool,
}

impl Export {
    /// Exports them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let row = self.workspace.choose(&context).await?;
        let format = if self.format == "xlsx" { SheetFormat::Xlsx } else { SheetFormat::Csv };
        let job = export_contacts(&context, row.id, &self.query, format, None).await?;
        if self.later {
            println!("{}", job.uuid);
            return Ok(ExitCode::SUCCESS);
        }
        let job = follow(&context, row.id, &job).await?;
        eprintln!("{}", job::line(&job));
        if job.status != JobStatus::Done {
            return Ok(ExitCode::FAILURE);
        }
        if !write_made_file(&context, &job, &self.output).await? {
            bail!("the job made no file");
        }
        Ok(ExitCode::SUCCESS)
    }
}
