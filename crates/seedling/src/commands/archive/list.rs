//! `seedling archive list`: which files there are.

use std::process::ExitCode;

use clap::Args;
use operations::archive_date;

use crate::options::{StoreOptions, WorkspaceOption};

/// Shows the files of old messages and runs, the latest span first: what, from when, how many lines, bytes, MD5, name.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling archive list --data ./seedling-data")]
pub struct List {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Print one JSON object for each
    #[arg(long)]
    json: bool,
}

impl List {
    /// Shows them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let all = context.store.archives(workspace.id).await?;
        for row in all.iter().filter(|row| row.rollup.is_none()) {
            let (kind, period, start) = (row.kind.as_str(), row.period.as_str(), archive_date(row.start_day));
            if self.json {
                let shown = serde_json::json!({"uuid": row.uuid, "type": kind, "period": period,
                    "start_date": start.to_string(), "record_count": row.records, "size": row.bytes,
                    "hash": row.md5, "file": row.file});
                println!("{shown}");
            } else {
                println!(
                    "{start}  {period}  {kind}  {} lines  {} bytes  {}  {}",
                    row.records, row.bytes, row.md5, row.file
                );
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
