//! `seedling contact import FILE`: contacts from a spreadsheet.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use operations::{MAX_CONTACT_FILE_BYTES, import_contacts};
use store::JobStatus;

use crate::commands::job;
use crate::options::{StoreOptions, WorkspaceOption};
use crate::progress::follow;

/// Brings in contacts from comma-separated values. Whoever has an address of a line is changed, others are made; a
/// line that cannot be done is left out and named. It is a job: cut off, it goes on by itself where a node serves.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling contact import people.csv --group Mothers
  seedling contact import people.csv --later

The first line names the columns: Contact UUID, Name, Language, Status, URNs (tel:+254… | whatsapp:254…), URN:tel,
Field:Age, Group:Mothers, Groups. Empty cells leave what is there, -- clears it. docs/jobs.md says more.")]
pub struct Import {
    /// The file, in UTF-8; - reads standard input
    file: PathBuf,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// A group that everybody of the file joins; may be given several times
    #[arg(long, value_name = "NAME")]
    group: Vec<String>,
    /// Only hand the file in: a node that serves does the rest
    #[arg(long)]
    later: bool,
}

impl Import {
    /// Imports it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let bytes = read(&self.file)?;
        let context = self.store.open().await?;
        let row = self.workspace.choose(&context).await?;
        let workspace =
            context.registry.workspace(&context, row.id).await?.context("the workspace is gone")?;
        let mut groups = Vec::new();
        for name in &self.group {
            let wanted = name.trim().to_lowercase();
            let found = workspace.assets.groups().find(|group| group.name.to_lowercase() == wanted);
            let found = found.with_context(|| format!("there is no group {name:?}"))?;
            if found.query.is_some() {
                bail!("the group {name:?} is defined by a query; nobody can be put into it");
            }
            groups.push(found.uuid);
        }
        let name = self.file.display();
        let job = import_contacts(&context, row.id, &name.to_string(), &bytes, groups)
            .await
            .with_context(|| format!("cannot import {name}; nothing was changed"))?;
        if self.later {
            println!("{}", job.uuid);
            return Ok(ExitCode::SUCCESS);
        }
        let job = follow(&context, row.id, &job).await?;
        println!("{}", job::line(&job));
        if job.left_out > 0 {
            eprintln!("`seedling job show {} --left-out` says which lines were left out, and why", job.uuid);
        }
        Ok(if job.status == JobStatus::Done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// The bytes of the file, no more than one may have.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let limit = MAX_CONTACT_FILE_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(bytes)
}
