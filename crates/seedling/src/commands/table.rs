//! `seedling table …`: reference data that flows look things up in.

use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use operations::{ImportTableError, NewTable, import_table, remove_table, set_table_source};
use serde_json::json;
use store::{StoreError, TableSourceRow};

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Reference data that flows look things up in, as @tables.clinics[fields.code].name.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling table import clinics.csv --data ./seedling-data --key code
  seedling table fetch cases https://files.example.org/cases.csv --data ./seedling-data --minutes 360
  seedling table list --data ./seedling-data")]
pub struct Table {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Bring in a table from comma-separated values, whole or not at all
    Import(Import),
    /// Have a table fetched from an address, now and every so many minutes
    Fetch(Fetch),
    /// List tables: name, key, version, rows, columns, where they are fetched from and what went wrong
    List(List),
    /// List the versions of a table that are kept
    Versions(Named),
    /// Write a table as comma-separated values, which `table import` reads again
    Export(ExportTable),
    /// Remove a table with all its versions
    Remove(Named),
}

/// Brings in a table. One that is there gets a new version, which conversations see from their next step on.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling table import clinics.csv --data ./seedling-data --key code
  printf 'code,name\\nGUL,Gulu\\n' | seedling table import - --name clinics

The first row names the columns. Keys are compared without regard to case.")]
struct Import {
    /// Comma-separated values with a first row of names; - reads standard input
    file: PathBuf,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Name in expressions; without it the file's
    #[arg(long)]
    name: Option<String>,
    /// The column that rows are found by; without it the first
    #[arg(long, value_name = "COLUMN")]
    key: Option<String>,
}

/// Has a table fetched by the nodes. What cannot be fetched or read leaves the table as it was; `list` says why.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling table fetch cases https://files.example.org/cases.csv --data ./seedling-data --key country

The same again fetches it now. Bringing the table in by hand ends it.")]
struct Fetch {
    /// Name in expressions
    name: String,
    /// Where the comma-separated values are
    url: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// The column that rows are found by; without it the first
    #[arg(long, value_name = "COLUMN")]
    key: Option<String>,
    /// How often it is fetched, 5 to 44640
    #[arg(long, default_value_t = 1_440)]
    minutes: i64,
}

/// One table.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling table versions cases --data ./seedling-data
  seedling table remove cases --data ./seedling-data")]
struct Named {
    /// Its name
    name: String,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

/// Writes a table to standard output.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling table export cases --data ./seedling-data > cases.csv")]
struct ExportTable {
    #[command(flatten)]
    named: Named,
    /// One of the versions that are kept; without it the one in use
    #[arg(long, value_name = "N")]
    version: Option<i64>,
}

/// Lists the tables of a workspace.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling table list --data ./seedling-data --json | jq .name")]
struct List {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// One JSON object for each table
    #[arg(long)]
    json: bool,
}

impl Table {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Import(import) => import.run().await,
            Action::Fetch(fetch) => fetch.run().await,
            Action::List(list) => list.run().await,
            Action::Versions(named) => named.versions().await,
            Action::Export(export) => export.run().await,
            Action::Remove(named) => named.remove().await,
        }
    }
}

