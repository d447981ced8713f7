//! `seedling team …`: agents who deal with the tickets of some topics only.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use operations::{SaveError, TeamEdit, remove_team, save_team};
use serde_json::json;
use store::{StoreError, TeamRow, TopicRow};

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Teams of agents. An agent of a team sees the tickets of its topics, and those with which they deal; others see all.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling team set Nurses --topic Clinical --data ./seedling-data
  seedling user team nurse@example.org Nurses --data ./seedling-data")]
pub struct Team {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Add a team, or give one other topics
    Set(Set),
    /// Show which there are
    List(List),
    /// Take one away: its agents are in none then
    Remove(Remove),
}

impl Team {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Set(set) => set.run().await,
            Action::List(list) => list.run().await,
            Action::Remove(remove) => remove.run().await,
        }
    }
}

/// Adds a team, or gives the one of this name other topics. Its uuid is the last line printed.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling team set Nurses --topic Clinical --topic \"Side effects\" --data ./seedling-data")]
struct Set {
    /// Name of the team
    name: String,
    /// A topic whose tickets its agents see; may be given several times
    #[arg(long = "topic", value_name = "NAME")]
    topics: Vec<String>,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl Set {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let all = context.store.definitions(workspace.id).await?.context("the workspace is gone")?;
        let topic = |name: &String| {
            let found =
                all.topics.iter().find(|topic| topic.name.to_lowercase() == name.trim().to_lowercase());
            found.map(|topic| topic.uuid).with_context(|| {
                let known: Vec<&str> = all.topics.iter().map(|topic| topic.name.as_str()).collect();
                format!("there is no topic '{name}'; there are: {}", known.join(", "))
            })
        };
        let topics = self.topics.iter().map(topic).collect::<anyhow::Result<Vec<_>>>()?;
        let known = find(&all.teams, &self.name).map(|team| team.uuid);
        let edit = TeamEdit { name: Some(self.name), topics: Some(topics) };
        let saving = while_busy(
            |error| matches!(error, SaveError::Busy | SaveError::Store(StoreError::Busy)),
            || save_team(&context, workspace.id, known, &edit),
        );
        println!("{}", saving.await?.row.uuid);
        Ok(ExitCode::SUCCESS)
    }
}

fn find<'t>(teams: &'t [TeamRow], name: &str) -> Option<&'t TeamRow> {
    teams.iter().find(|team| team.name.to_lowercase() == name.trim().to_lowercase())
}

/// Shows the teams of a workspace by name, with their topics and agents.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling team list --data ./seedling-data")]
struct List {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Print one JSON object for each
    #[arg(long)]
    json: bool,
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let all = context.store.definitions(workspace.id).await?.context("the workspace is gone")?;
        for team in &all.teams {
            let is_its = |topic: &&TopicRow| team.topics.contains(&topic.id);
            let topics: Vec<&str> =
                all.topics.iter().filter(is_its).map(|topic| topic.name.as_str()).collect();
            let agents: Vec<&str> = all
                .users
                .iter()
                .filter(|user| user.team == Some(team.id) && !user.role.is_empty())
                .map(|user| user.email.as_str())
                .collect();
            if self.json {
                let shown = json!({"uuid": team.uuid, "name": team.name, "topics": topics, "agents": agents});
                println!("{shown}");
            } else {
                println!("{}: topics {}; agents {}", team.name, topics.join(", "), agents.join(", "));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Takes a team away. Its agents are in none then, and see all tickets.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling team remove Nurses --data ./seedling-data")]
struct Remove {
    /// Name of the team
    name: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl Remove {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let all = context.store.definitions(workspace.id).await?.context("the workspace is gone")?;
        let team = find(&all.teams, &self.name).map(|team| team.uuid).with_context(|| {
            format!("there is no team '{}'; `seedling team list` shows which there are", self.name)
        })?;
        let removing = while_busy(
            |error| matches!(error, SaveError::Busy | SaveError::Store(StoreError::Busy)),
            || remove_team(&context, workspace.id, team),
        );
        removing.await?;
        println!("removed team {:?} of {:?}", self.name, workspace.name);
        Ok(ExitCode::SUCCESS)
    }
}
