//! `seedling channel add TYPE`: a new line to a carrier.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use operations::{AddChannelError, NewChannel, add_channel};
use store::{Rate, StoreError};
use uuid::Uuid;

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Adds a line to a carrier. Its uuid, which the carrier's addresses hold, is the last line printed.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling channel add WCH --data ./seedling-data --name \"Clinic chat\" --config '{\"title\": \"Clinic chat\"}'
  seedling channel add WAC --data ./seedling-data --name Helpline --address 106540352242922 --config '{
      \"auth_token\": \"TOKEN\", \"app_secret\": \"SECRET\", \"verify_token\": \"WORD\", \"waba_id\": \"102290129340398\"}'
  seedling channel add EX --data ./seedling-data --name Airlink --address 8080 --country UG \\
      --config '{\"send_url\": \"https://gateway.example/send\", \"content_type\": \"json\",
                \"body\": \"{\\\"to\\\":{{to}},\\\"text\\\":{{text}}}\"}'

docs/connect-a-channel.md lists the settings of each type.")]
pub struct Add {
    /// EX (any HTTP aggregator), WAC (WhatsApp Cloud) or WCH (web chat)
    #[arg(value_name = "TYPE")]
    channel_type: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Name shown to people
    #[arg(long)]
    name: String,
    /// Number or handle at the carrier; of a WhatsApp channel its phone number id
    #[arg(long, default_value = "")]
    address: String,
    /// Country of its numbers, such as UG; without it the workspace's
    #[arg(long, value_name = "CODE")]
    country: Option<String>,
    /// Settings of the type, as a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}")]
    config: String,
    /// Keep a uuid that a carrier calls already
    #[arg(long)]
    uuid: Option<Uuid>,
    /// What it may send at most: 80 a second, 30/min, 100/h; a WhatsApp channel has 80 without it
    #[arg(long)]
    rate: Option<Rate>,
}

impl Add {
    /// Adds it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let config = serde_json::from_str(&self.config).context("--config is not JSON; give an object")?;
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let new = NewChannel {
            workspace: workspace.id,
            uuid: self.uuid.map(Into::into),
            channel_type: self.channel_type.into(),
            name: self.name.into(),
            address: self.address.into(),
            schemes: Vec::new(),
            country: self.country.map(Into::into),
            config,
            rate: self.rate,
        };
        let adding = while_busy(
            |error| matches!(error, AddChannelError::Store(StoreError::Busy)),
            || add_channel(&context, new.clone()),
        );
        let channel = adding.await?;
        eprintln!("added {} channel {:?} to {:?}", channel.channel_type, channel.name, workspace.name);
        println!("{}", channel.uuid);
        Ok(ExitCode::SUCCESS)
    }
}
