//! `seedling import FILE`: a workspace export becomes flows that answer.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use domain::WorkspaceId;
use flows::export::MAX_EXPORT_BYTES;
use operations::{ImportError, import_export, work_off};
use store::{JobKind, JobStatus, StoreError};

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Jobs among which those are looked for that fill groups.
const JOBS_LOOKED_AT: usize = 1_000;

/// Imports a workspace export: flows, fields, groups, triggers and campaigns, all of them or nothing.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling import export.json --data ./seedling-data
  curl -s https://example.org/export.json | seedling import - --json | jq .unresolved

Importing the same file again changes nothing; a changed flow gets a new revision.")]
pub struct Import {
    /// Export of RapidPro; - reads standard input
    file: PathBuf,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Print what was done as one JSON object
    #[arg(long)]
    json: bool,
}

impl Import {
    /// Imports it and prints the report.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let bytes = read(&self.file)?;
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let name = self.file.display();
        let importing = while_busy(
            |error| matches!(error, ImportError::Busy | ImportError::Store(StoreError::Busy)),
            || import_export(&context, workspace.id, bytes.clone()),
        );
        let report = importing.await.with_context(|| format!("cannot import {name}; nothing was changed"))?;
        fill_groups(&context, workspace.id).await?;
        if self.json {
            println!("{}", serde_json::to_string(&report)?);
        } else {
            println!("imported {name} into {:?}", workspace.name);
            print!("{report}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Fills the groups that are defined by queries, by the jobs that the import wrote. Cut off, a node goes on with them.
async fn fill_groups(context: &operations::Context, workspace: WorkspaceId) -> anyhow::Result<()> {
    for job in context.store.jobs(workspace, JOBS_LOOKED_AT).await? {
        if job.kind != JobKind::FillGroup || job.ended_on.is_some() {
            continue;
        }
        let job = work_off(context, workspace, job.id, |_| {}).await?;
        if let Some(error) = job.error.filter(|_| job.status == JobStatus::Failed) {
            eprintln!("a group stays as it is: {error}");
        }
    }
    Ok(())
}

/// The bytes of the file, or of standard input if it is `-`; no more than an export may have.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let limit = MAX_EXPORT_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("cannot read {}", path.display()))?;
    if bytes.len() > MAX_EXPORT_BYTES {
        bail!("{} has more than {MAX_EXPORT_BYTES} bytes; export fewer flows at a time", path.display());
    }
    Ok(bytes)
}
