//! A file of contacts is handed in: comma-separated values or an Excel workbook, piece by piece as it arrives, so that its
//! size does not show in memory. Its lines lie with a job, which waits until somebody has said what the columns are.

use domain::{GroupUuid, JobUuid, Reference, UserUuid, WorkspaceId};
use jiff::SignedDuration;
use smol_str::{SmolStr, format_smolstr};
use std::sync::Arc;
use store::{
    Change, JOB_CHUNK_BYTES, JobFile, JobKind, JobRow, JobStatus, NewLeftOut, StoreError, Unit, UnitError,
    Walk,
};
use thiserror::Error;

use super::{
    ContactColumn, ImportContactsJob, JobError, JobSpec,
    contact_file::{self, ColumnError},
    contacts_in::{Line, SLICE},
    files::chunks,
    job_row, set_job_status,
    slice::left_out,
};
use crate::{
    Context, Workspace,
    batch::MAX_TRIES,
    sheets::{
        MAX_COLUMNS, MAX_RECORD_BYTES, MAX_WORKBOOK_BYTES, Record, Records, WorkbookError, read_workbook,
    },
};

/// Bytes of a file of comma-separated values: some two million lines.
pub const MAX_CONTACT_FILE_BYTES: u64 = 256 * 1_024 * 1_024;
/// Lines of a file.
pub const MAX_CONTACT_LINES: i64 = 2_000_000;
/// Lines that are shown before an import begins.
const PREVIEW_LINES: usize = 10;
/// Characters of a cell that are shown then.
const PREVIEW_CHARS: usize = 100;
/// Lines of one part of the file.
const PART_LINES: usize = SLICE;
/// Lines of a workbook that are on their way from the thread that reads it.
const LINES_ON_THE_WAY: usize = 1_000;
/// How long a file waits for somebody to say what its columns are.
const WAITS_FOR: SignedDuration = SignedDuration::from_hours(24 * 7);
/// Imports that are looked at for those that wait too long.
const LOOKED_AT: usize = 50;
const NOT_WHOLE: &str = "its file was not handed in to the end; cancel it and hand the file in again";
const WAITS: &str = "it waits until somebody says what its columns are";

