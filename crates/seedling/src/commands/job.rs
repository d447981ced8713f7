//! `seedling job …`: long work, how far it is, and whether it goes on.

mod file;
mod list;
mod show;
mod steer;
mod weight;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use domain::JobUuid;
use operations::Context;
use serde_json::{Value, json};
use store::{JobRow, JobStatus, WorkspaceRow};

use crate::options::{StoreOptions, WorkspaceOption};

/// Long work: broadcasts, imports, exports, groups that are filled.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling job list --data ./seedling-data
  seedling job show 0198d6a0-4a7b-7c3e-9f2a-6d1f00c0ffee --left-out
  seedling job pause 0198d6a0-4a7b-7c3e-9f2a-6d1f00c0ffee")]
pub struct Job {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// The latest jobs and how far they are
    List(list::List),
    /// One job: how far it is, who was left out and why
    Show(show::Show),
    /// Let a job rest
    Pause(steer::Steer),
    /// Let a job go on that rests
    Resume(steer::Steer),
    /// End a job for good
    Cancel(steer::Steer),
    /// Write the file that a job made
    File(file::File),
    /// Give a workspace a larger or smaller share of the time for jobs
    Weight(weight::Weight),
}

impl Job {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::List(list) => list.run().await,
            Action::Show(show) => show.run().await,
            Action::Pause(steer) => steer.run(JobStatus::Paused).await,
            Action::Resume(steer) => steer.run(JobStatus::Running).await,
            Action::Cancel(steer) => steer.run(JobStatus::Cancelled).await,
            Action::File(file) => file.run().await,
            Action::Weight(weight) => weight.run().await,
        }
    }
}

/// Which job is meant.
#[derive(Args, Clone, Debug)]
struct Which {
    /// The job's uuid, as `seedling job list` shows it
    uuid: JobUuid,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl Which {
    async fn find(&self) -> anyhow::Result<(Context, WorkspaceRow, JobRow)> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let job = context.store.job_by_uuid(workspace.id, self.uuid).await?;
        let job = job.with_context(|| {
            format!("{:?} has no job {}; `seedling job list` shows its jobs", workspace.name, self.uuid)
        })?;
        Ok((context, workspace, job))
    }
}

/// One line about a job.
pub fn line(job: &JobRow) -> String {
    let total = job.total.map_or_else(String::new, |total| format!(" of {total}"));
    let left_out = if job.left_out > 0 { format!(", {} left out", job.left_out) } else { String::new() };
    let error = match &job.error {
        Some(error) if job.status != JobStatus::Done => format!(": {error}"),
        Some(_) | None => String::new(),
    };
    let (kind, status) = (job.kind.as_str(), job.status.as_str());
    format!("{}  {kind}  {status}  {}{total} done{left_out}{error}", job.uuid, job.done)
}

/// A job for scripts.
fn object(job: &JobRow) -> Value {
    json!({
        "uuid": job.uuid,
        "kind": job.kind.as_str(),
        "status": job.status.as_str(),
        "key": job.unique_key,
        "total": job.total,
        "done": job.done,
        "left_out": job.left_out,
        "slices": job.steps,
        "failures_in_a_row": job.failures,
        "next_slice": job.next_step,
        "error": job.error,
        "created_on": job.created_on,
        "modified_on": job.modified_on,
        "ended_on": job.ended_on,
    })
}
