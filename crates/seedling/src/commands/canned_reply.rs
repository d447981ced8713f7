//! `seedling canned-reply …`: what agents answer often.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use flows::events::{BroadcastContent, BroadcastCreated};
use operations::{CannedReplyEdit, SaveError, canned_reply_said, remove_canned_reply, save_canned_reply};
use serde_json::json;
use smol_str::SmolStr;
use store::{CannedReplyRow, StoreError};

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// What agents answer often, in each language. Expressions such as @contact.name are evaluated for whoever gets it.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling canned-reply set Hours --text eng=\"Dear @contact.first_name, we are open from 8 to 5.\" \\
      --text swa=\"Tuko wazi saa mbili hadi saa kumi na moja.\" --data ./seedling-data")]
pub struct CannedReply {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Add one, or give one another text
    Set(Set),
    /// Show which there are
    List(List),
    /// Take one away
    Remove(Remove),
}

impl CannedReply {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Set(set) => set.run().await,
            Action::List(list) => list.run().await,
            Action::Remove(remove) => remove.run().await,
        }
    }
}

/// Adds a canned reply, or gives the one of this name other texts. Its uuid is the last line printed.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling canned-reply set Hours --text eng=\"We are open from 8 to 5.\" --data ./seedling-data")]
struct Set {
    /// Name
    name: String,
    /// Language and text; the first is used where there is no other. May be given several times
    #[arg(long = "text", value_name = "LANGUAGE=TEXT", required = true)]
    texts: Vec<String>,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl Set {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let mut said = BroadcastCreated::default();
        for text in &self.texts {
            let (language, text) = text
                .split_once('=')
                .filter(|(language, text)| language.chars().count() == 3 && !text.trim().is_empty())
                .with_context(|| format!("'{text}' is not a language and a text, as in eng=Hello"))?;
            let language = SmolStr::from(language);
            if said.base_language.is_empty() {
                said.base_language = language.clone();
            }
            let content = BroadcastContent { text: text.trim().into(), ..BroadcastContent::default() };
            said.translations.insert(language, content);
        }
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let all = context.store.definitions(workspace.id).await?.context("the workspace is gone")?;
        let known = find(&all.canned_replies, &self.name).map(|reply| reply.uuid);
        let edit = CannedReplyEdit { name: Some(self.name), said: Some(said) };
        let saving = while_busy(
            |error| matches!(error, SaveError::Busy | SaveError::Store(StoreError::Busy)),
            || save_canned_reply(&context, workspace.id, known, &edit),
        );
        println!("{}", saving.await?.row.uuid);
        Ok(ExitCode::SUCCESS)
    }
}

fn find<'r>(replies: &'r [CannedReplyRow], name: &str) -> Option<&'r CannedReplyRow> {
    replies.iter().find(|reply| reply.name.to_lowercase() == name.trim().to_lowercase())
}

/// Shows the canned replies of a workspace by name.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling canned-reply list --data ./seedling-data")]
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
        for reply in &all.canned_replies {
            let said = canned_reply_said(reply)?;
            if self.json {
                println!("{}", json!({"uuid": reply.uuid, "name": reply.name, "said": said}));
                continue;
            }
            println!("{}", reply.name);
            for (language, content) in &said.translations {
                println!("  {language}  {}", content.text);
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Takes a canned reply away.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling canned-reply remove Hours --data ./seedling-data")]
struct Remove {
    /// Name
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
        let reply = find(&all.canned_replies, &self.name).map(|reply| reply.uuid).with_context(|| {
            format!("there is no '{}'; `seedling canned-reply list` shows which there are", self.name)
        })?;
        let removing = while_busy(
            |error| matches!(error, SaveError::Busy | SaveError::Store(StoreError::Busy)),
            || remove_canned_reply(&context, workspace.id, reply),
        );
        removing.await?;
        println!("removed {:?} of {:?}", self.name, workspace.name);
        Ok(ExitCode::SUCCESS)
    }
}
