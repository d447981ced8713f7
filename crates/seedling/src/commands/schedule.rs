//! `seedling schedule …`: broadcasts and flows that begin at moments set beforehand.

mod add;
mod list;
mod steer;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use operations::{Context, find_schedule};
use serde_json::{Value, json};
use store::{ScheduleRow, WorkspaceRow};

use crate::options::{StoreOptions, WorkspaceOption};

/// Broadcasts and flows that begin at moments set beforehand.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling schedule add Reminder --cron '0 8 * * MON-FRI' --group Mothers --text \"Drink clean water.\"
  seedling schedule list
  seedling schedule next Reminder --count 5
  seedling schedule pause Reminder")]
pub struct Schedule {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a schedule
    Add(Box<add::Add>),
    /// All schedules and when each comes next
    List(list::List),
    /// The next moments of a schedule
    Next(list::Next),
    /// Let a schedule rest
    Pause(steer::Steer),
    /// Let a schedule go on that rests
    Resume(steer::Steer),
    /// Remove a schedule; jobs that it began go on
    Remove(steer::Steer),
}

impl Schedule {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Add(add) => add.run().await,
            Action::List(list) => list.run().await,
            Action::Next(next) => next.run().await,
            Action::Pause(steer) => steer.run(steer::What::Pause).await,
            Action::Resume(steer) => steer.run(steer::What::Resume).await,
            Action::Remove(steer) => steer.run(steer::What::Remove).await,
        }
    }
}

/// Which schedule is meant.
#[derive(Args, Clone, Debug)]
struct Which {
    /// The schedule, by name or uuid
    schedule: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl Which {
    async fn find(&self) -> anyhow::Result<(Context, WorkspaceRow, ScheduleRow)> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let found = find_schedule(&context, workspace.id, &self.schedule).await;
        let row = found.with_context(|| {
            format!("cannot find {:?}; `seedling schedule list` shows all", self.schedule)
        })?;
        Ok((context, workspace, row))
    }
}

/// One line about a schedule.
fn line(row: &ScheduleRow) -> String {
    let when = row.cron.as_deref().unwrap_or("once");
    let zone = row.zone.as_ref().map_or_else(String::new, |zone| format!(" {zone}"));
    let next = match (row.paused, row.next_due) {
        (true, _) => "rests".to_owned(),
        (false, Some(due)) => format!("next {due}"),
        (false, None) => "over".to_owned(),
    };
    let skipped = if row.skipped > 0 { format!(", {} left out", row.skipped) } else { String::new() };
    let error = row.error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
    let (name, catch_up) = (&row.name, row.catch_up.as_str());
    format!("{name}  {when}{zone}  missed: {catch_up}  {next}  {} begun{skipped}{error}", row.fired)
}

/// A schedule for scripts.
fn object(row: &ScheduleRow) -> Value {
    json!({
        "uuid": row.uuid,
        "name": row.name,
        "cron": row.cron,
        "zone": row.zone,
        "catch_up": row.catch_up.as_str(),
        "catch_up_limit": row.catch_up_limit,
        "paused": row.paused,
        "next_due": row.next_due,
        "last_due": row.last_due,
        "fired": row.fired,
        "skipped": row.skipped,
        "error": row.error,
        "created_on": row.created_on,
    })
}
