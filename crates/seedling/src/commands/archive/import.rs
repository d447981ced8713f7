//! `seedling archive import`: files of old messages and runs come in.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use files::Files;
use node::{Config, Layer, Surroundings, archive_place};
use operations::{BringBackError, BroughtBack, UnknownPeople, bring_back, keep_archive};
use store::StoreError;

use crate::options::{StoreOptions, WorkspaceOption};
use crate::patience::while_busy;

/// Brings in archives of RapidPro, or of another Seedling: lines become rows again, as the history of people. What is there
/// already is left as it is: after a crash the same command goes on where it was. May run beside nodes.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling archive import ./rapidpro-archives --data ./seedling-data
  seedling archive import ./rapidpro-archives --keep-as-files --data ./seedling-data
  seedling archive import --from-bucket 12/message_D20190501_0a1b.jsonl.gz --config /etc/seedling.toml

docs/retention.md says more.")]
pub struct Import {
    /// Files of JSON lines packed with gzip, or folders with such files (*.jsonl.gz) at any depth
    #[arg(value_name = "FILE|DIR", required_unless_present = "from_bucket")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// Files of the place for archives, by their names there; may be given several times
    #[arg(long, value_name = "NAME")]
    from_bucket: Vec<String>,
    /// Leave lines out of people who are not known, in place of adding those people as archived contacts
    #[arg(long, conflicts_with = "keep_as_files")]
    known_people_only: bool,
    /// Keep the files as archives of the workspace, without making rows of their lines
    #[arg(long)]
    keep_as_files: bool,
    /// Folder of archives, or s3 [default: archives in the data folder]
    #[arg(long, value_name = "DIR")]
    archives: Option<PathBuf>,
    /// Settings in TOML, as the node has them
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// All packed files below a folder, in order of their names.
fn below(path: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if !path.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let entries = std::fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        let is_packed = path.to_string_lossy().ends_with(".jsonl.gz");
        if path.is_dir() || is_packed {
            below(&path, found)?;
        }
    }
    Ok(())
}

/// A file by itself: its folder, and its name there.
fn alone(path: &Path) -> anyhow::Result<(Files, String)> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.with_context(|| format!("{} is no file", path.display()))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((Files::folder(folder), name.to_owned()))
}

fn is_busy(error: &BringBackError) -> bool {
    matches!(error, BringBackError::Store(StoreError::Busy))
}

impl Import {
    /// Does it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let flags = Layer {
            data: Some(self.store.data.clone()),
            archives: self.archives.clone(),
            ..Layer::default()
        };
        let config = Config::load(flags, self.config.as_deref())?;
        let place = archive_place(&config, &Surroundings::system(false)?)?;
        let mut all = Vec::new();
        let mut paths = Vec::new();
        for path in &self.paths {
            below(path, &mut paths)?;
        }
        for path in paths {
            all.push(alone(&path).map(|(files, name)| (path.display().to_string(), files, name))?);
        }
        for name in &self.from_bucket {
            let place = place.clone().context("there is no place for archives; name one with --archives")?;
            all.push((name.clone(), place, name.clone()));
        }
        if all.is_empty() {
            bail!("there is no file that ends with .jsonl.gz");
        }
        let context = self.store.open().await?.with_archives(place);
        let workspace = self.workspace.choose(&context).await?;
        let unknown = if self.known_people_only { UnknownPeople::LeftOut } else { UnknownPeople::Added };
        let (mut sum, mut kept, mut failed) = (BroughtBack::default(), 0, 0);
        for (shown, files, name) in &all {
            if self.keep_as_files {
                match keep_archive(&context, workspace.id, (files, name)).await {
                    Ok(row) => {
                        kept += 1;
                        println!("{shown}: kept, {} lines", row.records);
                    }
                    Err(error) => {
                        failed += 1;
                        println!("{shown}: {error}");
                    }
                }
                continue;
            }
            let bringing = while_busy(is_busy, async || {
                bring_back(&context, workspace.id, (files, name), unknown).await
            });
            match bringing.await {
                Ok(done) => {
                    told(shown, &done);
                    sum.add(done);
                }
                Err(error) => {
                    failed += 1;
                    println!("{shown}: {error}");
                }
            }
        }
        if self.keep_as_files {
            println!("{kept} of {} files are kept as archives", all.len());
        } else {
            told("all", &sum);
        }
        Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn told(what: &str, done: &BroughtBack) {
    println!(
        "{what}: {} lines: {} messages, {} runs, {} were there; added: {} contacts, {} flows, {} labels",
        done.lines, done.messages, done.runs, done.known, done.contacts, done.flows, done.labels
    );
    for (reason, count) in &done.left_out {
        println!("  {count} left out: {reason}");
    }
    for (line, reason) in &done.told {
        println!("    line {line}: {reason}");
    }
}
