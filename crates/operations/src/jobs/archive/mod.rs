//! Slices of the work that puts what is too old into files. First a day of rows is packed, part by part, into the
//! store beside the job; then these parts become the file of the day, which is read back; only then are exactly these
//! rows removed, some at a time. Days of a month that is over become one file. At the end files are emptied of
//! who was erased. A crash anywhere leaves rows, or a file and rows, but never neither.

mod close;
mod gather;
mod tidy;

use std::sync::Arc;

use domain::{ArchiveId, ContactUuid, EventId};
use files::{FileError, Files};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use store::{ArchiveKind, ArchivePeriod, ArchiveRow, Change, JobRow, KeptLog, RetentionRow, StoreError};
use uuid::Uuid;

use super::slice::{Progress, Trouble, commit, place_of, place_text};
use crate::{
    Committed, Context, Workspace,
    archives::{archive_date, day_of, retention, start_of},
};

/// Rows of one part, and rows that one slice removes.
const ROWS: usize = 500;
/// What was changed within so long is left for another day: somebody may be at it.
const SETTLED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// What is done next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
enum Step {
    /// Rows of a day are packed: so far those up to a place, in so many parts.
    Gather {
        kind: Kind,
        after: Option<(i64, i64)>,
        day: Option<i32>,
        parts: i64,
        records: i64,
        /// Rows that were changed at this moment or later do not count, in microseconds.
        until: i64,
    },
    /// The parts become the file of the day.
    Close { kind: Kind, day: i32, parts: i64, records: i64, until: i64 },
    /// The rows of the parts are removed.
    Drop { kind: Kind, day: i32, parts: i64, next: i64, until: i64 },
    /// Messages that were deleted are removed.
    Emptied { after: Option<(i64, i64)> },
    /// Entries of histories are removed.
    Events { after: EventId },
    /// Rows of a log are removed.
    Logs { log: Log },
    /// Files of days become files of months.
    RollUp,
    /// Files are emptied of who was erased, from one on.
    Erase { people: Vec<ContactUuid>, after: ArchiveId },
    /// Nothing is left to do.
    End,
}

/// What rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Message,
    Run,
}

/// A log that goes for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Log {
    Audit,
    ChannelEvents,
}

impl Log {
    fn stored(self) -> KeptLog {
        match self {
            Self::Audit => KeptLog::Audit,
            Self::ChannelEvents => KeptLog::ChannelEvents,
        }
    }

    fn days(self, kept: &RetentionRow) -> Option<u32> {
        match self {
            Self::Audit => kept.audit,
            Self::ChannelEvents => kept.channel_events,
        }
    }

    /// The step behind it.
    fn then(self) -> Step {
        match self {
            Self::Audit => Step::Logs { log: Self::ChannelEvents },
            Self::ChannelEvents => Step::RollUp,
        }
    }
}

impl Kind {
    fn stored(self) -> ArchiveKind {
        match self {
            Self::Message => ArchiveKind::Message,
            Self::Run => ArchiveKind::Run,
        }
    }

    fn days(self, kept: &RetentionRow) -> Option<u32> {
        match self {
            Self::Message => kept.messages,
            Self::Run => kept.runs,
        }
    }

    /// The step behind the last day.
    fn then(self) -> Step {
        match self {
            Self::Message => Step::Emptied { after: None },
            Self::Run => Step::Events { after: EventId(i64::MIN) },
        }
    }
}

impl Step {
    /// Whether a file may be written in it.
    fn writes_a_file(&self) -> bool {
        match self {
            Self::Close { .. } | Self::RollUp | Self::Erase { .. } => true,
            Self::Gather { .. }
            | Self::Drop { .. }
            | Self::Emptied { .. }
            | Self::Events { .. }
            | Self::Logs { .. }
            | Self::End => false,
        }
    }

    fn first(kind: Kind) -> Self {
        Self::Gather { kind, after: None, day: None, parts: 0, records: 0, until: 0 }
    }
}

/// How far the work is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Place {
    #[serde(flatten)]
    step: Step,
    /// Files that nothing names any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    remove: Vec<String>,
    /// What the next file that is written is named by. It is drawn before, so that a slice that is tried again after a
    /// crash writes the same file, and none is left that nothing names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drawn: Option<Uuid>,
}

