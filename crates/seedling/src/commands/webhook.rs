//! `seedling webhook …`: programs that are told what happens.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use domain::WebhookUuid;
use jiff::Timestamp;
use operations::{
    Context, ReplayFrom, WebhookEdit, WebhookError, add_webhook, change_webhook, find_webhook, id_of_event,
    remove_webhook, renew_webhook_secret, replay_webhook, retry_webhook,
};
use serde_json::{Value, json};
use smol_str::SmolStr;
use store::{DeliveryStatus, FeedCursor, StoreError, Walk, WebhookRow, WorkspaceRow};

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Programs that are told what happens, signed, in order for each person.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling webhook add https://clinic.example.org/hook --event message_in --data ./seedling-data
  seedling webhook list --data ./seedling-data
  seedling webhook deliveries UUID --status dead --data ./seedling-data
  seedling webhook replay UUID --since 2027-03-01T06:00:00Z --data ./seedling-data")]
pub struct Webhook {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Those there are: identifier, state, address, what waits and what was refused
    List(List),
    /// Make one; its secret is shown this once
    Add(Add),
    /// Let one rest
    Pause(Which),
    /// Let one go on that rests or was disabled
    Resume(Which),
    /// Give one another secret; it is shown this once
    RenewSecret(Which),
    /// Remove one with all that it was to be told
    Remove(Which),
    /// What one was told or is to be told, the latest first, with the last answers
    Deliveries(Deliveries),
    /// Tell one again what happened
    Replay(Replay),
    /// Try again what one refused too often
    Retry(Which),
}

/// Lists the webhooks of a workspace.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling webhook list --data ./seedling-data --json | jq .error")]
struct List {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// One JSON object for each
    #[arg(long)]
    json: bool,
}

/// Makes a webhook. It is told what happens from now on.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling webhook add https://clinic.example.org/hook --event message_in --event contact --data ./seedling-data

Nodes refuse addresses in their own networks unless they may call these.")]
struct Add {
    /// The address that is called
    url: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// A name for people
    #[arg(long, default_value = "")]
    name: String,
    /// A kind of event that it is told, given again for each; without it all
    #[arg(long = "event", value_name = "KIND")]
    events: Vec<String>,
}

/// One webhook.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling webhook pause 019c2b1e-7d1f-7c0e-8a8e-0d6a1c3f2b11 --data ./seedling-data")]
struct Which {
    /// Its identifier
    uuid: WebhookUuid,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

/// Lists what a webhook was told or is to be told.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling webhook deliveries 019c2b1e-7d1f-7c0e-8a8e-0d6a1c3f2b11 --status dead --data ./seedling-data")]
struct Deliveries {
    #[command(flatten)]
    which: Which,
    /// Only those that stand so: waiting, delivered or dead
    #[arg(long)]
    status: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// One JSON object for each, with what is sent
    #[arg(long)]
    json: bool,
}

/// Tells a webhook again what happened, as far as the feed keeps it, with the same identifiers.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling webhook replay 019c2b1e-7d1f-7c0e-8a8e-0d6a1c3f2b11 --event evt_815-3 --data ./seedling-data")]
struct Replay {
    #[command(flatten)]
    which: Which,
    /// All that happened since this moment
    #[arg(long, required_unless_present = "event", conflicts_with = "event")]
    since: Option<Timestamp>,
    /// This event, as in `webhook-id`, and what came after it
    #[arg(long)]
    event: Option<String>,
}

impl Webhook {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::List(list) => list.run().await?,
            Action::Add(add) => add.run().await?,
            Action::Pause(which) => which.set_paused(true).await?,
            Action::Resume(which) => which.set_paused(false).await?,
            Action::RenewSecret(which) => which.renew_secret().await?,
            Action::Remove(which) => {
                let (context, workspace) = which.opened().await?;
                patiently(async || remove_webhook(&context, workspace.id, which.uuid).await).await?;
                println!("removed: {}", which.uuid);
            }
            Action::Deliveries(deliveries) => deliveries.run().await?,
            Action::Replay(replay) => replay.run().await?,
            Action::Retry(which) => {
                let (context, workspace) = which.opened().await?;
                patiently(async || retry_webhook(&context, workspace.id, which.uuid).await).await?;
                println!("{}: what it refused too often is tried again", which.uuid);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Does it again while somebody else writes.
async fn patiently<T>(work: impl AsyncFnMut() -> Result<T, WebhookError>) -> Result<T, WebhookError> {
    let is_busy =
        |error: &WebhookError| matches!(error, WebhookError::Busy | WebhookError::Store(StoreError::Busy));
    while_busy(is_busy, work).await
}

impl List {
    async fn run(self) -> anyhow::Result<()> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        for row in context.store.webhooks(Some(workspace.id)).await? {
            let (waiting, dead) = context.store.delivery_counts(row.id).await?;
            if self.json {
                println!("{}", json_of(&row, waiting, dead));
                continue;
            }
            let events = if row.events.is_empty() { "all events".to_owned() } else { row.events.join(", ") };
            let (uuid, status, url) = (row.uuid, row.status.as_str(), &row.target_url);
            let error = row.error.as_ref().map(|said| format!("\t{said}")).unwrap_or_default();
            println!("{uuid}\t{status}\t{url}\t{events}\t{waiting} waiting\t{dead} dead{error}");
        }
        Ok(())
    }
}

fn json_of(row: &WebhookRow, waiting: u64, dead: u64) -> Value {
    json!({
        "uuid": row.uuid,
        "name": row.name,
        "target_url": row.target_url,
        "events": row.events,
        "status": row.status.as_str(),
        "error": row.error,
        "waiting": waiting,
        "dead": dead,
    })
}

impl Add {
    async fn run(self) -> anyhow::Result<()> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let edit = WebhookEdit {
            name: Some(self.name.into()),
            target_url: Some(self.url.into()),
            events: Some(self.events.into_iter().map(SmolStr::from).collect()),
            paused: None,
        };
        let row = patiently(async || add_webhook(&context, workspace.id, edit.clone()).await).await?;
        println!("made: {}\n{}", row.uuid, row.secret.reveal());
        Ok(())
    }
}

impl Which {
    async fn opened(&self) -> anyhow::Result<(Context, WorkspaceRow)> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        Ok((context, workspace))
    }

