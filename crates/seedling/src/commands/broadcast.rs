//! `seedling broadcast`: tell many people something, or start a flow for many.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use operations::{broadcast, preview_broadcast};
use serde_json::json;

use crate::audience::{Audience, Content};
use crate::options::{StoreOptions, WorkspaceOption};

/// Writes a job that tells people something or starts a flow for them. A node that serves does it, slice by slice,
/// behind the replies that people wait for.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling broadcast --group Mothers --text \"The clinic opens at eight.\" --preview
  seedling broadcast --group Mothers --text \"The clinic opens at eight.\"
  seedling broadcast --query 'age > 18 AND language = swa' --flow Registration --skip-in-a-flow

Who is named in several ways is told once. Who opted out is left out; `seedling job show UUID` says who and why.")]
pub struct Broadcast {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    #[command(flatten)]
    to: Audience,
    #[command(flatten)]
    content: Content,
    /// Begin nothing while a broadcast with this key goes on
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Only say how many people are meant
    #[arg(long)]
    preview: bool,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

impl Broadcast {
    /// Begins it, or counts.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let row = self.workspace.choose(&context).await?;
        let workspace =
            context.registry.workspace(&context, row.id).await?.context("the workspace is gone")?;
        let to = self.to.recipients(&workspace)?;
        let said = self.content.said(&workspace)?;
        if self.preview {
            let people = preview_broadcast(&context, row.id, &to).await?;
            let shown =
                if self.json { json!({"people": people}).to_string() } else { format!("{people} people") };
            println!("{shown}");
            return Ok(ExitCode::SUCCESS);
        }
        let Some(said) = said else { bail!("say what: --text or --flow") };
        let unique_key = self.key.as_deref().map(Into::into);
        let job =
            broadcast(&context, operations::Broadcast { workspace: row.id, said, to, unique_key }).await?;
        if self.json {
            println!("{}", json!({"job": job.uuid}));
        } else {
            println!("{}", job.uuid);
            eprintln!("a node that serves does it; `seedling job show {}` says how far it is", job.uuid);
        }
        Ok(ExitCode::SUCCESS)
    }
}
