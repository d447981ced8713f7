//! `seedling contact import FILE`: contacts from a spreadsheet.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use domain::GroupUuid;
use operations::{
    ContactColumn, ContactIntake, Context, ImportContactsJob, ImportErrors, JobSpec, Workspace,
    confirm_import,
};
use serde_json::json;
use store::{JobRow, JobStatus};

use crate::commands::job;
use crate::options::{StoreOptions, WorkspaceOption};
use crate::progress::follow;

/// Bytes that are read at a time.
const PIECE: usize = 256 * 1_024;

/// Brings in contacts from comma-separated values or an Excel workbook. Whoever has an address of a line is changed,
/// others are made; a line that cannot be done is left out and named. It is a job: cut off, it goes on by itself where a
/// node serves.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling contact import people.csv --group Mothers
  seedling contact import people.xlsx --preview
  seedling contact import people.xlsx --map 'Cell no=URN:tel' --map 'Town=Field:Town' --errors left-out.csv
  seedling contact import people.csv --later

The first line names the columns: Contact UUID, Name, Language, Status, URNs (tel:+254… | whatsapp:254…), URN:tel,
Field:Age, Group:Mothers, Groups. Empty cells leave what is there, -- clears it. docs/contacts.md says more.")]
pub struct Import {
    /// The file: CSV in UTF-8, or .xlsx; - reads standard input
    file: PathBuf,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    workspace: WorkspaceOption,
    /// A group that everybody of the file joins; may be given several times
    #[arg(long, value_name = "NAME")]
    group: Vec<String>,
    /// What a column is, as in 'Cell no=URN:tel'; nothing behind the = passes it over. Plain headings are guessed then
    #[arg(long, value_name = "HEADER=COLUMN")]
    map: Vec<String>,
    /// Only show what the columns seem to be, and the first lines
    #[arg(long, conflicts_with = "later")]
    preview: bool,
    /// Show the preview as JSON
    #[arg(long, requires = "preview")]
    json: bool,
    /// Where to write the lines that are left out, with the reasons, as CSV
    #[arg(long, value_name = "FILE", conflicts_with = "later")]
    errors: Option<PathBuf>,
    /// Only hand the file in: a node that serves does the rest
    #[arg(long)]
    later: bool,
}

