//! `seedling job file UUID`: the file that a job made.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use store::JobStatus;

use super::Which;
use crate::made_file::write_made_file;

/// Writes the file that an export made, or the report of an import of definitions. It is kept for a week.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling job file 0198d6a0-4a7b-7c3e-9f2a-6d1f00c0ffee --output contacts.csv")]
pub struct File {
    #[command(flatten)]
    which: Which,
    /// Where to write; - is standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
}

impl File {
    /// Writes it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (context, _, job) = self.which.find().await?;
        if job.status != JobStatus::Done {
            bail!("the job is {}; its file is whole when it is done", job.status.as_str());
        }
        if !write_made_file(&context, &job, &self.output).await? {
            bail!("the job has no file, or it is older than a week and was removed");
        }
        Ok(ExitCode::SUCCESS)
    }
}
