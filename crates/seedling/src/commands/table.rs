//! `seedling table …`: reference data that flows look things up in.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use operations::{ImportTableError, NewTable, import_table};
use serde_json::json;
use store::StoreError;

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Reference data that flows look things up in, as @tables.clinics[fields.code].name.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling table import clinics.csv --data ./seedling-data --key code
  seedling table list --data ./seedling-data")]
pub struct Table {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Bring in a table from comma-separated values, whole or not at all
    Import(Import),
    /// List tables: name, key, version, rows, columns
    List(List),
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
            Action::List(list) => list.run().await,
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
        for table in definitions.map(|definitions| definitions.tables).unwrap_or_default() {
            let (name, key, version, rows) = (table.name, table.key_column, table.version, table.row_count);
            if self.json {
                let columns = &table.columns;
                let table = json!({"name": name, "key": key, "version": version, "rows": rows, "columns": columns,
                    "modified_on": table.modified_on.to_string()});
                println!("{table}");
            } else {
                println!("{name}\tkey {key}\tversion {version}\t{rows} rows\t{}", table.columns.join(", "));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
