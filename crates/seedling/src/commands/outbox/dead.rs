//! `seedling outbox dead list|retry|discard`: the dead set, for people.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use domain::{ChannelUuid, OutboxId, WorkspaceId};
use operations::{Cleared, Context, discard_dead, list_dead, retry_dead};
use serde_json::{Value, json};
use store::{DeadFilter, DeadRow, StoreError};
use uuid::Uuid;

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Rows that are read at a time.
const PAGE: usize = 500;
/// Characters of a message that a line shows.
const SHOWN_CHARS: usize = 40;

/// The dead set: messages that failed for good, each with the reason.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling outbox dead list --data ./seedling-data
  seedling outbox dead retry --reason 'no connection'")]
pub struct Dead {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List them, the oldest first
    List(List),
    /// Queue them again, behind what their contacts have on the same lines; who opted out gets nothing
    Retry(Clear),
    /// Throw them away; the messages stay failed
    Discard(Clear),
}

/// Lists the dead set.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling outbox dead list --data ./seedling-data --channel 0a4dd1a7-ee2c-4d1c-9dd4-fb2b3c8ba2a1
  seedling outbox dead list --all --json | jq -r .reason | sort | uniq -c")]
struct List {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    #[command(flatten)]
    which: Which,
    /// At most this many
    #[arg(long, default_value_t = 50, conflicts_with = "all")]
    limit: usize,
    /// All of them
    #[arg(long)]
    all: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// Takes rows out of the dead set.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling outbox dead retry --data ./seedling-data --id 14374912345678901
  seedling outbox dead retry --channel 0a4dd1a7-ee2c-4d1c-9dd4-fb2b3c8ba2a1 --reason 'no connection'
  seedling outbox dead discard --all --json")]
struct Clear {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    #[command(flatten)]
    which: Which,
    /// All of them
    #[arg(long, conflicts_with_all = ["id", "channel", "reason"])]
    all: bool,
    /// A JSON object with the numbers
    #[arg(long)]
    json: bool,
}

/// Which rows; those that fit all that is given.
#[derive(Args, Clone)]
struct Which {
    /// This row, as `list` shows it; may be given several times
    #[arg(long, value_name = "NUMBER")]
    id: Vec<i64>,
    /// Those of this channel
    #[arg(long, value_name = "UUID")]
    channel: Option<Uuid>,
    /// Those whose reason holds these words
    #[arg(long, value_name = "WORDS")]
    reason: Option<String>,
}

impl Which {
    fn is_everything(&self) -> bool {
        self.id.is_empty() && self.channel.is_none() && self.reason.is_none()
    }

    async fn filter(&self, context: &Context, workspace: WorkspaceId) -> anyhow::Result<DeadFilter> {
        let mut channel = None;
        if let Some(uuid) = self.channel {
            let found = context.store.channel(ChannelUuid(uuid)).await?;
            let Some(row) = found.filter(|row| row.workspace == workspace) else {
                bail!("there is no channel {uuid} in this workspace");
            };
            channel = Some(row.id);
        }
        let ids = (!self.id.is_empty()).then(|| self.id.iter().copied().map(OutboxId).collect());
        Ok(DeadFilter { ids, channel, reason: self.reason.clone() })
    }
}

impl Dead {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::List(list) => list.run().await,
            Action::Retry(clear) => clear.run(true).await,
            Action::Discard(clear) => clear.run(false).await,
        }
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?.id;
        let filter = self.which.filter(&context, workspace).await?;
        let mut left = if self.all { usize::MAX } else { self.limit };
        let mut after = OutboxId(0);
        while left > 0 {
            let wanted = left.min(PAGE);
            let page = list_dead(&context, workspace, filter.clone(), after, wanted).await?;
            for row in &page {
                println!("{}", if self.json { object(row).to_string() } else { line(row) });
            }
            let Some(last) = page.last() else { return Ok(ExitCode::SUCCESS) };
            after = last.item.id;
            left -= page.len();
        }
        if !self.json && !list_dead(&context, workspace, filter, after, 1).await?.is_empty() {
            eprintln!("there are more: --limit N or --all lists them");
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Clear {
    async fn run(self, again: bool) -> anyhow::Result<ExitCode> {
        if self.which.is_everything() && !self.all {
            bail!("say which: --id, --channel, --reason, or --all");
        }
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?.id;
        let filter = self.which.filter(&context, workspace).await?;
        let clearing = while_busy(
            |error| matches!(error, StoreError::Busy),
            async || {
                if again {
                    retry_dead(&context, workspace, filter.clone()).await
                } else {
                    discard_dead(&context, workspace, filter.clone()).await
                }
            },
        );
        let Cleared { done, not_wanted } = clearing.await?;
        if self.json {
            let name = if again { "queued" } else { "discarded" };
            println!("{}", json!({name: done, "not_wanted": not_wanted}));
        } else if again {
            println!("{done} queued again, {not_wanted} not wanted any more");
        } else {
            println!("{done} thrown away");
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn address(row: &DeadRow) -> String {
    row.item.urn.as_ref().map_or_else(String::new, |(scheme, path)| format!("{scheme}:{path}"))
}

fn object(row: &DeadRow) -> Value {
    let item = &row.item;
    json!({
        "id": item.id.0,
        "kind": item.kind.as_str(),
        "message": item.message_uuid.map(|uuid| uuid.to_string()),
        "urn": address(row),
        "text": item.text,
        "reason": row.reason,
        "attempts": item.attempts,
        "possibly_repeated": item.possibly_repeated,
        "created_on": item.created_on.to_string(),
    })
}

fn line(row: &DeadRow) -> String {
    let mut text: String = row.item.text.chars().take(SHOWN_CHARS).collect();
    if row.item.text.chars().nth(SHOWN_CHARS).is_some() {
        text.push('…');
    }
    format!("{}  {}  {}  {text:?}  {}", row.item.id.0, row.item.created_on, address(row), row.reason)
}
