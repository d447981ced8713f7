//! Writes jobs: new ones, and their progress.

use crate::sql::Connection;
use jiff::Timestamp;

use super::{sql, tallies::day_of, writer::SideEffects};
use crate::{JobRow, Tally, TallyKind, TallyName, UnitError};

pub(super) fn insert(conn: &Connection, job: &JobRow, side: &mut SideEffects) -> Result<(), UnitError> {
    let added = sql::exec(
        conn,
        "INSERT INTO job (id, workspace_id, uuid, kind, status, unique_key, spec, place, steps, done, left_out,
             failures, next_step, error, created_on, modified_on, ended_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
         ON CONFLICT (workspace_id, kind, unique_key) WHERE unique_key IS NOT NULL AND ended_on IS NULL DO NOTHING",
        &[
            &job.id.0,
            &job.workspace.0,
            &job.uuid.0,
            &job.kind.as_str(),
            &job.status.as_str(),
            &job.unique_key.as_deref(),
            &job.spec,
            &job.place,
            &job.steps,
            &job.done,
            &job.left_out,
            &job.failures,
            &job.next_step.as_microsecond(),
            &job.error,
            &job.created_on.as_microsecond(),
            &job.modified_on.as_microsecond(),
            &job.ended_on.map(Timestamp::as_microsecond),
        ],
    )?;
    if added == 1 {
        count(conn, job, job.created_on, "started", side)?;
    }
    Ok(())
}

fn count(
    conn: &Connection,
    job: &JobRow,
    at: Timestamp,
    word: &'static str,
    side: &mut SideEffects,
) -> Result<(), UnitError> {
    let (workspace, day) = (job.workspace, day_of(conn, job.workspace, at)?);
    let name = TallyName::Pair(job.kind.as_str(), word);
    side.tallies.add(Tally { workspace, day, kind: TallyKind::Job, subject: 0, name }, 1);
    Ok(())
}

/// For how many a slice did something, and whether it was the last.
fn count_slice(conn: &Connection, job: &JobRow, side: &mut SideEffects) -> Result<(), UnitError> {
    let before = sql::one(
        conn,
        "SELECT done, left_out FROM job WHERE id = $1 AND workspace_id = $2",
        &[&job.id.0, &job.workspace.0],
        |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?)),
    )?;
    let (done, left_out) = before.unwrap_or_default();
    let (workspace, day) = (job.workspace, day_of(conn, job.workspace, job.modified_on)?);
    for (word, more) in [("done", job.done - done), ("left_out", job.left_out - left_out)] {
        let name = TallyName::Pair(job.kind.as_str(), word);
        side.tallies.add(Tally { workspace, day, kind: TallyKind::JobItems, subject: 0, name }, more);
    }
    match job.ended_on {
        Some(at) => count(conn, job, at, job.status.as_str(), side),
        None => Ok(()),
    }
}

pub(super) fn update(conn: &Connection, job: &JobRow, side: &mut SideEffects) -> Result<(), UnitError> {
    check(conn, job)?;
    count_slice(conn, job, side)?;
    let changed = sql::exec(
        conn,
        "UPDATE job SET status = $1, place = $2, steps = steps + 1, done = $3, left_out = $4, failures = $5,
             next_step = $6, error = $7, modified_on = $8, ended_on = $9
         WHERE id = $10 AND workspace_id = $11 AND steps = $12 AND ended_on IS NULL",
        &[
            &job.status.as_str(),
            &job.place,
            &job.done,
            &job.left_out,
            &job.failures,
            &job.next_step.as_microsecond(),
            &job.error,
            &job.modified_on.as_microsecond(),
            &job.ended_on.map(Timestamp::as_microsecond),
            &job.id.0,
            &job.workspace.0,
            &job.steps,
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(UnitError::Gone) }
}

pub(super) fn check(conn: &Connection, job: &JobRow) -> Result<(), UnitError> {
    let found = sql::one(
        conn,
        "SELECT id FROM job WHERE id = $1 AND workspace_id = $2 AND steps = $3 AND ended_on IS NULL",
        &[&job.id.0, &job.workspace.0, &job.steps],
        |row| row.get::<i64>(0),
    )?;
    if found.is_some() { Ok(()) } else { Err(UnitError::Gone) }
}