impl Import {
    /// Imports it.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let context = self.store.open().await?;
        let row = self.workspace.choose(&context).await?;
        let workspace =
            context.registry.workspace(&context, row.id).await?.context("the workspace is gone")?;
        let groups = self.groups(&workspace)?;
        let name = self.file.display().to_string();
        let strict = self.map.is_empty() && !self.preview;
        let mut intake = ContactIntake::begin(&context, row.id, &name, None, strict).await?;
        let taken = match hand_in(&self.file, &mut intake).await {
            Ok(job) => self.begin(&context, &workspace, job, groups).await,
            Err(error) => Err(error),
        };
        let job = match taken {
            Ok(Some(job)) => job,
            Ok(None) => {
                intake.give_up().await;
                return Ok(ExitCode::SUCCESS);
            }
            Err(error) => {
                intake.give_up().await;
                return Err(error.context(format!("cannot import {name}; nothing was changed")));
            }
        };
        if self.later {
            println!("{}", job.uuid);
            return Ok(ExitCode::SUCCESS);
        }
        let job = follow(&context, row.id, &job).await?;
        println!("{}", job::line(&job));
        if job.left_out > 0 {
            self.tell_errors(&context, &job).await?;
        }
        Ok(if job.status == JobStatus::Done { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn groups(&self, workspace: &Workspace) -> anyhow::Result<Vec<GroupUuid>> {
        let mut groups = Vec::new();
        for name in &self.group {
            let wanted = name.trim().to_lowercase();
            let found = workspace.assets.groups().find(|group| group.name.to_lowercase() == wanted);
            let found = found.with_context(|| format!("there is no group {name:?}"))?;
            if found.query.is_some() {
                bail!("the group {name:?} is defined by a query; nobody can be put into it");
            }
            groups.push(found.uuid);
        }
        Ok(groups)
    }

    /// Lets the import begin; `None` if it was only to be looked at.
    async fn begin(
        &self,
        context: &Context,
        workspace: &Workspace,
        job: JobRow,
        groups: Vec<GroupUuid>,
    ) -> anyhow::Result<Option<JobRow>> {
        let JobSpec::ImportContacts(import) = serde_json::from_str(&job.spec)? else {
            bail!("the job is no import")
        };
        let columns = self.mapped(workspace, &import)?;
        if self.preview {
            self.show(workspace, &job, &import, &columns);
            return Ok(None);
        }
        Ok(Some(confirm_import(context, job.workspace, job.uuid, Some(columns), groups).await?))
    }

    /// What each column is: as guessed, unless it was said.
    fn mapped(
        &self,
        workspace: &Workspace,
        import: &ImportContactsJob,
    ) -> anyhow::Result<Vec<ContactColumn>> {
        let mut columns = import.columns.clone();
        for mapping in &self.map {
            let (header, column) =
                mapping.rsplit_once('=').with_context(|| format!("{mapping:?} is not HEADER=COLUMN"))?;
            let wanted = header.trim().to_lowercase();
            let place = import.header.iter().position(|name| name.to_lowercase() == wanted);
            let place = place.with_context(|| format!("the file has no column {header:?}"))?;
            columns[place] = ContactColumn::read(column.trim(), workspace)?;
        }
        Ok(columns)
    }

    fn show(
        &self,
        workspace: &Workspace,
        job: &JobRow,
        import: &ImportContactsJob,
        columns: &[ContactColumn],
    ) {
        let lines = job.total.unwrap_or_default();
        let shown: Vec<_> = import
            .header
            .iter()
            .zip(columns)
            .enumerate()
            .map(|(place, (header, column))| {
                let cells =
                    import.preview.iter().map(|line| line.get(place).map_or("", |cell| cell.as_str()));
                (header, column.called(workspace), cells.take(3).collect::<Vec<_>>())
            })
            .collect();
        if self.json {
            let columns: Vec<_> = shown
                .iter()
                .map(|(header, mapping, examples)| {
                    json!({"header": header, "mapping": mapping, "examples": examples})
                })
                .collect();
            println!("{}", json!({"lines": lines, "broken": job.left_out, "columns": columns}));
            return;
        }
        println!("{lines} lines, {} of them broken", job.left_out);
        for (header, mapping, examples) in shown {
            let mapping = mapping.map_or_else(|| "(passed over)".to_owned(), |mapping| mapping.to_string());
            println!("{header:<24} {mapping:<24} {}", examples.join(", "));
        }
    }

    async fn tell_errors(&self, context: &Context, job: &JobRow) -> anyhow::Result<()> {
        let Some(path) = &self.errors else {
            eprintln!("`seedling job show {} --left-out` says which lines were left out, and why", job.uuid);
            return Ok(());
        };
        let mut text = String::new();
        if let Some(mut errors) = ImportErrors::of(context, job.clone()).await? {
            while let Some(piece) = errors.next(context).await? {
                text.push_str(&piece);
            }
        }
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("{} says which lines were left out, and why", path.display());
        Ok(())
    }
}

/// Hands the file in, piece by piece.
async fn hand_in(path: &Path, intake: &mut ContactIntake<'_>) -> anyhow::Result<JobRow> {
    let opened: std::io::Result<Box<dyn Read>> = if path == Path::new("-") {
        Ok(Box::new(std::io::stdin()))
    } else {
        std::fs::File::open(path).map(|file| Box::new(file) as Box<dyn Read>)
    };
    let mut file = opened.with_context(|| format!("cannot read {}", path.display()))?;
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece).with_context(|| format!("cannot read {}", path.display()))? {
            0 => return Ok(intake.end().await?),
            read => intake.take(&piece[..read]).await?,
        }
    }
}
