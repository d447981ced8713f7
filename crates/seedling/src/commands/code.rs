//! `seedling code …`: codes of clinics and personnel that registrations are checked against.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use operations::{CodeError, NewCode, check_code, import_codes, save_code};
use serde_json::json;
use smol_str::SmolStr;
use store::{CodeList, CodeRow, StoreError, Walk};

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Codes that are listed at once.
const PAGE: usize = 1_000;

/// Codes of clinics and personnel, and numbers that were drawn for people.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling code import clinics.csv --kind clinic --replace
  seedling code check clinic 123456
  seedling code set clinic 123456 --active false

docs/programmes.md says more.")]
pub struct Code {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Bring in codes of a kind from comma-separated values, whole or not at all
    Import(Import),
    /// List codes: kind, code, name, place, and whether they are in use
    List(List),
    /// Look a code up as a registration does
    Check(Check),
    /// Add a code, or change the one that is there
    Set(Set),
}

/// Brings in codes. The first row names the columns: code, and if there are any name, place and active.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling code import clinics.csv --kind clinic --replace
  printf 'code,name,place\\n123456,Uhuru Clinic,Nairobi\\n' | seedling code import - --kind clinic")]
struct Import {
    /// Comma-separated values; - reads standard input
    file: PathBuf,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// What they are codes of, such as clinic or personnel
    #[arg(long, value_name = "WORD")]
    kind: SmolStr,
    /// Codes of the kind that are not in the file are no longer in use
    #[arg(long)]
    replace: bool,
}

/// Lists codes, the oldest first.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling code list --kind clinic --json | jq .name")]
struct List {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Only those of this kind
    #[arg(long, value_name = "WORD")]
    kind: Option<SmolStr>,
    /// One JSON object for each code
    #[arg(long)]
    json: bool,
}

/// Looks a code up. Ends with 1 if it would not be taken.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling code check clinic 123456")]
struct Check {
    /// What it is a code of
    kind: SmolStr,
    /// The code, with whatever blanks, hyphens and case
    code: SmolStr,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
}

/// Adds a code, or changes the one that is there.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling code set clinic 123456 --name 'Uhuru Clinic' --place Nairobi
  seedling code set clinic 123456 --active false")]
struct Set {
    /// What it is a code of
    kind: SmolStr,
    /// The code
    code: SmolStr,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// What or who has it
    #[arg(long)]
    name: Option<SmolStr>,
    /// Where that is
    #[arg(long)]
    place: Option<SmolStr>,
    /// Whether it may be used
    #[arg(long, value_name = "TRUE|FALSE")]
    active: Option<bool>,
}

fn is_busy(error: &CodeError) -> bool {
    matches!(error, CodeError::Store(StoreError::Busy))
}

fn told(row: &CodeRow) {
    let used = if row.active { "" } else { "  no longer in use" };
    let drawn = if row.contact.is_some() { "  drawn" } else { "" };
    println!("{}  {}  {}  {}{drawn}{used}", row.kind, row.code, row.name, row.place);
}

impl Code {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Import(import) => import.run().await,
            Action::List(list) => list.run().await,
            Action::Check(check) => check.run().await,
            Action::Set(set) => set.run().await,
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
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let importing =
            while_busy(is_busy, || import_codes(&context, workspace.id, &self.kind, &csv, self.replace));
        let done = importing.await.with_context(|| format!("cannot import {shown}; nothing was changed"))?;
        println!("{} codes brought in; {} codes of this kind are in use", done.rows, done.active);
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let list = CodeList { kind: self.kind.map(|kind| kind.to_lowercase().into()), key: None };
        let mut from = None;
        loop {
            let walk = Walk { from, up: true, limit: PAGE };
            let page = context.store.list_codes(workspace.id, list.clone(), walk).await?;
            for row in &page {
                if self.json {
                    let drawn = row.contact.is_some();
                    println!(
                        "{}",
                        json!({"kind": row.kind, "code": row.code, "name": row.name, "place": row.place,
                            "active": row.active, "drawn": drawn})
                    );
                } else {
                    told(row);
                }
            }
            match page.last() {
                Some(last) if page.len() == PAGE => from = Some((last.id.0, last.id.0)),
                Some(_) | None => return Ok(ExitCode::SUCCESS),
            }
        }
    }
}

impl Check {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        match check_code(&context, workspace.id, &self.kind, &self.code).await? {
            Ok(row) => {
                told(&row);
                Ok(ExitCode::SUCCESS)
            }
            Err(wrong) => {
                println!("{wrong}");
                Ok(ExitCode::FAILURE)
            }
        }
    }
}

impl Set {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let workspace = self.workspace.choose(&context).await?;
        let new = NewCode {
            kind: self.kind,
            code: self.code,
            name: self.name,
            place: self.place,
            active: self.active,
        };
        let saving = while_busy(is_busy, || save_code(&context, workspace.id, new.clone()));
        let (row, made) = saving.await?;
        println!("{}", if made { "added" } else { "changed" });
        told(&row);
        Ok(ExitCode::SUCCESS)
    }
}
