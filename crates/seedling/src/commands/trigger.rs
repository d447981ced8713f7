//! `seedling trigger …`: what starts flows.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use domain::TriggerId;
use operations::{
    Context, TriggerEdit, TriggerOn, Workspace, archive_trigger, described, remove_trigger, save_trigger,
};
use serde_json::{Value, json};
use smol_str::SmolStr;
use store::TriggerRow;

use crate::options::{StoreOptions, WorkspaceOption};

/// What starts flows: words, missed calls, new conversations and more.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling trigger add keyword --keyword join --keyword jiunge --flow Registration
  seedling trigger add missed-call --flow \"Call back\" --exclude-group Staff
  seedling trigger list
  seedling trigger remove 477090609846464

Triggers at set times are schedules: `seedling schedule add`.")]
pub struct Trigger {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Those in use; with --archived those that are put away
    List(List),
    /// Make one
    Add(Box<Add>),
    /// Put one away: it stays, and starts nothing
    Archive(Which),
    /// Take one back that was put away
    Restore(Which),
    /// Remove one for good
    Remove(Which),
}

impl Trigger {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::List(list) => list.run().await,
            Action::Add(add) => add.run().await,
            Action::Archive(which) => which.run(What::Archive).await,
            Action::Restore(which) => which.run(What::Restore).await,
            Action::Remove(which) => which.run(What::Remove).await,
        }
    }
}

/// Triggers that are shown.
const SHOWN: usize = 1_000;

#[derive(Args)]
struct List {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Those that are put away
    #[arg(long)]
    archived: bool,
    /// One JSON object for each
    #[arg(long)]
    json: bool,
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (context, ws) = opened(&self.store, &self.workspace).await?;
        let rows = if self.archived {
            context.store.archived_triggers(ws.row.id, SHOWN).await?
        } else {
            ws.definitions().triggers.clone()
        };
        for row in &rows {
            println!("{}", shown(&ws, row, self.json));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What sets it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum On {
    /// A word (--keyword)
    Keyword,
    /// A message that nothing else takes
    CatchAll,
    /// A call
    InboundCall,
    /// A call that nobody answered
    MissedCall,
    /// A conversation is opened
    NewConversation,
    /// Somebody comes by a link or an advertisement (--referrer)
    Referral,
    /// A ticket is closed
    ClosedTicket,
    /// Somebody agrees to get messages
    OptIn,
    /// Somebody wants no more
    OptOut,
}

impl From<On> for TriggerOn {
    fn from(on: On) -> Self {
        match on {
            On::Keyword => Self::Keyword,
            On::CatchAll => Self::CatchAll,
            On::InboundCall => Self::InboundCall,
            On::MissedCall => Self::MissedCall,
            On::NewConversation => Self::NewConversation,
            On::Referral => Self::Referral,
            On::ClosedTicket => Self::ClosedTicket,
            On::OptIn => Self::OptIn,
            On::OptOut => Self::OptOut,
        }
    }
}

#[derive(Args)]
struct Add {
    /// What sets it off
    on: On,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// The flow that starts, by name or uuid
    #[arg(long, value_name = "FLOW")]
    flow: String,
    /// A word; may be given several times
    #[arg(long, value_name = "WORD")]
    keyword: Vec<SmolStr>,
    /// The word must be the only one of the message, and not only the first
    #[arg(long)]
    only_word: bool,
    /// Only members of this group, by name; may be given several times
    #[arg(long, value_name = "NAME")]
    group: Vec<String>,
    /// Not members of this group, by name; may be given several times
    #[arg(long, value_name = "NAME")]
    exclude_group: Vec<String>,
    /// Only on this line
    #[arg(long, value_name = "UUID")]
    channel: Option<domain::ChannelUuid>,
    /// What people must have come by
    #[arg(long, value_name = "ID", default_value = "")]
    referrer: SmolStr,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

impl Add {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (context, ws) = opened(&self.store, &self.workspace).await?;
        let flow = ws.flow_named(&self.flow).map(|flow| flow.uuid);
        let flow = flow.or_else(|| self.flow.parse().ok().filter(|uuid| ws.flow(*uuid).is_some()));
        let edit = TriggerEdit {
            on: self.on.into(),
            flow: flow.with_context(|| format!("there is no flow {:?}", self.flow))?,
            keywords: self.keyword,
            only_word: self.only_word,
            groups: groups(&ws, &self.group)?,
            exclude_groups: groups(&ws, &self.exclude_group)?,
            channel: self.channel,
            referrer: self.referrer,
        };
        let saved = save_trigger(&context, ws.row.id, None, edit).await?;
        println!("{}", shown(&ws, &saved.row, self.json));
        Ok(ExitCode::SUCCESS)
    }
}

fn groups(ws: &Workspace, names: &[String]) -> anyhow::Result<Vec<domain::GroupUuid>> {
    let find = |name: &String| {
        let wanted = name.trim().to_lowercase();
        let found = ws.assets.groups().find(|group| group.name.to_lowercase() == wanted);
        found.map(|group| group.uuid).with_context(|| format!("there is no group {name:?}"))
    };
    names.iter().map(find).collect()
}

/// Which trigger.
#[derive(Args)]
struct Which {
    /// Its number
    id: i64,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

enum What {
    Archive,
    Restore,
    Remove,
}

impl Which {
    async fn run(self, what: What) -> anyhow::Result<ExitCode> {
        let (context, ws) = opened(&self.store, &self.workspace).await?;
        let (workspace, id) = (ws.row.id, TriggerId(self.id));
        let done = match what {
            What::Archive => archive_trigger(&context, workspace, id, true).await,
            What::Restore => archive_trigger(&context, workspace, id, false).await,
            What::Remove => remove_trigger(&context, workspace, id).await,
        };
        match done {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(operations::SaveError::NotFound) => {
                bail!("there is no trigger {}; `seedling trigger list` shows all", self.id)
            }
            Err(error) => Err(error.into()),
        }
    }
}

async fn opened(
    store: &StoreOptions,
    workspace: &WorkspaceOption,
) -> anyhow::Result<(Context, std::sync::Arc<Workspace>)> {
    let context = store.open().await?;
    let row = workspace.choose(&context).await?;
    let ws = context.registry.workspace(&context, row.id).await?.context("the workspace is gone")?;
    Ok((context, ws))
}

fn shown(ws: &Workspace, row: &TriggerRow, as_json: bool) -> String {
    if !as_json {
        return described(ws, row).to_string();
    }
    let flow = ws.definitions().flows.iter().find(|flow| flow.id == row.flow);
    let object: Value = json!({
        "id": row.id,
        "type": TriggerOn::of_letter(&row.trigger_type).map(TriggerOn::word),
        "flow": flow.map(|flow| flow.uuid),
        "keywords": row.keywords,
        "archived": row.archived,
    });
    object.to_string()
}