    async fn set_paused(self, paused: bool) -> anyhow::Result<()> {
        let (context, workspace) = self.opened().await?;
        let edit = WebhookEdit { paused: Some(paused), ..WebhookEdit::default() };
        let row = patiently(async || change_webhook(&context, workspace.id, self.uuid, edit.clone()).await);
        println!("{}: {}", self.uuid, row.await?.status.as_str());
        Ok(())
    }

    async fn renew_secret(self) -> anyhow::Result<()> {
        let (context, workspace) = self.opened().await?;
        let row = patiently(async || renew_webhook_secret(&context, workspace.id, self.uuid).await).await?;
        println!("{}", row.secret.reveal());
        Ok(())
    }
}

impl Deliveries {
    async fn run(self) -> anyhow::Result<()> {
        let (context, workspace) = self.which.opened().await?;
        let row = find_webhook(&context, workspace.id, self.which.uuid).await?;
        let status = match &self.status {
            None => None,
            Some(word) => match DeliveryStatus::parse(word) {
                Some(status) => Some(status),
                None => bail!("there is no state {word}; there are waiting, delivered and dead"),
            },
        };
        let walk = Walk { from: None, up: false, limit: usize::from(self.limit) };
        for one in context.store.list_deliveries(workspace.id, row.id, status, walk).await? {
            let (event, status, at) = (id_of_event(one.cursor), one.status.as_str(), one.modified_on);
            if self.json {
                let payload: Value = serde_json::from_str(&one.body).unwrap_or_default();
                let shown = json!({"event": event, "status": status, "attempts": one.attempts,
                    "answer_status": one.answer_status, "answer": one.answer, "took_ms": one.took_ms,
                    "modified_on": at.to_string(), "payload": payload});
                println!("{shown}");
                continue;
            }
            let answered = one.answer_status.map_or_else(|| "-".to_owned(), |status| status.to_string());
            let said = one.answer.unwrap_or_default().replace(['\n', '\r', '\t'], " ");
            println!("{event}\t{status}\t{at}\t{} refusals\t{answered}\t{said}", one.attempts);
        }
        Ok(())
    }
}

impl Replay {
    async fn run(self) -> anyhow::Result<()> {
        let (context, workspace) = self.which.opened().await?;
        let from = match (self.since, self.event) {
            (Some(at), _) => ReplayFrom::Moment(at),
            (None, Some(event)) => {
                let cursor = event.strip_prefix("evt_").unwrap_or(&event).parse::<FeedCursor>();
                let cursor = cursor.ok().context("an event is written as it was told, such as evt_815-3")?;
                ReplayFrom::Event(cursor)
            }
            (None, None) => bail!("give --since or --event"),
        };
        let uuid = self.which.uuid;
        patiently(async || replay_webhook(&context, workspace.id, uuid, from).await).await?;
        println!("{uuid}: it is told again");
        Ok(())
    }
}
