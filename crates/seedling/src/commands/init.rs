//! `seedling init`: a data folder with a workspace and somebody who may administer it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use domain::WorkspaceId;
use operations::{CreateWorkspaceError, NewUser, NewWorkspace, Role, create_workspace_with};
use store::StoreError;

use crate::options::{StoreOptions, read_secret};
use crate::patience::while_busy;

/// Makes the data folder, a workspace in it and its administrator.
#[derive(Args)]
#[command(after_help = "\
Example:
  printf '%s' \"$PASSWORD\" | seedling init --data ./seedling-data --workspace \"Safe Steps\" \\
      --admin you@example.org --password-file -")]
pub struct Init {
    #[command(flatten)]
    store: StoreOptions,
    /// Name of the workspace
    #[arg(long, value_name = "NAME")]
    workspace: String,
    /// E-mail address of the administrator
    #[arg(long, value_name = "EMAIL")]
    admin: String,
    /// File with the administrator's password; - reads standard input
    #[arg(long, value_name = "FILE")]
    password_file: PathBuf,
    /// Zone in which dates and times are meant
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    timezone: String,
    /// Country whose phone numbers may be written without its code, such as UG
    #[arg(long, value_name = "CODE")]
    country: Option<String>,
    /// Languages of the content, the default first
    #[arg(long, value_name = "CODES", value_delimiter = ',', default_value = "eng")]
    languages: Vec<String>,
    /// How people write dates
    #[arg(long, value_name = "FORMAT", default_value = "DD-MM-YYYY")]
    date_format: String,
    /// Print the identifiers as one JSON object
    #[arg(long)]
    json: bool,
}

impl Init {
    /// Makes them.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let password = read_secret(&self.password_file)?;
        let context = self.store.create().await?;
        if context.store.workspaces().await?.iter().any(|row| row.name == self.workspace.as_str()) {
            bail!("there is a workspace {:?} in {} already", self.workspace, self.store.data.display());
        }
        let new = NewWorkspace {
            name: self.workspace.into(),
            timezone: self.timezone.into(),
            country: self.country.map(Into::into),
            languages: self.languages.into_iter().map(Into::into).collect(),
            date_format: self.date_format.into(),
        };
        let administrator = NewUser {
            workspace: WorkspaceId::default(),
            email: self.admin.into(),
            name: "".into(),
            password,
            role: Role::Administrator,
        };
        let making = while_busy(
            |error| matches!(error, CreateWorkspaceError::Store(StoreError::Busy)),
            || create_workspace_with(&context, new.clone(), administrator.clone()),
        );
        let (workspace, user) = making.await?;
        if self.json {
            println!("{}", serde_json::json!({"workspace": workspace.uuid, "user": user.uuid}));
        } else {
            let data = self.store.data.display();
            println!("made the workspace {:?} with {} as its administrator", workspace.name, user.email);
            println!("next: `seedling import --data {data} FILE`, `seedling serve --data {data}`");
        }
        Ok(ExitCode::SUCCESS)
    }
}
