//! `seedling rows export`: messages, and what flows kept, as files.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use operations::{ExportRowsJob, RowsFormat, RowsKind, export_rows};
use store::JobStatus;

use crate::commands::job;
use crate::made_file::write_made_file;
use crate::options::{StoreOptions, WorkspaceOption};
use crate::progress::follow;

/// Messages, and what flows kept.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling rows export messages --output messages.csv
  seedling rows export results --flow Registration --format flow-results --output registration.zip

docs/going-out.md says more.")]
pub struct Rows {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Write messages or results into a file
    Export(Export),
}

#[derive(Clone, Copy, ValueEnum)]
enum What {
    /// Messages in and out
    Messages,
    /// Runs of flows with what they kept
    Results,
}

#[derive(Clone, Copy, ValueEnum)]
enum As {
    /// Comma-separated values
    Csv,
    /// An Excel workbook
    Xlsx,
    /// A JSON object on each line, as in archives
    Jsonl,
    /// A package of Flow Results, of one flow
    FlowResults,
}

/// Writes messages or results into a file, as they stand when it begins. What a spreadsheet would take for a formula gets a '
/// before it.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling rows export messages --after 2026-05-01T00:00Z --before 2026-06-01T00:00Z --output may.csv
  seedling rows export results --flow Registration --format flow-results --output registration.zip
  seedling rows export results --format jsonl | jq .values")]
struct Export {
    /// What is written
    what: What,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// As what
    #[arg(long, default_value = "csv")]
    format: As,
    /// Only of this flow, by name or uuid; may be given several times
    #[arg(long, value_name = "NAME")]
    flow: Vec<String>,
    /// Messages written, and runs changed, not before this
    #[arg(long, value_name = "MOMENT")]
    after: Option<Timestamp>,
    /// And not after this
    #[arg(long, value_name = "MOMENT")]
    before: Option<Timestamp>,
    /// Where to write; - is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// Only ask for it: a node that serves makes the file, `seedling job file` fetches it
    #[arg(long)]
    later: bool,
}

impl Rows {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Export(export) => export.run().await,
        }
    }
}

impl Export {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let row = self.workspace.choose(&context).await?;
        let ws = context.registry.workspace(&context, row.id).await?.context("the workspace is gone")?;
        let mut flows = Vec::new();
        for name in &self.flow {
            let same = |flow: &&store::FlowRow| {
                flow.uuid.to_string() == *name || flow.name.to_lowercase() == name.trim().to_lowercase()
            };
            let found = ws.flows().iter().find(same);
            flows.push(found.with_context(|| format!("there is no flow {name:?}"))?.uuid);
        }
        let export = ExportRowsJob {
            rows: match self.what {
                What::Messages => RowsKind::Messages,
                What::Results => RowsKind::Results,
            },
            format: match self.format {
                As::Csv => RowsFormat::Csv,
                As::Xlsx => RowsFormat::Xlsx,
                As::Jsonl => RowsFormat::Jsonl,
                As::FlowResults => RowsFormat::FlowResults,
            },
            flows,
            after: self.after,
            before: self.before,
            user: None,
        };
        let job = export_rows(&context, row.id, export).await?;
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