/// What a slice came to: what is next, files that are not needed any more, rows that are done with, and changes.
#[derive(Default)]
struct Done {
    step: Option<Step>,
    remove: Vec<String>,
    rows: usize,
    changes: Vec<Change>,
}

impl Done {
    fn next(step: Step) -> Self {
        Self { step: Some(step), ..Self::default() }
    }
}

/// What all steps need.
struct Work<'w> {
    ctx: &'w Context,
    ws: &'w Arc<Workspace>,
    job: &'w JobRow,
    files: &'w Files,
    kept: RetentionRow,
    /// What the file that is written is named by.
    drawn: Uuid,
}

impl Work<'_> {
    /// The files there are. If the one that this slice writes is among them, it was done by another runner, and is
    /// not to be written again from what became of it.
    async fn archives(&self) -> Result<Vec<ArchiveRow>, Trouble> {
        let all = self.ctx.store.archives(self.ws.row.id).await?;
        let drawn = self.drawn.simple().to_string();
        if all.iter().any(|row| row.file.contains(&drawn)) { Err(Trouble::Gone) } else { Ok(all) }
    }

    /// The name of the file that is written.
    fn name(&self, kind: ArchiveKind, (period, start): (ArchivePeriod, i32)) -> String {
        let (kind, period) = (kind.as_str(), period.as_str());
        let date = archive_date(start).strftime("%Y%m%d").to_string();
        format!("{}/{kind}_{period}_{date}_{}.jsonl.gz", self.ws.row.uuid, self.drawn.simple())
    }

    /// The first day of UTC that is kept, if rows are kept for so many days.
    fn first_kept(&self, days: Option<u32>) -> Option<i32> {
        let days = i32::try_from(days?).unwrap_or(i32::MAX);
        Some(day_of(self.ctx.now().as_microsecond()).saturating_sub(days))
    }

    /// The same as a moment.
    fn kept_from(&self, days: Option<u32>) -> Option<i64> {
        self.first_kept(days).map(start_of)
    }
}

impl From<FileError> for Trouble {
    fn from(error: FileError) -> Self {
        StoreError::Database(error.to_string()).into()
    }
}

pub(super) async fn slice(
    ctx: &Context,
    ws: &Arc<Workspace>,
    job: &JobRow,
) -> Result<Committed<JobRow>, Trouble> {
    let Some(files) = &ctx.archives else {
        return Err(Trouble::Never(
            "this node has no place for archives; start it with --archives FOLDER".to_owned(),
        ));
    };
    let place: Place = match job.place.as_str() {
        "{}" => Place { step: Step::first(Kind::Message), remove: Vec::new(), drawn: None },
        _ => place_of(job)?,
    };
    for name in &place.remove {
        files.remove(name).await?;
    }
    if place.drawn.is_none() && place.step.writes_a_file() {
        let place = Place { remove: Vec::new(), drawn: Some(ctx.host.uuid_v4()), ..place };
        return commit(ctx, job, Progress { place: place_text(&place), ..Progress::default() }, Vec::new())
            .await;
    }
    let kept = retention(ctx, ws.row.id).await?;
    let work = Work { ctx, ws, job, files, kept, drawn: place.drawn.unwrap_or_default() };
    let done = match place.step {
        Step::Gather { kind, after, day, parts, records, until } => {
            work.gather(gather::Gathered { kind, after, day, parts, records, until }).await?
        }
        Step::Close { kind, day, parts, records, until } => {
            work.close(close::Closing { kind, day, parts, records, until }).await?
        }
        Step::Drop { kind, day, parts, next, until } => {
            work.drop_part(kind, day, (parts, next), until).await?
        }
        Step::Emptied { after } => work.emptied(after).await?,
        Step::Events { after } => work.events(after).await?,
        Step::Logs { log } => work.logged(log).await?,
        Step::RollUp => work.roll_up().await?,
        Step::Erase { people, after } => work.erase(people, after).await?,
        Step::End => Done::next(Step::End),
    };
    let step = done.step.unwrap_or(Step::End);
    let is_last = step == Step::End && done.remove.is_empty();
    let place = place_text(&Place { step, remove: done.remove, drawn: None });
    commit(ctx, job, Progress { place, is_last, done: done.rows, ..Progress::default() }, done.changes).await
}
