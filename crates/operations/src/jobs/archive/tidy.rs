//! Entries of histories that are too old are removed, and files are emptied of who was erased.

use domain::{ArchiveId, ContactUuid, EventId};
use jiff::Timestamp;
use store::{Change, IdSource, Past};

use super::{Done, Log, ROWS, Step, Trouble, Work};
use crate::archives::{names_any, rewritten, verified};

/// Entries that are looked at in one go, of all workspaces.
const LOOKED_AT: usize = 5_000;
/// The step behind histories.
const LOGS: Step = Step::Logs { log: Log::Audit };

impl Work<'_> {
    /// Removes entries of histories that are too old.
    pub(super) async fn events(&self, after: EventId) -> Result<Done, Trouble> {
        let Some(end) = self.kept_from(self.kept.events) else { return Ok(Done::next(LOGS)) };
        let workspace = self.ws.row.id;
        let found = self.ctx.store.events_after(after, LOOKED_AT).await?;
        let is_old = |event: &&store::OldEvent| {
            event.workspace == workspace && event.created_on.as_microsecond() < end
        };
        let old: Vec<EventId> = found.iter().filter(is_old).map(|event| event.id).take(ROWS).collect();
        // The rest of what was looked at comes with the next slice.
        let last = if old.len() == ROWS { old.last().copied() } else { found.last().map(|event| event.id) };
        let is_over = found.len() < LOOKED_AT && old.len() < ROWS;
        let step = match last {
            // Row numbers rise with time, but for those that were brought in, which are the lowest.
            Some(last) if !is_over && IdSource::made_on(last.0).as_microsecond() < end => {
                Step::Events { after: last }
            }
            _ => LOGS,
        };
        let rows = old.len();
        let changes = match rows {
            0 => Vec::new(),
            _ => vec![Change::DropPast(workspace, Past::Events(old))],
        };
        Ok(Done { rows, changes, ..Done::next(step) })
    }

    /// Removes rows of a log that are too old.
    pub(super) async fn logged(&self, log: Log) -> Result<Done, Trouble> {
        let end = log.days(&self.kept).and_then(|days| self.kept_from(Some(days)));
        let end = end.and_then(|micros| Timestamp::from_microsecond(micros).ok());
        let Some(end) = end else { return Ok(Done::next(log.then())) };
        let workspace = self.ws.row.id;
        let old = self.ctx.store.logged_before(workspace, log.stored(), end, ROWS).await?;
        let rows = old.len();
        // Several rows of a log may have one number, so what is found may be fewer though there are more.
        let step = if old.is_empty() { log.then() } else { Step::Logs { log } };
        let changes = match rows {
            0 => Vec::new(),
            _ => vec![Change::DropPast(workspace, Past::Logged(log.stored(), old))],
        };
        Ok(Done { rows, changes, ..Done::next(step) })
    }

    /// Where the emptying of files begins, if there is anybody.
    pub(super) async fn first_erasure(&self) -> Result<Step, Trouble> {
        let people = self.ctx.store.archive_erasures(self.ws.row.id).await?;
        Ok(match people.is_empty() {
            true => Step::End,
            false => Step::Erase { people, after: ArchiveId(i64::MIN) },
        })
    }

    /// Empties the next file of these people. Behind the last one nothing names them any more.
    pub(super) async fn erase(&self, people: Vec<ContactUuid>, after: ArchiveId) -> Result<Done, Trouble> {
        let workspace = self.ws.row.id;
        let mut all = self.archives().await?;
        all.retain(|row| !row.file.is_empty() && row.id > after);
        let Some(row) = all.into_iter().min_by_key(|row| row.id) else {
            let erased = Change::ErasedFromArchives(workspace, people);
            // Others may have been erased meanwhile: they are asked for once these are gone from the list.
            return Ok(Done { changes: vec![erased], ..Done::next(Step::RollUp) });
        };
        let step = Step::Erase { people: people.clone(), after: row.id };
        if !names_any(self.files, &row.file, &people).await? {
            return Ok(Done::next(step));
        }
        let name = self.name(row.kind, (row.period, row.start_day));
        let digest = rewritten(self.files, (&row.file, &name), &people).await?;
        if let Err(error) = verified(self.files, &name, &digest, row.records).await {
            let _ = self.files.remove(&name).await;
            return Err(error.into());
        }
        let span = (row.kind, (row.period, row.start_day));
        let new = self.row(span, &name, &digest, row.records, Some(&row));
        Ok(Done { remove: vec![row.file], changes: vec![Change::Archive(Box::new(new))], ..Done::next(step) })
    }
}