impl Import {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let shown = self.file.display();
        let mut csv = String::new();
        let read = if self.file == Path::new("-") {
            std::io::stdin().lock().read_to_string(&mut csv)
        } else {
            std::fs::File::open(&self.file).and_then(|mut file| file.read_to_string(&mut csv))
        };
        read.with_context(|| format!("cannot read {shown}; give comma-separated values in UTF-8"))?;
        let stem = self.file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let name = self.name.or(stem.filter(|stem| stem != "-")).context("give the table a --name")?;
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let new = NewTable {
            workspace: workspace.id,
            name: name.into(),
            key_column: self.key.map(Into::into),
            csv,
        };
        let importing = while_busy(
            |error| matches!(error, ImportTableError::Store(StoreError::Busy)),
            || import_table(&context, new.clone()),
        );
        let table = importing.await.with_context(|| format!("cannot import {shown}; nothing was changed"))?;
        let state = if table.changed { "imported" } else { "unchanged" };
        println!("{state}: @tables.{} version {}, {} rows", table.name, table.version, table.rows);
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let definitions = context.store.definitions(workspace.id).await?;
        let mut sources = context.store.table_sources(workspace.id).await?;
        for table in definitions.map(|definitions| definitions.tables).unwrap_or_default() {
            let at = sources.iter().position(|source| source.name == table.name);
            let source = at.map(|at| sources.remove(at));
            let (name, key, version, rows) = (table.name, table.key_column, table.version, table.row_count);
            if self.json {
                let columns = &table.columns;
                let table = json!({"name": name, "key": key, "version": version, "rows": rows, "columns": columns,
                    "modified_on": table.modified_on.to_string(), "source": source.as_ref().map(shown)});
                println!("{table}");
            } else {
                let columns = table.columns.join(", ");
                let from = source.as_ref().map(told).unwrap_or_default();
                println!("{name}\tkey {key}\tversion {version}\t{rows} rows\t{columns}{from}");
            }
        }
        // What was never fetched yet.
        for source in sources {
            if self.json {
                let table = json!({"name": source.name, "key": source.key_column, "version": 0, "rows": 0,
                    "columns": [], "modified_on": null, "source": shown(&source)});
                println!("{table}");
            } else {
                println!("{}\tversion 0\t0 rows{}", source.name, told(&source));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn shown(source: &TableSourceRow) -> serde_json::Value {
    json!({
        "url": source.url,
        "minutes": source.minutes,
        "next_fetch": source.next_fetch.to_string(),
        "fetched_on": source.fetched_on.map(|at| at.to_string()),
        "failures": source.failures,
        "error": source.error,
    })
}

fn told(source: &TableSourceRow) -> String {
    let (url, minutes) = (&source.url, source.minutes);
    let wrong = source.error.as_ref().map(|said| format!("\tfailed: {said}")).unwrap_or_default();
    format!("\tfrom {url} every {minutes} minutes{wrong}")
}

impl Fetch {
    async fn run(self) -> anyhow::Result<ExitCode> {
        anyhow::ensure!(
            self.url.starts_with("http://") || self.url.starts_with("https://"),
            "the address must begin with http:// or https://"
        );
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let key = self.key.map(Into::into);
        let (name, url) = (&self.name, &self.url);
        let row = set_table_source(&context, workspace.id, name, key, (url, self.minutes)).await?;
        println!("@tables.{} is fetched from {url} every {} minutes", row.name, row.minutes);
        Ok(ExitCode::SUCCESS)
    }
}

impl Named {
    async fn versions(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let definitions = context.store.definitions(workspace.id).await?;
        let mut tables = definitions.map(|definitions| definitions.tables).unwrap_or_default().into_iter();
        let name = self.name.trim().to_lowercase();
        let table = tables.find(|table| table.name == name);
        let table = table.with_context(|| format!("there is no table {name}; `table list` names them"))?;
        for version in context.store.table_versions(workspace.id, table.id).await? {
            let rows = version.row_count.map_or_else(|| "?".to_owned(), |rows| rows.to_string());
            let used = if version.version == table.version { "\tin use" } else { "" };
            println!("{}\t{}\t{rows} rows{used}", version.version, version.created_on);
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn remove(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        remove_table(&context, workspace.id, &self.name).await?;
        println!("removed: {}", self.name.trim().to_lowercase());
        Ok(ExitCode::SUCCESS)
    }
}

impl ExportTable {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.named.store.open().await?;
        let workspace = self.named.workspace.choose(&context).await?;
        let definitions = context.store.definitions(workspace.id).await?;
        let mut tables = definitions.map(|definitions| definitions.tables).unwrap_or_default().into_iter();
        let name = self.named.name.trim().to_lowercase();
        let table = tables.find(|table| table.name == name);
        let table = table.with_context(|| format!("there is no table {name}; `table list` names them"))?;
        let version = self.version.unwrap_or(table.version);
        let content = context.store.table_content(workspace.id, table.id, version).await?;
        let content = content.with_context(|| format!("version {version} of {name} is not kept"))?;
        let rows: Vec<Vec<String>> = serde_json::from_str(&content.content)?;
        let columns: Vec<String> = table.columns.iter().map(ToString::to_string).collect();
        let mut out = std::io::stdout().lock();
        for row in std::iter::once(&columns).chain(&rows) {
            let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
            writeln!(out, "{}", cells.join(","))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A cell of comma-separated values.
fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', ';', '\t', '\n', '\r']) || cell.trim() != cell {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
