//! Rows of a day are packed in parts, and removed part by part once they lie in a file.

use domain::{MessageId, RunId};
use files::FileError;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use store::{Change, JobFile, MessageList, MessagesOf, Past, RunList, RunsOf, Walk};

use super::{Done, Kind, ROWS, SETTLED_FOR, Step, Trouble, Work};
use crate::archives::{Lines, Packer, day_of, message_line, run_line, shown_line, start_of};
use crate::jobs::files::chunks;

/// How far a day is packed.
pub(super) struct Gathered {
    pub kind: Kind,
    pub after: Option<(i64, i64)>,
    pub day: Option<i32>,
    pub parts: i64,
    pub records: i64,
    pub until: i64,
}

/// A row of a day: its place, when it last changed, its line.
struct Row {
    place: (i64, i64),
    modified: i64,
    line: Value,
}

/// The part of a line by which its row is found again.
#[derive(Deserialize)]
struct Numbered {
    id: i64,
}

impl Work<'_> {
    /// The next rows, oldest first, up to a moment that is left out.
    async fn rows(&self, kind: Kind, after: Option<(i64, i64)>, end: i64) -> Result<Vec<Row>, Trouble> {
        let (store, workspace) = (&self.ctx.store, self.ws.row.id);
        let walk = Walk { from: after, up: true, limit: ROWS };
        let (from, before) = (after.map_or(i64::MIN, |(at, _)| at), end - 1);
        Ok(match kind {
            Kind::Message => {
                let list = MessageList { of: MessagesOf::Settled, after: from, before, walk };
                let found = store.list_messages(workspace, list).await?;
                let row = |one: &store::ListedMessage| Row {
                    place: one.place,
                    modified: one.modified_on.as_microsecond(),
                    line: message_line(self.ws, one),
                };
                found.iter().map(row).collect()
            }
            Kind::Run => {
                let list = RunList { of: RunsOf::Ended, responded: false, after: from, before, walk };
                let found = store.list_runs(workspace, list).await?;
                let row = |one: &store::ListedRun| Row {
                    place: (one.modified_on.as_microsecond(), one.id.0),
                    modified: one.modified_on.as_microsecond(),
                    line: run_line(self.ws, one),
                };
                found.iter().map(row).collect()
            }
        })
    }

    /// Packs the next rows of the day, or of the next day that has any.
    pub(super) async fn gather(&self, gathered: Gathered) -> Result<Done, Trouble> {
        let Gathered { kind, after, day, parts, records, until } = gathered;
        let Some(kept_from) = self.kept_from(kind.days(&self.kept)) else {
            return Ok(Done::next(kind.then()));
        };
        let end = day.map_or(kept_from, |day| start_of(day + 1).min(kept_from));
        let mut rows = self.rows(kind, after, end).await?;
        let Some(first) = rows.first() else {
            return Ok(Done::next(match day {
                Some(day) if parts > 0 => Step::Close { kind, day, parts, records, until },
                Some(day) => next_day(kind, day),
                None => kind.then(),
            }));
        };
        let day = day.unwrap_or_else(|| day_of(first.place.0));
        // The earliest change that may have come between the reading and the removal.
        let until = match until {
            0 => (self.ctx.now() - SETTLED_FOR).as_microsecond(),
            until => until,
        };
        rows.retain(|row| day_of(row.place.0) == day);
        let after = rows.last().map(|row| row.place).or(after);
        rows.retain(|row| row.modified < until);
        if rows.is_empty() {
            return Ok(Done::next(Step::Gather { kind, after, day: Some(day), parts, records, until }));
        }
        let mut packer = Packer::new();
        for row in &rows {
            packer.add(&shown_line(&row.line)).map_err(FileError::from)?;
        }
        let part = packer.finish().map_err(FileError::from)?;
        let changes = chunks(self.job, JobFile::Made, parts, vec![part]).collect();
        let records = records + i64::try_from(rows.len()).unwrap_or_default();
        let step = Step::Gather { kind, after, day: Some(day), parts: parts + 1, records, until };
        Ok(Done { changes, ..Done::next(step) })
    }

    /// A part that was packed.
    pub(super) async fn part(&self, place: i64) -> Result<Vec<u8>, Trouble> {
        let part = self.ctx.store.job_chunk(self.ws.row.id, self.job.id, JobFile::Made, place).await?;
        part.ok_or_else(|| Trouble::Never("a part of the day is gone; archive again".to_owned()))
    }

    /// Removes the rows of one part, those that have not changed since.
    pub(super) async fn drop_part(
        &self,
        kind: Kind,
        day: i32,
        (parts, next): (i64, i64),
        until: i64,
    ) -> Result<Done, Trouble> {
        let (workspace, mut ids) = (self.ws.row.id, Vec::new());
        if next >= parts {
            let forget = Change::ForgetJobFiles(workspace, self.job.id);
            return Ok(Done { changes: vec![forget], ..Done::next(next_day(kind, day)) });
        }
        let (mut lines, packed) = (Lines::new(), self.part(next).await?);
        let mut take = |line: &[u8]| ids.extend(serde_json::from_slice::<Numbered>(line).map(|row| row.id));
        lines.add("a part", &packed, &mut take)?;
        lines.end("a part", &mut take)?;
        let until = Timestamp::from_microsecond(until).unwrap_or(Timestamp::UNIX_EPOCH);
        let rows = ids.len();
        let past = match kind {
            Kind::Message => Past::Messages(ids.into_iter().map(MessageId).collect(), until),
            Kind::Run => Past::Runs(ids.into_iter().map(RunId).collect(), until),
        };
        let step = Step::Drop { kind, day, parts, next: next + 1, until: until.as_microsecond() };
        Ok(Done { rows, changes: vec![Change::DropPast(workspace, past)], ..Done::next(step) })
    }

    /// Removes messages that were deleted: nothing is in them, so they lie in no file.
    pub(super) async fn emptied(&self, after: Option<(i64, i64)>) -> Result<Done, Trouble> {
        let then = Step::first(Kind::Run);
        let Some(end) = self.kept_from(self.kept.messages) else { return Ok(Done::next(then)) };
        let walk = Walk { from: after, up: true, limit: ROWS };
        let from = after.map_or(i64::MIN, |(at, _)| at);
        let list = MessageList { of: MessagesOf::Emptied, after: from, before: end - 1, walk };
        let found = self.ctx.store.list_messages(self.ws.row.id, list).await?;
        let Some(last) = found.last() else { return Ok(Done::next(then)) };
        let step = Step::Emptied { after: Some(last.place) };
        let until = self.ctx.now() - SETTLED_FOR;
        let past = Past::Messages(found.iter().map(|one| one.id).collect(), until);
        Ok(Done {
            rows: found.len(),
            changes: vec![Change::DropPast(self.ws.row.id, past)],
            ..Done::next(step)
        })
    }
}

/// The first step behind a day: what is left of it now is left for another time.
fn next_day(kind: Kind, day: i32) -> Step {
    let after = Some((start_of(day + 1) - 1, i64::MAX));
    Step::Gather { kind, after, day: None, parts: 0, records: 0, until: 0 }
}
