//! `seedling archive keep`: for how many days rows are kept.

use std::process::ExitCode;

use clap::Args;
use operations::{RetentionError, retention, set_retention};
use store::{RetentionRow, StoreError};

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Says for how many days messages, runs and histories are kept as rows, or shows it if nothing is said. Messages and
/// runs go into files then, entries of histories go for good. What is not named stays as it is.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling archive keep --messages 90 --runs 90 --events 365 --data ./seedling-data
  seedling archive keep --messages forever --data ./seedling-data")]
pub struct Keep {
    /// Days for which messages are kept, or forever
    #[arg(long, value_name = "DAYS", value_parser = days)]
    messages: Option<Days>,
    /// Days for which runs that ended are kept, or forever
    #[arg(long, value_name = "DAYS", value_parser = days)]
    runs: Option<Days>,
    /// Days for which entries of contacts' histories are kept, or forever
    #[arg(long, value_name = "DAYS", value_parser = days)]
    events: Option<Days>,
    /// Days for which the log of who changed what is kept, or forever
    #[arg(long, value_name = "DAYS", value_parser = days)]
    audit: Option<Days>,
    /// Days for which calls, opened conversations and the like on lines are kept, or forever
    #[arg(long, value_name = "DAYS", value_parser = days)]
    channel_events: Option<Days>,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Print what applies as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug)]
struct Days(Option<u32>);

fn days(text: &str) -> Result<Days, String> {
    match text {
        "forever" => Ok(Days(None)),
        _ => text.parse().map(|days| Days(Some(days))).map_err(|_| "a number of days, or forever".to_owned()),
    }
}

impl Keep {
    /// Sets and shows.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let before = retention(&context, workspace.id).await?;
        let or = |given: Option<Days>, known| given.map_or(known, |days| days.0);
        let row = RetentionRow {
            messages: or(self.messages, before.messages),
            runs: or(self.runs, before.runs),
            events: or(self.events, before.events),
            audit: or(self.audit, before.audit),
            channel_events: or(self.channel_events, before.channel_events),
            ..before.clone()
        };
        if row != before {
            let setting = while_busy(
                |error| matches!(error, RetentionError::Store(StoreError::Busy)),
                || set_retention(&context, row.clone()),
            );
            setting.await?;
        }
        if self.json {
            let shown = serde_json::json!({"messages": row.messages, "runs": row.runs, "events": row.events,
                "audit": row.audit, "channel_events": row.channel_events});
            println!("{shown}");
        } else {
            let words = |days: Option<u32>| days.map_or("for good".to_owned(), |days| format!("{days} days"));
            println!(
                "{:?} keeps messages {}, runs {}, histories {}, the log of changes {}, events of lines {}",
                workspace.name,
                words(row.messages),
                words(row.runs),
                words(row.events),
                words(row.audit),
                words(row.channel_events)
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}
