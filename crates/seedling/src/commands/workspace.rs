//! `seedling workspace …`: the settings of a workspace.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use operations::{ChangeWorkspaceError, WorkspaceEdit, change_workspace};
use serde_json::json;
use store::{StoreError, WorkspaceRow};

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// The settings of a workspace: name, zone, country, languages, how dates and times are written.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling workspace show --data ./seedling-data
  seedling workspace set --timezone Africa/Kampala --country UG --data ./seedling-data")]
pub struct Workspace {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show them
    Show(Show),
    /// Change some
    Set(Set),
}

impl Workspace {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Show(show) => show.run().await,
            Action::Set(set) => set.run().await,
        }
    }
}

/// Shows the settings of a workspace.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling workspace show --data ./seedling-data")]
struct Show {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Show {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        shown(&self.workspace.choose(&context).await?, self.json);
        Ok(ExitCode::SUCCESS)
    }
}

/// Changes settings of a workspace; a running node knows them at once. Another zone plans campaigns, programmes and
/// schedules anew, so that what was to come tomorrow at 8 comes tomorrow at 8.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling workspace set --timezone Africa/Kampala --languages lug,eng --data ./seedling-data")]
struct Set {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Another name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Zone in which dates and times are meant
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Country whose phone numbers may be written without its code, such as UG; an empty one for none
    #[arg(long, value_name = "CODE")]
    country: Option<String>,
    /// Languages of the content, the default first
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    languages: Option<Vec<String>>,
    /// How people write dates
    #[arg(long, value_name = "FORMAT")]
    date_format: Option<String>,
    /// How times are written: tt:mm, h:mm aa, tt:mm:ss or h:mm:ss aa
    #[arg(long, value_name = "FORMAT")]
    time_format: Option<String>,
    /// How words of people are compared with those of flows: default, confusables or arabic_variants
    #[arg(long, value_name = "NAME")]
    input_collation: Option<String>,
    /// Print the settings as one JSON object
    #[arg(long)]
    json: bool,
}

impl Set {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let edit = WorkspaceEdit {
            name: self.name.map(Into::into),
            timezone: self.timezone.map(Into::into),
            country: self.country.map(|code| (!code.trim().is_empty()).then(|| code.trim().into())),
            languages: self.languages.map(|codes| codes.into_iter().map(Into::into).collect()),
            date_format: self.date_format.map(Into::into),
            time_format: self.time_format.map(Into::into),
            input_collation: self.input_collation.map(Into::into),
        };
        let changing = while_busy(
            |error| {
                matches!(error, ChangeWorkspaceError::Busy | ChangeWorkspaceError::Store(StoreError::Busy))
            },
            || change_workspace(&context, workspace.id, &edit),
        );
        shown(&changing.await?, self.json);
        Ok(ExitCode::SUCCESS)
    }
}

fn shown(row: &WorkspaceRow, as_json: bool) {
    if as_json {
        let shown = json!({
            "uuid": row.uuid, "name": row.name, "timezone": row.timezone, "country": row.country,
            "languages": row.languages, "date_format": row.date_format, "time_format": row.time_format,
            "input_collation": row.input_collation, "anonymous": row.anonymous,
        });
        println!("{shown}");
        return;
    }
    let languages: Vec<&str> = row.languages.iter().map(|code| code.as_str()).collect();
    for (name, value) in [
        ("name", row.name.as_str()),
        ("timezone", &row.timezone),
        ("country", row.country.as_deref().unwrap_or_default()),
        ("languages", &languages.join(",")),
        ("date format", &row.date_format),
        ("time format", &row.time_format),
        ("input collation", &row.input_collation),
    ] {
        println!("{name:<16} {value}");
    }
}
