//! `seedling programme list`, `plan` and `show`.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use operations::planned;
use serde_json::{Value, json};
use store::MessageSetRow;

use super::Person;
use crate::options::{StoreOptions, WorkspaceOption};

/// Lists message sets by name.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling programme list
  seedling programme list --json | jq -r .set")]
pub struct List {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl List {
    /// Lists them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let definitions = context.store.definitions(workspace.id).await?.context("the workspace is gone")?;
        let sets = &definitions.message_sets;
        for set in sets {
            let next = sets.iter().find(|next| Some(next.id) == set.next_set);
            let next = next.map(|next| next.short_name.as_str());
            if self.json {
                println!("{}", object(set, next));
                continue;
            }
            let (name, schedule, count) = (&set.short_name, &set.schedule, set.weeks.len());
            let next = next.map_or_else(String::new, |next| format!("  then {next}"));
            let missed = set.catch_up.as_str();
            println!(
                "{name}  {}: {}  {schedule}  {count} messages  missed: {missed}{next}",
                set.programme, set.stage
            );
        }
        if sets.is_empty() && !self.json {
            eprintln!("{:?} has no programmes yet", workspace.name);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn object(set: &MessageSetRow, next: Option<&str>) -> Value {
    let rule = |text: &Option<String>| -> Value {
        text.as_ref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    };
    json!({
        "uuid": set.uuid,
        "set": set.short_name,
        "programme": set.programme,
        "stage": set.stage,
        "content_type": set.content_type.as_str(),
        "schedule": set.schedule,
        "placement": rule(&set.placement),
        "anchor": rule(&set.anchor),
        "switches": rule(&set.switches),
        "next_set": next,
        "messages": set.weeks.len(),
        "catch_up": set.catch_up.as_str(),
    })
}

/// Shows what would be sent to whom up to a moment, as things stand now.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling programme plan --to 2027-06-01T00:00Z
  seedling programme plan --to 2027-06-01T00:00Z --json | jq -r .at")]
pub struct Plan {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// From this moment on; without it from now
    #[arg(long, value_name = "MOMENT")]
    from: Option<Timestamp>,
    /// Up to this moment
    #[arg(long, value_name = "MOMENT")]
    to: Timestamp,
    /// At most this many
    #[arg(long, default_value_t = 1_000)]
    limit: usize,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

impl Plan {
    /// Shows it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let from = self.from.unwrap_or_else(|| context.now());
        let (plan, more) = planned(&context, workspace.id, None, from, self.to, self.limit).await?;
        for one in &plan {
            let (at, contact, set, sequence) = (one.at, one.contact, &one.set, one.sequence);
            if self.json {
                println!("{}", json!({"at": at, "contact": contact, "set": set, "sequence": sequence}));
            } else {
                println!("{at}  contact {contact}  {set} {sequence}");
            }
        }
        if more {
            eprintln!("there is more; raise --limit or ask for a shorter span");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Shows what somebody is or was subscribed to, and what was done about it.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling programme show --urn tel:+254700000001")]
pub struct Show {
    #[command(flatten)]
    person: Person,
}

impl Show {
    /// Shows it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let (context, workspace, contact) = self.person.find().await?;
        let definitions = context.store.definitions(workspace.id).await?.context("the workspace is gone")?;
        for row in context.store.contact_subscriptions(workspace.id, contact).await? {
            let set = definitions.message_sets.iter().find(|set| set.id == row.set);
            let (name, of) = set.map_or(("?", 0), |set| (set.short_name.as_str(), set.weeks.len()));
            let next = row.next_due.map_or_else(String::new, |due| format!("  next {due}"));
            let reason = row.reason.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
            let status = row.status.as_str();
            println!("{}  {name}  {status}{reason}  {} of {of}  {} sent{next}", row.uuid, row.next, row.sent);
        }
        for event in context.store.programme_events(workspace.id, contact).await? {
            let reason = event.reason.unwrap_or_default();
            println!("{}  {} {reason}", event.created_on, event.kind.as_str());
        }
        Ok(ExitCode::SUCCESS)
    }
}
