//! Options that several commands share, so that they are named, documented and understood alike.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use operations::Context;
use store::{Actor, ActorMeans, PostgresUrl, Store, StoreError, StoreUrl, WorkspaceRow};

use crate::here::Here;
use crate::patience::while_busy;

/// Name of the database file in the data folder.
const DATABASE_FILE: &str = "seedling.db";
/// No secret is longer; more on standard input is a mistake.
const SECRET_BYTES_MAX: u64 = 4096;

/// Where the data is.
#[derive(Args, Clone, Debug)]
pub struct StoreOptions {
    /// Folder of the data
    #[arg(long, value_name = "DIR", default_value = "./seedling-data", env = "SEEDLING_DATA")]
    pub data: PathBuf,
    /// Database; without it SQLite in the data folder
    #[arg(long, value_name = "URL", env = "SEEDLING_DATABASE")]
    pub database: Option<String>,
    /// Standby of a PostgreSQL database, for lists and reports
    #[arg(long, value_name = "URL", env = "SEEDLING_REPORTS_DATABASE")]
    pub reports_database: Option<String>,
}

impl StoreOptions {
    /// Makes the folder and the database, unless they are there, and opens it.
    pub async fn create(&self) -> anyhow::Result<Context> {
        private_folder(&self.data)
            .with_context(|| format!("cannot make the data folder {}", self.data.display()))?;
        self.open_with(store::StoreOptions::default()).await
    }

    /// Opens what is there.
    pub async fn open(&self) -> anyhow::Result<Context> {
        self.open_there(false).await
    }

    /// Opens what is there, to hear what nodes commit.
    pub async fn open_listening(&self) -> anyhow::Result<Context> {
        self.open_there(true).await
    }

    async fn open_there(&self, listens: bool) -> anyhow::Result<Context> {
        if self.database.is_none() && !self.data.join(DATABASE_FILE).is_file() {
            let data = self.data.display();
            bail!(
                "there is no data in {data}; run `seedling init --data {data} …` first, or give another --data"
            );
        }
        self.open_with(store::StoreOptions { create: false, listens, ..store::StoreOptions::default() }).await
    }

    /// Where the database is.
    pub fn url(&self) -> anyhow::Result<StoreUrl> {
        Ok(match &self.database {
            Some(url) => url.parse()?,
            None => self.data.join(DATABASE_FILE).into(),
        })
    }

    async fn open_with(&self, options: store::StoreOptions) -> anyhow::Result<Context> {
        let url = self.url()?;
        let reports = reports_database(self.reports_database.as_deref())?;
        let options = store::StoreOptions { reports, ..options };
        let opening = while_busy(
            |error| matches!(error, StoreError::Busy),
            async || Store::open(&url, options.clone()),
        );
        let store = opening.await.context("cannot open the database")?;
        if self.reports_database.is_some() {
            // Any read tells whether the standby answers.
            store.for_reports().workspaces().await?;
            if store.reports_are_away() {
                eprintln!("the database of --reports-database does not answer; reading from the main one");
            }
        }
        Ok(Context::for_command(store, Here::shared()).acting(operator()))
    }
}

/// Whoever runs this command, for the log of who changed what.
pub fn operator() -> Actor {
    let named = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    let who = named.filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned());
    Actor { workspace: None, user: None, who: who.into(), means: ActorMeans::CommandLine, proof: None }
}

/// The address of a standby for reports.
pub fn reports_database(url: Option<&str>) -> anyhow::Result<Option<Box<PostgresUrl>>> {
    let Some(url) = url.filter(|url| !url.is_empty()) else { return Ok(None) };
    match url.parse()? {
        StoreUrl::Postgres(url) => Ok(Some(url)),
        StoreUrl::Sqlite(_) | StoreUrl::Memory => {
            bail!(
                "--reports-database is the address of a standby, such as postgres://db2.example.org/seedling"
            )
        }
    }
}

/// Makes a folder that only its owner may look into: people's messages and carriers' secrets lie in it.
pub fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Whose data a command is about.
#[derive(Args, Clone, Debug)]
pub struct WorkspaceOption {
    /// The workspace, by name or uuid; needed if there are several
    #[arg(long, value_name = "NAME")]
    pub workspace: Option<String>,
}

impl WorkspaceOption {
    /// The workspace that is meant.
    pub async fn choose(&self, context: &Context) -> anyhow::Result<WorkspaceRow> {
        let all = context.store.workspaces().await?;
        let names = || all.iter().map(|row| format!("{:?}", row.name)).collect::<Vec<_>>().join(", ");
        let fits = |row: &WorkspaceRow, wanted: &str| row.name == wanted || row.uuid.to_string() == wanted;
        let found: Vec<&WorkspaceRow> = match &self.workspace {
            Some(wanted) => all.iter().filter(|row| fits(row, wanted)).collect(),
            None => all.iter().collect(),
        };
        match (found.as_slice(), &self.workspace) {
            ([only], _) => Ok((*only).clone()),
            (_, _) if all.is_empty() => bail!("there is no workspace yet; run `seedling init` first"),
            ([], Some(wanted)) => bail!("there is no workspace {wanted:?}; there is {}", names()),
            (_, Some(wanted)) => bail!("several workspaces are named {wanted:?}; give its uuid"),
            (_, None) => bail!("there are several workspaces; choose one with --workspace: {}", names()),
        }
    }
}

/// Reads a password from a file, or from standard input if it is `-`. A line end after it does not belong to it.
pub fn read_secret(path: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(SECRET_BYTES_MAX).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(SECRET_BYTES_MAX).read_to_string(&mut text))
    };
    read.with_context(|| format!("cannot read the password from {}", path.display()))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        bail!("the password is empty; write it to {}", path.display());
    }
    Ok(secret.to_owned())
}
