//! Parts become files, and files of days become files of months. Each is read back before anything counts on it.

use std::collections::BTreeMap;

use domain::{ArchiveId, ArchiveUuid};
use store::{ArchiveKind, ArchivePeriod, ArchiveRow, Change};

use super::{Done, Kind, Step, Trouble, Work};
use crate::archives::{Digest, copy, month_of, verified};

/// A day whose rows are packed.
pub(super) struct Closing {
    pub kind: Kind,
    pub day: i32,
    pub parts: i64,
    pub records: i64,
    pub until: i64,
}

impl Work<'_> {
    /// The parts become the file of the day. What came of that day later goes behind what is in its file, or in that of
    /// its month, already.
    pub(super) async fn close(&self, closing: Closing) -> Result<Done, Trouble> {
        let Closing { kind, day, parts, records, until } = closing;
        let all = self.archives().await?;
        let month = month_of(day).0;
        let holds = |row: &&ArchiveRow| {
            row.kind == kind.stored()
                && row.rollup.is_none()
                && match row.period {
                    ArchivePeriod::Daily => row.start_day == day,
                    ArchivePeriod::Monthly => row.start_day == month,
                }
        };
        let known = all.iter().find(holds).cloned();
        let span = known.as_ref().map_or((ArchivePeriod::Daily, day), |row| (row.period, row.start_day));
        let before = known.as_ref().map_or(0, |row| row.records);
        let name = self.name(kind.stored(), span);
        let mut upload = self.files.begin(&name).await?;
        let mut digest = Digest::default();
        let writing = async {
            if let Some(known) = &known {
                copy(self.files, &known.file, &mut upload, &mut digest).await?;
            }
            for place in 0..parts {
                let part = self.part(place).await?;
                digest.add(&part);
                upload.write(&part).await?;
            }
            Ok::<_, Trouble>(())
        };
        if let Err(error) = writing.await {
            upload.abandon().await;
            return Err(error);
        }
        upload.finish().await?;
        self.read_back(&name, &digest, before + records).await?;
        let row = self.row((kind.stored(), span), &name, &digest, before + records, known.as_ref());
        Ok(Done {
            remove: known.into_iter().map(|known| known.file).collect(),
            changes: vec![Change::Archive(Box::new(row))],
            ..Done::next(Step::Drop { kind, day, parts, next: 0, until })
        })
    }

    async fn read_back(&self, name: &str, written: &Digest, records: i64) -> Result<(), Trouble> {
        if let Err(error) = verified(self.files, name, written, records).await {
            // Nothing names it.
            let _ = self.files.remove(name).await;
            return Err(error.into());
        }
        Ok(())
    }

    /// The row of a file that is there.
    pub(super) fn row(
        &self,
        (kind, (period, start_day)): (ArchiveKind, (ArchivePeriod, i32)),
        name: &str,
        digest: &Digest,
        records: i64,
        known: Option<&ArchiveRow>,
    ) -> ArchiveRow {
        let now = self.ctx.now();
        ArchiveRow {
            id: known.map_or_else(|| ArchiveId(self.ctx.next_id(now)), |known| known.id),
            workspace: self.ws.row.id,
            uuid: known.map_or_else(|| ArchiveUuid(self.ctx.host.uuid_v4()), |known| known.uuid),
            kind,
            period,
            start_day,
            records,
            bytes: i64::try_from(digest.bytes).unwrap_or(i64::MAX),
            md5: digest.md5().into(),
            file: name.to_owned(),
            rollup: None,
            steps: known.map_or(0, |known| known.steps),
            created_on: known.map_or(now, |known| known.created_on),
            changed_on: now,
        }
    }

    /// The days of one month that is over, of all its days, become one file.
    pub(super) async fn roll_up(&self) -> Result<Done, Trouble> {
        let all = self.archives().await?;
        let mut months: BTreeMap<(i32, &str), Vec<&ArchiveRow>> = BTreeMap::new();
        for row in all.iter().filter(|row| row.period == ArchivePeriod::Daily && row.rollup.is_none()) {
            let days = match row.kind {
                ArchiveKind::Message => self.kept.messages,
                ArchiveKind::Run => self.kept.runs,
            };
            let (month, next) = month_of(row.start_day);
            // With days to come that are kept still, the month is not over.
            if self.first_kept(days).is_some_and(|first| next <= first) {
                months.entry((month, row.kind.as_str())).or_default().push(row);
            }
        }
        let Some(((month, _), mut days)) = months.into_iter().next() else {
            return Ok(Done::next(self.first_erasure().await?));
        };
        days.sort_by_key(|row| row.start_day);
        let kind = days[0].kind;
        let span = (ArchivePeriod::Monthly, month);
        let known = all.iter().find(|row| row.kind == kind && (row.period, row.start_day) == span);
        let parts: Vec<&ArchiveRow> = known.into_iter().chain(days.iter().copied()).collect();
        let records = parts.iter().map(|row| row.records).sum();
        let name = self.name(kind, span);
        let mut upload = self.files.begin(&name).await?;
        let mut digest = Digest::default();
        for part in &parts {
            if let Err(error) = copy(self.files, &part.file, &mut upload, &mut digest).await {
                upload.abandon().await;
                return Err(error.into());
            }
        }
        upload.finish().await?;
        self.read_back(&name, &digest, records).await?;
        let row = self.row((kind, span), &name, &digest, records, known);
        let now = self.ctx.now();
        let rolled = days.iter().map(|day| ArchiveRow {
            file: String::new(),
            rollup: Some(row.id),
            changed_on: now,
            ..(*day).clone()
        });
        let mut changes: Vec<Change> = rolled.map(|day| Change::Archive(Box::new(day))).collect();
        changes.push(Change::Archive(Box::new(row)));
        let remove = parts.iter().map(|part| part.file.clone()).collect();
        Ok(Done { remove, changes, ..Done::next(Step::RollUp) })
    }
}
