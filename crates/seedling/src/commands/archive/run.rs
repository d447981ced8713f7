//! `seedling archive run`: puts what is too old into files now.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use node::{Config, Layer, Surroundings, archive_place};
use operations::{JobError, begin_archiving};
use store::{JobStatus, StoreError};

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;
use crate::progress::follow;

/// Puts messages and runs that are older than they are kept into files, and empties files of people who were erased.
/// A node does so by itself every night. May run beside it: no row is done twice.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling archive run --data ./seedling-data
  seedling archive run --config /etc/seedling.toml --archives s3")]
pub struct Run {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Folder of archives, or s3 [default: archives in the data folder]
    #[arg(long, value_name = "DIR")]
    archives: Option<PathBuf>,
    /// Settings in TOML, as the node has them
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Run {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let flags =
            Layer { data: Some(self.store.data.clone()), archives: self.archives, ..Layer::default() };
        let config = Config::load(flags, self.config.as_deref())?;
        let place = archive_place(&config, &Surroundings::system(false)?)?;
        let place = place.context("there is no place for archives; name one with --archives")?;
        let context = self.store.open().await?.with_archives(Some(place));
        let workspace = self.workspace.choose(&context).await?;
        let beginning = while_busy(
            |error| matches!(error, JobError::Store(StoreError::Busy)),
            || begin_archiving(&context, workspace.id),
        );
        let job = follow(&context, workspace.id, &beginning.await?).await?;
        match job.status {
            JobStatus::Done => println!("{} rows of {:?} are done with", job.done, workspace.name),
            JobStatus::Queued | JobStatus::Running | JobStatus::Paused | JobStatus::Cancelled => {
                println!("the job is {}: {} rows so far", job.status.as_str(), job.done);
            }
            JobStatus::Failed => bail!("{}", job.error.unwrap_or_default()),
        }
        Ok(ExitCode::SUCCESS)
    }
}
