//! Writes jobs: new ones, and their progress.

use crate::sql::Connection;
use domain::{JobId, WorkspaceId};
use jiff::Timestamp;

use super::{sql, tallies::day_of, writer::SideEffects};
use crate::{
    JobChunk, JobRow, JobStatus, MAX_LEFT_OUT, NewLeftOut, Tally, TallyKind, TallyName, UnitError,
    tally::Tallies,
};

pub(super) fn insert(conn: &Connection, job: &JobRow, side: &mut SideEffects) -> Result<(), UnitError> {
    let added = sql::exec(
        conn,
        "INSERT INTO job (id, workspace_id, uuid, kind, status, unique_key, spec, place, steps, total, done,
             left_out, failures, next_step, error, created_on, modified_on, ended_on, schedule_id, schedule_due)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
         ON CONFLICT DO NOTHING",
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
            &job.total,
            &job.done,
            &job.left_out,
            &job.failures,
            &job.next_step.as_microsecond(),
            &job.error,
            &job.created_on.as_microsecond(),
            &job.modified_on.as_microsecond(),
            &job.ended_on.map(Timestamp::as_microsecond),
            &job.scheduled_for.map(|moment| moment.schedule.0),
            &job.scheduled_for.map(|moment| moment.due.as_microsecond()),
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
    side.tallies.add(tally(job, day_of(conn, job.workspace, at)?, TallyKind::Job, word), 1);
    Ok(())
}

fn tally(job: &JobRow, day: i32, kind: TallyKind, word: &'static str) -> Tally {
    Tally { workspace: job.workspace, day, kind, subject: 0, name: TallyName::Pair(job.kind.as_str(), word) }
}

/// For how many a slice did something, and whether it was the last. `before`: for how many the job was done and who was
/// left out until then; `days`: the local days of its last move and of its end.
pub(crate) fn count_slice(job: &JobRow, before: (i64, i64), days: (i32, i32), tallies: &mut Tallies) {
    for (word, more) in [("done", job.done - before.0), ("left_out", job.left_out - before.1)] {
        tallies.add(tally(job, days.0, TallyKind::JobItems, word), more);
    }
    if job.ended_on.is_some() {
        tallies.add(tally(job, days.1, TallyKind::Job, job.status.as_str()), 1);
    }
}

pub(super) fn update(conn: &Connection, job: &JobRow, side: &mut SideEffects) -> Result<(), UnitError> {
    check(conn, job)?;
    let before = sql::one(
        conn,
        "SELECT done, left_out FROM job WHERE id = $1 AND workspace_id = $2",
        &[&job.id.0, &job.workspace.0],
        |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?)),
    )?;
    let day = |at| day_of(conn, job.workspace, at);
    let days = (day(job.modified_on)?, day(job.ended_on.unwrap_or(job.modified_on))?);
    count_slice(job, before.unwrap_or_default(), days, &mut side.tallies);
    let changed = sql::exec(
        conn,
        "UPDATE job SET status = $1, place = $2, steps = steps + 1, total = $3, done = $4, left_out = $5,
             failures = $6, next_step = $7, error = $8, modified_on = $9, ended_on = $10
         WHERE id = $11 AND workspace_id = $12 AND steps = $13 AND ended_on IS NULL",
        &[
            &job.status.as_str(),
            &job.place,
            &job.total,
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

/// A job that was done goes on: its end is not counted any more.
pub(super) fn reopen(conn: &Connection, job: &JobRow, side: &mut SideEffects) -> Result<(), UnitError> {
    let ended = sql::one(
        conn,
        "SELECT ended_on FROM job WHERE id = $1 AND workspace_id = $2 AND steps = $3 AND status = 'done'",
        &[&job.id.0, &job.workspace.0, &job.steps],
        |row| sql::time_opt(row, 0),
    )?;
    let Some(ended) = ended.flatten() else { return Err(UnitError::Gone) };
    let day = day_of(conn, job.workspace, ended)?;
    side.tallies.add(tally(job, day, TallyKind::Job, JobStatus::Done.as_str()), -1);
    sql::exec(
        conn,
        "UPDATE job SET status = $1, place = $2, steps = steps + 1, next_step = $3, modified_on = $4,
             ended_on = NULL
         WHERE id = $5 AND workspace_id = $6",
        &[
            &job.status.as_str(),
            &job.place,
            &job.next_step.as_microsecond(),
            &job.modified_on.as_microsecond(),
            &job.id.0,
            &job.workspace.0,
        ],
    )?;
    Ok(())
}

pub(super) fn spec(
    conn: &Connection,
    workspace: WorkspaceId,
    job: JobId,
    spec: &str,
) -> Result<(), UnitError> {
    let text = "UPDATE job SET spec = $1 WHERE id = $2 AND workspace_id = $3";
    sql::exec(conn, text, &[&spec, &job.0, &workspace.0])?;
    Ok(())
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

pub(super) fn left_out(conn: &Connection, new: &NewLeftOut) -> Result<(), UnitError> {
    for row in new.rows.iter().filter(|row| row.place < MAX_LEFT_OUT) {
        sql::exec(
            conn,
            "INSERT INTO job_left_out (workspace_id, job_id, place, contact_id, what, reason)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (job_id, place) DO NOTHING",
            &[
                &new.workspace.0,
                &new.job.0,
                &row.place,
                &row.contact.map_or(0, |id| id.0),
                &row.what,
                &row.reason,
            ],
        )?;
    }
    Ok(())
}

pub(super) fn chunk(conn: &Connection, chunk: &JobChunk) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO job_chunk (workspace_id, job_id, made, place, body) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (job_id, made, place) DO UPDATE SET body = excluded.body",
        &[&chunk.workspace.0, &chunk.job.0, &chunk.file.code(), &chunk.place, &chunk.body],
    )?;
    Ok(())
}

pub(super) fn forget_files(conn: &Connection, workspace: WorkspaceId, job: JobId) -> Result<(), UnitError> {
    let text = "DELETE FROM job_chunk WHERE job_id = $1 AND workspace_id = $2";
    sql::exec(conn, text, &[&job.0, &workspace.0])?;
    Ok(())
}

pub(super) fn weight(conn: &Connection, workspace: WorkspaceId, weight: i64) -> Result<(), UnitError> {
    let text = "UPDATE workspace SET job_weight = $1 WHERE id = $2";
    let changed = sql::exec(conn, text, &[&weight.max(1), &workspace.0])?;
    if changed == 1 { Ok(()) } else { Err(UnitError::Gone) }
}
