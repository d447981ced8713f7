//! Old messages and runs in files: how long rows are kept, what a line of a file is, and how files are written, read
//! back, emptied of somebody and brought in. The work itself is a job (`jobs::archive`).

mod bring_back;
mod lines;
mod link;
mod past_line;
mod placeholder;
mod stored;

use domain::WorkspaceId;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use store::{Change, JobRow, RetentionRow, StoreError, Unit, UnitError};
use thiserror::Error;

pub use bring_back::{BringBackError, BroughtBack, UnknownPeople, bring_back, keep_archive};
pub(crate) use lines::{message_line, run_line, shown_line, without};
pub use link::{ARCHIVE_LINK_FOR, archive_link, is_archive_link};
pub(crate) use stored::{Digest, Lines, Packer, copy, names_any, rewritten, verified};

use crate::{ArchiveJob, Context, JobError, JobSpec, NewJob, create_job};

/// Fewest days for which rows may be kept: what people do with yesterday's messages works on rows.
pub const KEPT_DAYS_MIN: u32 = 7;
/// Most days.
pub const KEPT_DAYS_MAX: u32 = 36_500;
/// Of one workspace one such job goes on at a time.
const KEY: &str = "archive";

/// Why a retention was not set.
#[derive(Debug, Error)]
pub enum RetentionError {
    /// No such number of days.
    #[error("rows are kept for {KEPT_DAYS_MIN} to {KEPT_DAYS_MAX} days, or for good")]
    Days,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How long a workspace keeps rows.
///
/// # Errors
/// When the store cannot be read.
pub async fn retention(ctx: &Context, workspace: WorkspaceId) -> Result<RetentionRow, StoreError> {
    let found = ctx.store.retentions().await?.into_iter().find(|row| row.workspace == workspace);
    Ok(found.unwrap_or_else(|| RetentionRow::for_good(workspace)))
}

/// Sets how long a workspace keeps rows. What is too old from now on goes with the next look, within the hour.
///
/// # Errors
/// [`RetentionError`]; nothing is changed then.
pub async fn set_retention(ctx: &Context, row: RetentionRow) -> Result<(), RetentionError> {
    let days = [row.messages, row.runs, row.events, row.audit, row.channel_events];
    if days.into_iter().flatten().any(|days| !(KEPT_DAYS_MIN..=KEPT_DAYS_MAX).contains(&days)) {
        return Err(RetentionError::Days);
    }
    Ok(keep(ctx, RetentionRow { looked_on: None, ..row }).await?)
}

async fn keep(ctx: &Context, row: RetentionRow) -> Result<(), StoreError> {
    match ctx.write_one(Unit::new(vec![Change::Retention(row)])).await {
        Ok(_) => Ok(()),
        Err(UnitError::Store(error)) => Err(error),
        Err(other) => Err(StoreError::Database(other.to_string())),
    }
}

/// Begins the job that puts what is too old into files, and empties files of who was erased.
///
/// # Errors
/// [`JobError::Twice`] if it goes on already.
pub async fn begin_archiving(ctx: &Context, workspace: WorkspaceId) -> Result<JobRow, JobError> {
    let spec = JobSpec::Archive(ArchiveJob {});
    let job = create_job(ctx, NewJob { workspace, spec, unique_key: Some(KEY.into()) }).await?;
    match ctx.store.job(workspace, job.id).await? {
        Some(job) => Ok(job),
        None => Err(JobError::Twice),
    }
}

/// Begins it for each workspace in which something may be too old since it was last looked, which is once a day, and
/// for those in whose files there is somebody who was erased. Nothing where there is no place for archives.
///
/// # Errors
/// When the store fails; doing it again is safe.
pub async fn archive_what_is_due(ctx: &Context) -> Result<(), JobError> {
    if ctx.archives.is_none() {
        return Ok(());
    }
    let now = ctx.now();
    let mut due = ctx.store.workspaces_with_erasures().await?;
    for row in ctx.store.retentions().await?.into_iter().filter(RetentionRow::has_end) {
        let Some(ws) = ctx.registry.workspace(ctx, row.workspace).await? else { continue };
        let today = ws.day(now);
        if row.looked_on != Some(today) {
            due.push(row.workspace);
            keep(ctx, RetentionRow { looked_on: Some(today), ..row }).await?;
        }
    }
    due.sort_unstable();
    due.dedup();
    for workspace in due {
        match begin_archiving(ctx, workspace).await {
            Ok(_) | Err(JobError::Twice) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The day of a moment in UTC, days since 1970-01-01.
pub(crate) fn day_of(micros: i64) -> i32 {
    i32::try_from(micros.div_euclid(MICROS_PER_DAY)).unwrap_or(i32::MAX)
}

/// The first microsecond of a day of UTC.
pub(crate) fn start_of(day: i32) -> i64 {
    i64::from(day) * MICROS_PER_DAY
}

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// A day of UTC as a date.
pub fn archive_date(day: i32) -> Date {
    let at = Timestamp::from_microsecond(start_of(day)).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(TimeZone::UTC).date()
}

/// The first days of the month of a day, and of the next.
pub(crate) fn month_of(day: i32) -> (i32, i32) {
    let date = archive_date(day);
    let first = day - i32::from(date.day()) + 1;
    (first, first + i32::from(date.days_in_month()))
}

#[cfg(test)]
mod tests {
    use super::{archive_date, day_of, month_of, start_of};

    #[test]
    fn knows_days_and_months_of_utc() {
        let day = |text: &str| day_of(text.parse::<jiff::Timestamp>().unwrap().as_microsecond());
        assert_eq!(day("1970-01-01T00:00:00Z"), 0);
        assert_eq!(day("1969-12-31T23:59:59.999999Z"), -1);
        assert_eq!(day("2026-05-01T02:59:59+03:00"), day("2026-04-30T12:00:00Z"));
        assert_eq!(day_of(start_of(20_574)), 20_574);
        assert_eq!(day_of(start_of(20_574) - 1), 20_573);
        assert_eq!(archive_date(day("2024-02-29T12:00:00Z")).to_string(), "2024-02-29");
        for (any, first, next) in [
            ("2024-02-29T00:00:00Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
            ("2026-12-31T00:00:00Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        ] {
            assert_eq!(month_of(day(any)), (day(first), day(next)), "{any}");
        }
    }
}
