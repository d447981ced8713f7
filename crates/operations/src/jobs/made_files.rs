//! Files that jobs made, as people fetch them: as they are kept, or as an Excel workbook.

use std::fs::File;
use std::io::{Seek as _, Write as _};

use domain::{JobId, WorkspaceId};
use store::{JobFile, JobRow, JobStatus, StoreError};
use thiserror::Error;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{
    ExportContactsJob, ExportRowsJob, JobSpec, RowsFormat, SheetFormat,
    contact_file::meant,
    rows_file::{DATA, DESCRIPTOR},
};
use crate::{
    Context,
    sheets::{Book, Record, Records, piece},
};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Bytes of one piece of a workbook.
const PIECE: usize = 256 * 1_024;
/// Parts of a file that are on their way to the thread that makes a workbook of them.
const PARTS_ON_THE_WAY: usize = 2;

/// Why a file cannot be fetched.
#[derive(Debug, Clone, Error)]
pub enum MadeFileError {
    /// The workbook cannot be written, as on a full disk.
    #[error("the file cannot be made: {0}")]
    Workbook(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

enum Source {
    Kept { workspace: WorkspaceId, job: JobId, place: i64 },
    Book(File),
}

/// A file that a job made, to be handed out piece by piece.
pub struct MadeFile {
    /// Name under which people keep it.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    source: Source,
}

impl MadeFile {
    /// The file of a job that is done; `None` if it made none, or has none any more. A workbook is made now, which takes
    /// some seconds for a million people.
    ///
    /// # Errors
    /// [`MadeFileError`].
    pub async fn of(ctx: &Context, job: &JobRow) -> Result<Option<Self>, MadeFileError> {
        let there = ctx.store.job_chunk(job.workspace, job.id, JobFile::Made, 0).await?.is_some();
        if job.status != JobStatus::Done || !there {
            return Ok(None);
        }
        let (workspace, id) = (job.workspace, job.id);
        let kept = Source::Kept { workspace, job: id, place: 0 };
        let (ending, media_type, source) = match serde_json::from_str(&job.spec) {
            Ok(JobSpec::ExportContacts(ExportContactsJob { format: SheetFormat::Xlsx, .. })) => {
                ("xlsx", XLSX, Source::Book(book(ctx, workspace, id).await?))
            }
            Ok(JobSpec::ExportContacts(_)) => ("csv", "text/csv; charset=utf-8", kept),
            Ok(JobSpec::ExportRows(ExportRowsJob { format, .. })) => match format {
                RowsFormat::Csv => ("csv", "text/csv; charset=utf-8", kept),
                RowsFormat::Xlsx => ("xlsx", XLSX, Source::Book(book(ctx, workspace, id).await?)),
                RowsFormat::Jsonl => ("jsonl", "application/x-ndjson", kept),
                RowsFormat::FlowResults => {
                    ("zip", "application/zip", Source::Book(package(ctx, workspace, id).await?))
                }
            },
            _ => ("json", "application/json", kept),
        };
        let name = format!("{}-{}.{ending}", job.kind.as_str().replace('_', "-"), job.uuid);
        Ok(Some(Self { name, media_type, source }))
    }

    /// The next piece; `None` at its end.
    ///
    /// # Errors
    /// [`MadeFileError`].
    pub async fn next(&mut self, ctx: &Context) -> Result<Option<Vec<u8>>, MadeFileError> {
        match &mut self.source {
            Source::Kept { workspace, job, place } => {
                let part = ctx.store.job_chunk(*workspace, *job, JobFile::Made, *place).await?;
                *place += 1;
                Ok(part)
            }
            Source::Book(file) => {
                let piece = piece(file, PIECE).map_err(|error| MadeFileError::Workbook(error.to_string()))?;
                Ok((!piece.is_empty()).then_some(piece))
            }
        }
    }
}

/// Makes a workbook of the comma-separated values of a job, on a thread of its own.
async fn book(ctx: &Context, workspace: WorkspaceId, job: JobId) -> Result<File, MadeFileError> {
    let (parts, mut next) = tokio::sync::mpsc::channel::<Vec<u8>>(PARTS_ON_THE_WAY);
    let writing = tokio::task::spawn_blocking(move || {
        let (mut records, mut book) = (Records::default(), None::<Book>);
        loop {
            let part = next.blocking_recv();
            records.push(part.as_deref().unwrap_or_default());
            while let Some(record) = records.next(part.is_none()) {
                let Record::Row(_, cells) = record else { continue };
                let cells: Vec<_> = cells.iter().map(|cell| meant(cell).into()).collect();
                match &mut book {
                    None => book = Some(Book::new(cells)),
                    Some(book) => book.add(&cells).map_err(|error| error.to_string())?,
                }
            }
            if part.is_none() {
                let book = book.unwrap_or_else(|| Book::new(Vec::new()));
                return book.finish().map_err(|error| error.to_string());
            }
        }
    });
    for place in 0.. {
        let Some(part) = ctx.store.job_chunk(workspace, job, JobFile::Made, place).await? else { break };
        if parts.send(part).await.is_err() {
            break;
        }
    }
    drop(parts);
    match writing.await {
        Ok(made) => made.map_err(MadeFileError::Workbook),
        Err(error) => Err(MadeFileError::Workbook(error.to_string())),
    }
}

/// Makes a package of Flow Results of the rows of a job and of what describes them, which is the last part.
async fn package(ctx: &Context, workspace: WorkspaceId, job: JobId) -> Result<File, MadeFileError> {
    let (parts, mut next) = tokio::sync::mpsc::channel::<Vec<u8>>(PARTS_ON_THE_WAY);
    let writing = tokio::task::spawn_blocking(move || -> std::io::Result<File> {
        let mut zip = ZipWriter::new(tempfile::tempfile()?);
        let options = SimpleFileOptions::default();
        zip.start_file(DATA, options).map_err(std::io::Error::other)?;
        let mut before: Option<Vec<u8>> = None;
        while let Some(part) = next.blocking_recv() {
            if let Some(rows) = before.replace(part) {
                zip.write_all(&rows)?;
            }
        }
        zip.start_file(DESCRIPTOR, options).map_err(std::io::Error::other)?;
        zip.write_all(&before.unwrap_or_default())?;
        let mut file = zip.finish().map_err(std::io::Error::other)?;
        file.rewind()?;
        Ok(file)
    });
    for place in 0.. {
        let Some(part) = ctx.store.job_chunk(workspace, job, JobFile::Made, place).await? else { break };
        if parts.send(part).await.is_err() {
            break;
        }
    }
    drop(parts);
    match writing.await {
        Ok(made) => made.map_err(|error| MadeFileError::Workbook(error.to_string())),
        Err(error) => Err(MadeFileError::Workbook(error.to_string())),
    }
}
