//! `seedling feature set NAME on|off`: lets a workspace use something, or not.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueEnum};
use operations::{Feature, SetFeatureError, set_feature};
use store::StoreError;

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

#[derive(Clone, Copy, ValueEnum)]
enum State {
    On,
    Off,
}

/// Turns a feature of a workspace on or off; running nodes follow at once.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling feature set bulk_sending off --data ./seedling-data --workspace Clinic")]
pub struct Set {
    /// Name, such as language_models
    name: String,
    /// on or off
    state: State,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

impl Set {
    /// Sets it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let Some(feature) = Feature::named(&self.name) else {
            let names = Feature::ALL.map(Feature::word).join(", ");
            bail!("there is no feature {:?}; there is {names}", self.name)
        };
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let on = matches!(self.state, State::On);
        let is_busy = |error: &SetFeatureError| matches!(error, SetFeatureError::Store(StoreError::Busy));
        while_busy(is_busy, || set_feature(&context, workspace.id, feature, on)).await?;
        println!("{} is {} in {:?}", feature.word(), if on { "on" } else { "off" }, workspace.name);
        Ok(ExitCode::SUCCESS)
    }
}
