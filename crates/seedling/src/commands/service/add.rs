//! `seedling service add TYPE`: a service that flows ask.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use node::mail::Server;
use operations::{AddServiceError, NewService, add_service};
use store::{Secret, ServiceKind, StoreError};
use uuid::Uuid;

use crate::options::{StoreOptions, WorkspaceOption, read_secret};
use crate::patience::while_busy;

/// Adds a service that flows ask. Its uuid, by which flows name models, is the last line printed.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling service add model --data ./seedling-data --name Assistant --secret-file key.txt \\
      --config '{\"url\": \"https://api.openai.com/v1\", \"model\": \"gpt-4o-mini\"}'
  printf '%s' \"$SMTP_URL\" | seedling service add email --data ./seedling-data --name Mail --secret-file -
  printf '%s' \"$KEY\" | seedling service add airtime --data ./seedling-data --name Airtime --secret-file - \\
      --config '{\"url\": \"https://airtime.example/transfers\"}'

docs/connect-services.md lists the settings of each type.")]
pub struct Add {
    /// What it does
    #[arg(value_enum, value_name = "TYPE")]
    kind: Kind,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Name shown to people
    #[arg(long)]
    name: String,
    /// Settings of the type, as a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}")]
    config: String,
    /// File with its key, or the address of the e-mail server with its password; - reads standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Keep a uuid that flows name already
    #[arg(long)]
    uuid: Option<Uuid>,
}

/// What a service does, as written on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A language model behind a chat-completions address
    Model,
    /// An airtime provider
    Airtime,
    /// An e-mail server
    Email,
}

impl From<Kind> for ServiceKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Model => Self::Model,
            Kind::Airtime => Self::Airtime,
            Kind::Email => Self::Email,
        }
    }
}

impl Add {
    /// Adds it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let config = serde_json::from_str(&self.config).context("--config is not JSON; give an object")?;
        let secret = self.secret_file.as_deref().map(read_secret).transpose()?.unwrap_or_default();
        if self.kind == Kind::Email && !secret.is_empty() {
            Server::read(&secret)?;
        }
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let new = NewService {
            workspace: workspace.id,
            kind: self.kind.into(),
            uuid: self.uuid,
            name: self.name.into(),
            config,
            secret: Secret::new(secret),
        };
        let adding = while_busy(
            |error| matches!(error, AddServiceError::Store(StoreError::Busy)),
            || add_service(&context, new.clone()),
        );
        let service = adding.await?;
        eprintln!("added {} service {:?} to {:?}", service.kind.as_str(), service.name, workspace.name);
        println!("{}", service.uuid);
        Ok(ExitCode::SUCCESS)
    }
}
