//! `seedling template …`: texts that carriers approve.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use operations::{ask_for_templates, remove_template};
use serde_json::json;

use crate::options::{StoreOptions, WorkspaceOption};

/// Texts that carriers approve, for people who have not written for a day.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling template sync --data ./seedling-data
  seedling template list --data ./seedling-data

Nodes ask WhatsApp for the templates of each line every six hours, and at once after `sync`.")]
pub struct Template {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List templates: name, language, line, state, text
    List(List),
    /// Have the templates of lines asked for at their carriers at once
    Sync(Sync),
    /// Remove one here, not at the carrier
    Remove(Remove),
}

/// Lists the templates of a workspace, and the lines that could not be asked.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling template list --data ./seedling-data --json | jq .name")]
struct List {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// One JSON object for each template
    #[arg(long)]
    json: bool,
}

/// Has templates asked for by the nodes.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling template sync --data ./seedling-data --channel \"Clinic line\"")]
struct Sync {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Only this line, by name or identifier; without it all lines of WhatsApp
    #[arg(long)]
    channel: Option<String>,
}

/// Removes a template. One that the carrier still has comes back.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling template remove visit_reminder --data ./seedling-data")]
struct Remove {
    /// Its name
    name: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl Template {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::List(list) => list.run().await,
            Action::Sync(sync) => sync.run().await,
            Action::Remove(remove) => remove.run().await,
        }
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let definitions = context.store.definitions(workspace.id).await?.context("there is no workspace")?;
        for template in &definitions.templates {
            if self.json {
                let (uuid, name, translations) = (template.uuid, &template.name, &template.translations);
                println!("{}", json!({"uuid": uuid, "name": name, "translations": translations}));
                continue;
            }
            for one in template.translations.as_array().into_iter().flatten() {
                let text = |member: &str| one[member].as_str().unwrap_or_default();
                let parts = one["components"].as_array().into_iter().flatten();
                let body = parts
                    .filter(|part| part["type"] == "body/text")
                    .find_map(|part| part["content"].as_str());
                let line = one["channel"]["name"].as_str().unwrap_or_default();
                let (locale, status) = (text("locale"), text("status"));
                println!("{}\t{locale}\t{line}\t{status}\t{}", template.name, body.unwrap_or_default());
            }
        }
        for sync in context.store.template_syncs(workspace.id).await? {
            let line = definitions.channels.iter().find(|channel| channel.id == sync.channel);
            if let Some((line, error)) = line.zip(sync.error) {
                eprintln!("{}: {error}; asked again at {}", line.name, sync.next_sync);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Sync {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let definitions = context.store.definitions(workspace.id).await?.context("there is no workspace")?;
        let syncs = context.store.template_syncs(workspace.id).await?;
        let of_lines =
            definitions.channels.iter().filter(|line| syncs.iter().any(|sync| sync.channel == line.id));
        let wanted = |name: &str, uuid: String| {
            self.channel.as_ref().is_none_or(|wanted| *wanted == name || *wanted == uuid)
        };
        let lines: Vec<_> = of_lines.filter(|line| wanted(&line.name, line.uuid.to_string())).collect();
        anyhow::ensure!(
            !lines.is_empty(),
            "there is no such line of WhatsApp; `seedling channel list` names them"
        );
        for line in lines {
            ask_for_templates(&context, workspace.id, line.uuid).await?;
            println!("{}: a node asks for its templates now", line.name);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Remove {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let definitions = context.store.definitions(workspace.id).await?.context("there is no workspace")?;
        let found = definitions.templates.iter().find(|template| template.name == self.name);
        let found = found
            .with_context(|| format!("there is no template {}; `template list` names them", self.name))?;
        remove_template(&context, workspace.id, found.uuid).await?;
        println!("removed: {}", self.name);
        Ok(ExitCode::SUCCESS)
    }
}
