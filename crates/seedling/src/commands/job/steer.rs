//! `seedling job pause|resume|cancel UUID`.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use operations::{JobError, set_job_status};
use store::{JobStatus, StoreError};

use super::{Which, line, object};
use crate::patience::while_busy;

/// Pauses a job, lets it go on, or ends it. What it did stays; of a broadcast, what has not left yet is taken back.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling job pause 0198d6a0-4a7b-7c3e-9f2a-6d1f00c0ffee
  seedling job resume 0198d6a0-4a7b-7c3e-9f2a-6d1f00c0ffee
  seedling job cancel 0198d6a0-4a7b-7c3e-9f2a-6d1f00c0ffee")]
pub struct Steer {
    #[command(flatten)]
    which: Which,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

impl Steer {
    /// Does it.
    pub async fn run(self, status: JobStatus) -> anyhow::Result<ExitCode> {
        let (context, workspace, job) = self.which.find().await?;
        if let Some(ended) = job.ended_on {
            bail!("the job ended on {ended}: it is {}", job.status.as_str());
        }
        let steering = while_busy(
            |error| matches!(error, JobError::Gone | JobError::Store(StoreError::Busy)),
            || set_job_status(&context, workspace.id, job.id, status),
        );
        steering.await.with_context(|| format!("the job cannot be set to {}", status.as_str()))?;
        let job = context.store.job(workspace.id, job.id).await?.context("the job is gone")?;
        println!("{}", if self.json { object(&job).to_string() } else { line(&job) });
        Ok(ExitCode::SUCCESS)
    }
}
