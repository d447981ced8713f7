//! `seedling optin …`: what people can agree to.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use domain::OptinUuid;
use operations::save_optin;
use serde_json::json;

use crate::options::{StoreOptions, WorkspaceOption};

/// What people can agree to: flows ask for it, triggers hear of it, broadcasts go to who agreed.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling optin add \"Weekly news\" --data ./seedling-data
  seedling optin list --data ./seedling-data")]
pub struct Optin {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Add one
    Add(Add),
    /// Give one another name
    Rename(Rename),
    /// List them: identifier, name
    List(List),
}

/// Adds one.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling optin add \"Weekly news\" --data ./seedling-data")]
struct Add {
    /// Its name
    name: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

/// Gives one another name.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling optin rename \"Weekly news\" \"Monthly news\" --data ./seedling-data")]
struct Rename {
    /// Its name now
    name: String,
    /// Its name from now on
    to: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

/// Lists them.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling optin list --data ./seedling-data --json")]
struct List {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// One JSON object for each
    #[arg(long)]
    json: bool,
}

impl Optin {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Add(Add { name, store, workspace }) => save(&store, &workspace, None, &name).await,
            Action::Rename(Rename { name, to, store, workspace }) => {
                save(&store, &workspace, Some(&name), &to).await
            }
            Action::List(list) => list.run().await,
        }
    }
}

async fn save(
    store: &StoreOptions,
    workspace: &WorkspaceOption,
    known: Option<&str>,
    name: &str,
) -> anyhow::Result<ExitCode> {
    let context = store.open().await?;
    let workspace = workspace.choose(&context).await?;
    let mut uuid: Option<OptinUuid> = None;
    if let Some(known) = known {
        let optins = context.store.definitions(workspace.id).await?.map(|all| all.optins).unwrap_or_default();
        let found = optins.iter().find(|optin| optin.name == known);
        uuid = Some(found.with_context(|| format!("there is no {known}; `optin list` names them"))?.uuid);
    }
    let saved = save_optin(&context, workspace.id, uuid, name).await?;
    println!("{}\t{}", saved.row.uuid, saved.row.name);
    Ok(ExitCode::SUCCESS)
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let definitions = context.store.definitions(workspace.id).await?;
        for optin in definitions.map(|definitions| definitions.optins).unwrap_or_default() {
            if self.json {
                let made = optin.created_on.to_string();
                println!("{}", json!({"uuid": optin.uuid, "name": optin.name, "created_on": made}));
            } else {
                println!("{}\t{}", optin.uuid, optin.name);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
