//! `seedling job show UUID`: how far a job is, who was left out and why.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use store::{LeftOut, MAX_LEFT_OUT};

use super::{Which, line, object};

/// People who are read together.
const PAGE: usize = 1_000;

/// Shows one job.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling job show 0198d6a0-4a7b-7c3e-9f2a-6d1f00c0ffee
  seedling job show 0198d6a0-4a7b-7c3e-9f2a-6d1f00c0ffee --left-out --json")]
pub struct Show {
    #[command(flatten)]
    which: Which,
    /// List those who were left out, each with the reason
    #[arg(long)]
    left_out: bool,
    /// One JSON object; with --left-out one more a line for each of them
    #[arg(long)]
    json: bool,
}

impl Show {
    /// Shows it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (context, workspace, job) = self.which.find().await?;
        let reasons = context.store.job_left_out_reasons(workspace.id, job.id).await?;
        if self.json {
            let mut object = object(&job);
            object["left_out_reasons"] =
                reasons.iter().map(|(why, n)| json!({"reason": why, "count": n})).collect();
            println!("{object}");
        } else {
            println!("{}", line(&job));
            for (reason, count) in &reasons {
                println!("  left out {count}: {reason}");
            }
            if job.left_out > MAX_LEFT_OUT {
                println!("  (the first {MAX_LEFT_OUT} are kept with their reasons)");
            }
        }
        let mut next = self.left_out.then_some(0);
        while let Some(from) = next {
            let page = context.store.job_left_out(workspace.id, job.id, from, PAGE).await?;
            page.iter().for_each(|one| self.print(one));
            next = page.last().filter(|_| page.len() == PAGE).map(|last| last.place + 1);
        }
        Ok(ExitCode::SUCCESS)
    }

    fn print(&self, one: &LeftOut) {
        let contact = one.contact_uuid.map(|uuid| uuid.to_string());
        if self.json {
            println!("{}", json!({"contact": contact, "what": one.what, "reason": one.reason}));
        } else {
            let who = contact.unwrap_or_else(|| one.what.to_string());
            println!("{who}  {}", one.reason);
        }
    }
}