/// Why a file of contacts is not taken.
#[derive(Debug, Clone, Error)]
pub enum ContactFileError {
    /// It is too large.
    #[error(
        "the file is too large: at most {MAX_CONTACT_LINES} lines, {} MB as CSV and {} MB as Excel; cut it into several",
        MAX_CONTACT_FILE_BYTES >> 20,
        MAX_WORKBOOK_BYTES >> 20
    )]
    TooLarge,
    /// Its first line is not text in UTF-8.
    #[error("the file is not text in UTF-8; let the spreadsheet write it as CSV UTF-8 or as .xlsx")]
    NotText,
    /// It is a workbook that cannot be read.
    #[error("{0}")]
    Workbook(SmolStr),
    /// Its first line cannot be read.
    #[error("the first line cannot be read: {0}")]
    Header(&'static str),
    /// It has no lines.
    #[error("the file has no lines below its header")]
    Empty,
    /// It has too many columns.
    #[error("the file has more than {MAX_COLUMNS} columns")]
    TooWide,
    /// Its header means nothing.
    #[error(transparent)]
    Columns(#[from] ColumnError),
    /// There are not as many columns in the file as were said.
    #[error("the file has {0} columns; say of each what it is")]
    Count(usize),
    /// There is no such import, or it has begun.
    #[error("there is no such import, or it has begun")]
    Gone,
    /// There is no such workspace.
    #[error("there is no such workspace")]
    NoWorkspace,
    /// The job cannot be written.
    #[error(transparent)]
    Job(#[from] JobError),
}

impl From<StoreError> for ContactFileError {
    fn from(error: StoreError) -> Self {
        Self::Job(error.into())
    }
}

impl From<WorkbookError> for ContactFileError {
    fn from(error: WorkbookError) -> Self {
        Self::Workbook(format_smolstr!("{error}"))
    }
}

/// In which form the file comes.
enum Form {
    Unknown(Vec<u8>),
    Csv(Box<Records>),
    Workbook(Vec<u8>),
}

/// A file that is being handed in.
pub struct ContactIntake<'c> {
    ctx: &'c Context,
    ws: Arc<Workspace>,
    import: ImportContactsJob,
    /// Whether the header must be as exports write it; else it is guessed what is meant.
    strict: bool,
    form: Form,
    bytes: u64,
    /// Once the first part was written.
    job: Option<JobRow>,
    part: Vec<Line>,
    part_bytes: usize,
    parts: i64,
    total: i64,
    broken: Vec<store::LeftOut>,
    broken_count: i64,
}

impl<'c> ContactIntake<'c> {
    /// Begins with a file of this name. With `strict` the first line must name the columns as exports do.
    ///
    /// # Errors
    /// [`ContactFileError`].
    pub async fn begin(
        ctx: &'c Context,
        workspace: WorkspaceId,
        file: &str,
        user: Option<Reference<UserUuid>>,
        strict: bool,
    ) -> Result<Self, ContactFileError> {
        let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(ContactFileError::NoWorkspace)?;
        forget_waiting(ctx, workspace).await?;
        let import = ImportContactsJob {
            file: file.chars().take(PREVIEW_CHARS).collect(),
            columns: Vec::new(),
            groups: Vec::new(),
            header: Vec::new(),
            preview: Vec::new(),
            waits: true,
            user,
        };
        Ok(Self {
            ctx,
            ws,
            import,
            strict,
            form: Form::Unknown(Vec::new()),
            bytes: 0,
            job: None,
            part: Vec::new(),
            part_bytes: 0,
            parts: 0,
            total: 0,
            broken: Vec::new(),
            broken_count: 0,
        })
    }

    /// Takes the next piece of the file.
    ///
    /// # Errors
    /// [`ContactFileError`]; what was taken is to be given up then.
    pub async fn take(&mut self, piece: &[u8]) -> Result<(), ContactFileError> {
        self.bytes += piece.len() as u64;
        if let Form::Unknown(held) = &mut self.form {
            held.extend_from_slice(piece);
            if held.len() < 4 {
                return Ok(());
            }
            let held = std::mem::take(held);
            return self.recognise(held).await;
        }
        self.add(piece).await
    }

    /// What kind of file it is, by its first bytes.
    async fn recognise(&mut self, held: Vec<u8>) -> Result<(), ContactFileError> {
        if held.starts_with(b"PK\x03\x04") {
            self.form = Form::Workbook(held);
            return Ok(());
        }
        if held.starts_with(b"\xd0\xcf\x11\xe0") {
            let said =
                "the file is an Excel workbook of the old kind (.xls); save it as .xlsx or as CSV UTF-8";
            return Err(ContactFileError::Workbook(said.into()));
        }
        self.form = Form::Csv(Box::default());
        self.add(&held).await
    }

    async fn add(&mut self, piece: &[u8]) -> Result<(), ContactFileError> {
        let limit = match &self.form {
            Form::Workbook(_) => MAX_WORKBOOK_BYTES as u64,
            Form::Unknown(_) | Form::Csv(_) => MAX_CONTACT_FILE_BYTES,
        };
        if self.bytes > limit {
            return Err(ContactFileError::TooLarge);
        }
        match &mut self.form {
            Form::Unknown(held) | Form::Workbook(held) => {
                held.extend_from_slice(piece);
                Ok(())
            }
            Form::Csv(_) => {
                for piece in piece.chunks(MAX_RECORD_BYTES) {
                    self.read(piece, false).await?;
                }
                Ok(())
            }
        }
    }

    async fn read(&mut self, piece: &[u8], at_end: bool) -> Result<(), ContactFileError> {
        let Form::Csv(records) = &mut self.form else { return Ok(()) };
        records.push(piece);
        loop {
            let Form::Csv(records) = &mut self.form else { return Ok(()) };
            match records.next(at_end) {
                Some(record) => self.line(record).await?,
                None => return Ok(()),
            }
        }
    }

    /// The whole file was taken. Answers the job, which waits to be confirmed ([`confirm_import`]).
    ///
    /// # Errors
    /// [`ContactFileError`]; what was taken is to be given up then.
    pub async fn end(&mut self) -> Result<JobRow, ContactFileError> {
        if let Form::Unknown(held) = &mut self.form {
            let held = std::mem::take(held);
            self.form = Form::Csv(Box::default());
            self.read(&held, false).await?;
        }
        match std::mem::replace(&mut self.form, Form::Unknown(Vec::new())) {
            Form::Workbook(bytes) => self.read_workbook(bytes).await?,
            csv => {
                self.form = csv;
                self.read(&[], true).await?;
            }
        }
        if self.total == 0 {
            return Err(ContactFileError::Empty);
        }
        self.write_part().await?;
        self.finish().await
    }

    /// Gives up what was taken.
    pub async fn give_up(self) {
        if let Some(job) = self.job {
            let given_up = set_job_status(self.ctx, job.workspace, job.id, JobStatus::Cancelled).await;
            let unit = Unit::new(vec![Change::ForgetJobFiles(job.workspace, job.id)]);
            let forgotten = self.ctx.write_one(unit).await;
            if let (Err(error), _) | (Ok(()), Err(UnitError::Store(StoreError::Database(error)))) =
                (given_up.map_err(|error| error.to_string()), forgotten)
            {
                tracing::warn!(job = %job.uuid, error, "a file that was not handed in to the end is left over");
            }
        }
    }

    /// Parsing a workbook takes a thread for some seconds; lines come over a bridge of a few.
    async fn read_workbook(&mut self, bytes: Vec<u8>) -> Result<(), ContactFileError> {
        let (lines, mut next) = tokio::sync::mpsc::channel(LINES_ON_THE_WAY);
        let reading = tokio::task::spawn_blocking(move || {
            read_workbook(&bytes, |line| lines.blocking_send(line).is_ok())
        });
        while let Some(line) = next.recv().await {
            self.line(line).await?;
        }
        match reading.await {
            Ok(read) => Ok(read?),
            Err(error) => {
                Err(ContactFileError::Workbook(format_smolstr!("the workbook cannot be read: {error}")))
            }
        }
    }

    async fn line(&mut self, record: Record) -> Result<(), ContactFileError> {
        let (number, cells) = match record {
            Record::Row(number, cells) => (number, cells),
            Record::Broken(_, why) if self.import.header.is_empty() => {
                return Err(match why {
                    why if why.contains("UTF-8") => ContactFileError::NotText,
                    why => ContactFileError::Header(why),
                });
            }
            Record::Broken(number, why) => {
                (self.total, self.broken_count) = (self.total + 1, self.broken_count + 1);
                if self.broken_count <= store::MAX_LEFT_OUT {
                    self.broken.push(left_out(None, format_smolstr!("line {number}"), why));
                }
                return self.hold_to_limits();
            }
        };
        if self.import.header.is_empty() {
            return self.header(cells);
        }
        self.total += 1;
        self.hold_to_limits()?;
        if self.import.preview.len() < PREVIEW_LINES {
            let shown = |cell: &SmolStr| cell.chars().take(PREVIEW_CHARS).collect();
            self.import.preview.push(cells.iter().take(self.import.header.len()).map(shown).collect());
        }
        self.part_bytes += cells.iter().map(|cell| cell.len() + 8).sum::<usize>();
        self.part.push((number, cells));
        if self.part.len() >= PART_LINES || self.part_bytes >= JOB_CHUNK_BYTES {
            self.write_part().await?;
        }
        Ok(())
    }

    fn header(&mut self, cells: Vec<SmolStr>) -> Result<(), ContactFileError> {
        if cells.len() > MAX_COLUMNS {
            return Err(ContactFileError::TooWide);
        }
        self.import.columns = match self.strict {
            true => contact_file::columns(&cells, &self.ws)?,
            false => contact_file::guess(&cells, &self.ws),
        };
        self.import.header = cells.iter().map(|cell| cell.trim().into()).collect();
        Ok(())
    }

    fn hold_to_limits(&self) -> Result<(), ContactFileError> {
        if self.total > MAX_CONTACT_LINES { Err(ContactFileError::TooLarge) } else { Ok(()) }
    }

    async fn write_part(&mut self) -> Result<(), ContactFileError> {
        if self.part.is_empty() {
            return Ok(());
        }
        let job = self.job().await?;
        let part = serde_json::to_vec(&std::mem::take(&mut self.part)).unwrap_or_default();
        let change = chunks(&job, JobFile::Given, self.parts, vec![part]).collect();
        (self.parts, self.part_bytes) = (self.parts + 1, 0);
        write(self.ctx, change).await
    }

    /// The job, written when it is needed first.
    async fn job(&mut self) -> Result<JobRow, ContactFileError> {
        if let Some(job) = &self.job {
            return Ok(job.clone());
        }
        let spec = JobSpec::ImportContacts(self.import.clone());
        let uuid = JobUuid(self.ctx.host.uuid_v7());
        let row = job_row(self.ctx, self.ws.row.id, uuid, &spec, None).map_err(unwritable)?;
        let row = JobRow { status: JobStatus::Paused, error: Some(NOT_WHOLE.to_owned()), ..row };
        write(self.ctx, vec![Change::NewJob(Box::new(row.clone()))]).await?;
        self.job = Some(row.clone());
        Ok(row)
    }

    async fn finish(&mut self) -> Result<JobRow, ContactFileError> {
        let job = self.job().await?;
        let spec =
            serde_json::to_string(&JobSpec::ImportContacts(self.import.clone())).map_err(unwritable)?;
        let row = JobRow {
            spec: spec.clone(),
            error: Some(WAITS.to_owned()),
            total: Some(self.total),
            left_out: self.broken_count,
            modified_on: self.ctx.now(),
            ..job
        };
        let mut broken = std::mem::take(&mut self.broken);
        broken.iter_mut().zip(0..).for_each(|(row, place)| row.place = place);
        let (workspace, job) = (row.workspace, row.id);
        write(
            self.ctx,
            vec![
                Change::Job(Box::new(row.clone())),
                Change::JobSpec(workspace, job, spec),
                Change::LeftOut(Box::new(NewLeftOut { workspace, job, rows: broken })),
            ],
        )
        .await?;
        Ok(JobRow { steps: row.steps + 1, ..row })
    }
}

fn unwritable(error: serde_json::Error) -> ContactFileError {
    JobError::Unwritable(error.to_string()).into()
}

async fn write(ctx: &Context, changes: Vec<Change>) -> Result<(), ContactFileError> {
    match ctx.write_one(Unit::new(changes)).await {
        Ok(_) => Ok(()),
        Err(UnitError::Gone) => Err(ContactFileError::Gone),
        Err(UnitError::Store(error)) => Err(error.into()),
        Err(other) => Err(StoreError::Database(other.to_string()).into()),
    }
}

/// Ends imports that nobody has confirmed for a week; their files go with the others.
async fn forget_waiting(ctx: &Context, workspace: WorkspaceId) -> Result<(), ContactFileError> {
    let walk = Walk { from: None, up: false, limit: LOOKED_AT };
    let jobs = ctx.store.list_jobs(workspace, JobKind::ImportContacts, (i64::MIN, i64::MAX), walk).await?;
    let old = ctx.now() - WAITS_FOR;
    for job in jobs.iter().filter(|job| job.status == JobStatus::Paused && job.modified_on < old) {
        let waits = matches!(
            serde_json::from_str(&job.spec),
            Ok(JobSpec::ImportContacts(ImportContactsJob { waits: true, .. }))
        );
        if waits {
            match set_job_status(ctx, workspace, job.id, JobStatus::Cancelled).await {
                Ok(()) | Err(JobError::Gone) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// Lets an import begin whose file was handed in. `columns` says what each column of the file is; without it, it is what
/// was guessed. Everybody of the file joins `groups`.
///
/// # Errors
/// [`ContactFileError`]; the import waits on then.
pub async fn confirm_import(
    ctx: &Context,
    workspace: WorkspaceId,
    uuid: JobUuid,
    columns: Option<Vec<ContactColumn>>,
    groups: Vec<GroupUuid>,
) -> Result<JobRow, ContactFileError> {
    for _ in 0..MAX_TRIES {
        let job = ctx.store.job_by_uuid(workspace, uuid).await?.ok_or(ContactFileError::Gone)?;
        let Ok(JobSpec::ImportContacts(import)) = serde_json::from_str::<JobSpec>(&job.spec) else {
            return Err(ContactFileError::Gone);
        };
        if !import.waits || job.ended_on.is_some() || job.error.as_deref() == Some(NOT_WHOLE) {
            return Err(ContactFileError::Gone);
        }
        let columns = columns.clone().unwrap_or_else(|| import.columns.clone());
        if columns.len() != import.header.len() {
            return Err(ContactFileError::Count(import.header.len()));
        }
        if !columns.iter().any(ContactColumn::says_who) {
            return Err(ColumnError::Nobody.into());
        }
        let import = ImportContactsJob { columns, groups: groups.clone(), waits: false, ..import };
        let spec = serde_json::to_string(&JobSpec::ImportContacts(import)).map_err(unwritable)?;
        let now = ctx.now();
        let row = JobRow {
            spec: spec.clone(),
            status: JobStatus::Queued,
            error: None,
            next_step: now,
            modified_on: now,
            ..job
        };
        let changes = vec![Change::Job(Box::new(row.clone())), Change::JobSpec(workspace, row.id, spec)];
        match write(ctx, changes).await {
            Ok(()) => {
                ctx.jobs.notify_one();
                return Ok(JobRow { steps: row.steps + 1, ..row });
            }
            // Somebody moved it meanwhile.
            Err(ContactFileError::Gone) => {}
            Err(error) => return Err(error),
        }
    }
    Err(ContactFileError::Gone)
}

/// Hands a whole file of contacts in and lets its import begin: a header as [`ContactColumn`] says, or, of plain
/// headings, what they are usually called. Empty cells leave what is there, `--` clears it.
///
/// # Errors
/// [`ContactFileError`]; nothing is imported then.
pub async fn import_contacts(
    ctx: &Context,
    workspace: WorkspaceId,
    file: &str,
    bytes: &[u8],
    groups: Vec<GroupUuid>,
) -> Result<JobRow, ContactFileError> {
    let mut intake = ContactIntake::begin(ctx, workspace, file, None, true).await?;
    let taken = match intake.take(bytes).await {
        Ok(()) => intake.end().await,
        Err(error) => Err(error),
    };
    match taken {
        Ok(job) => confirm_import(ctx, workspace, job.uuid, None, groups).await,
        Err(error) => {
            intake.give_up().await;
            Err(error)
        }
    }
}
