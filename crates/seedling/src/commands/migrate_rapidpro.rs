//! `seedling migrate-rapidpro`: workspaces of a RapidPro 9 come over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use domain::WorkspaceId;
use operations::Context;
use rapidpro::{MigrateError, Report, Settings, Sink, Source, migrate};
use serde_json::json;
use store::{AuditNote, Store, StoreUrl};
use tokio::runtime::{Builder, Runtime};

use crate::here::Here;
use crate::options::{operator, private_folder};

/// How long the row of a node must stand still before the node counts as gone: longer than nodes themselves wait.
const STILL_FOR: Duration = Duration::from_secs(12);

/// Reads the database of a RapidPro 9 and brings its workspaces over: people, history, flows with the conversations that
/// wait now, triggers, schedules, campaigns, tickets, users, tokens and channels.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling migrate-rapidpro --from postgres://temba@localhost/temba --rehearse
  seedling migrate-rapidpro --from postgres://temba@localhost/temba --to ./seedling-data/seedling.db
  seedling migrate-rapidpro --from postgres://temba@localhost/temba --to postgres://seedling@localhost/seedling \\
      --org 2 --sessions ./session-files --json

The source is only read. Stop RapidPro, mailroom and courier first. The same command again goes on where it broke off and
adds nothing twice. Exit status 1 if a row is unaccounted for. More in docs/moving-from-rapidpro.md.")]
pub struct MigrateRapidpro {
    /// The database of RapidPro
    #[arg(long, value_name = "URL")]
    from: String,
    /// Where to: a database's address, or the file of a SQLite database
    #[arg(long, value_name = "URL_OR_FILE", required_unless_present = "rehearse")]
    to: Option<String>,
    /// Read and report, and write nothing
    #[arg(long)]
    rehearse: bool,
    /// Only the workspace with this number
    #[arg(long, value_name = "ID")]
    org: Option<i64>,
    /// Folder with session files, if RapidPro keeps them in a storage: by their paths behind the address of the bucket
    #[arg(long, value_name = "DIR")]
    sessions: Option<PathBuf>,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
}

impl MigrateRapidpro {
    /// Does it. Not within a runtime: the source is read by this thread.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let begun = Instant::now();
        let source = Source::open(&self.from).context("cannot read the source")?;
        let sink = match (&self.to, self.rehearse) {
            (Some(to), false) => into_store(to)?,
            _ => Sink::nowhere(Here::shared()),
        };
        let settings = Settings { org: self.org, sessions: self.sessions };
        let migrated = migrate(&source, &sink, &settings, |workspace, area| eprintln!("{workspace}: {area}"));
        let report = match migrated {
            Err(error @ MigrateError::NoWorkspace(_)) => return Err(error.into()),
            other => other
                .context("the migration broke off; what was brought stays, and the same command goes on")?,
        };
        show(&report, begun.elapsed().as_secs_f64(), self.json)?;
        Ok(if report.agrees() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn show(report: &Report, seconds: f64, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let mut shown = serde_json::to_value(report)?;
        shown["seconds"] = json!(seconds);
        shown["agrees"] = json!(report.agrees());
        println!("{shown}");
        return Ok(());
    }
    print!("{report}");
    let what = if report.rehearsal { "read; nothing was written" } else { "brought over" };
    println!("{what} in {seconds:.1} s");
    println!("every row accounted for: {}", if report.agrees() { "yes" } else { "NO" });
    Ok(())
}

/// Opens the store, or makes it.
fn into_store(to: &str) -> anyhow::Result<Sink> {
    let url: StoreUrl = match to.contains(':') {
        true => to.parse()?,
        false => Path::new(to).to_path_buf().into(),
    };
    if let StoreUrl::Sqlite(path) = &url
        && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
    {
        private_folder(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let runtime: Runtime =
        Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?;
    let store =
        Store::open(&url, store::StoreOptions::default()).with_context(|| format!("cannot open {url}"))?;
    runtime.block_on(refuse_living_nodes(&store))?;
    let context = Context::for_command(store, Here::shared());
    // One row for all: what is brought says itself what it was.
    let (verb, kind, subject) = ("begun", "migration", "from RapidPro".into());
    let said = AuditNote { workspace: WorkspaceId(0), verb, kind, subject, detail: serde_json::Value::Null };
    runtime.block_on(operations::note(&context.acting(operator()), said))?;
    Ok(Sink::store(context, runtime))
}

/// Nodes would fire timers of conversations of which only a part is there. A row that stands still is of one that was
/// killed.
async fn refuse_living_nodes(store: &Store) -> anyhow::Result<()> {
    let beats = async || -> anyhow::Result<BTreeMap<i64, i64>> {
        let nodes = store.nodes().await?;
        Ok(nodes.iter().map(|node| (node.run, node.beat)).collect())
    };
    let first = beats().await?;
    if first.is_empty() {
        return Ok(());
    }
    eprintln!("looking whether a node serves the store");
    tokio::time::sleep(STILL_FOR).await;
    if beats().await?.iter().any(|(run, beat)| first.get(run) != Some(beat)) {
        bail!("a node serves the store; stop it first");
    }
    Ok(())
}
