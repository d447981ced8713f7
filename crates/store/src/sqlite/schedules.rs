//! Reads and writes schedules.

use domain::{ScheduleId, WorkspaceId};
use jiff::Timestamp;

use super::{Rows, apply::unless_taken, sql};
use crate::{
    CatchUp, ScheduleRow, StoreError, UnitError,
    sql::{Connection, Row},
};

const COLUMNS: &str =
    "id, workspace_id, uuid, name, cron, zone, catch_up, catch_up_limit, spec, paused, next_due,
    last_due, fired, skipped, error, steps, created_on, modified_on";

fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Rows<'_> {
    pub(crate) fn due_schedules(&self, now: Timestamp, limit: usize) -> Result<Vec<ScheduleRow>, StoreError> {
        sql::all(
            self.conn,
            &format!(
                "SELECT {COLUMNS} FROM schedule WHERE paused = 0 AND next_due IS NOT NULL AND next_due <= $1
                 ORDER BY next_due, id LIMIT $2"
            ),
            &[&now.as_microsecond(), &limit_of(limit)],
            schedule_row,
        )
    }

    pub(crate) fn next_schedule_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let text = "SELECT min(next_due) FROM schedule WHERE paused = 0 AND next_due IS NOT NULL";
        Ok(sql::one(self.conn, text, &[], |row| sql::time_opt(row, 0))?.flatten())
    }

    pub(crate) fn schedules(
        &self,
        workspace: WorkspaceId,
        limit: usize,
    ) -> Result<Vec<ScheduleRow>, StoreError> {
        sql::all(
            self.conn,
            &format!("SELECT {COLUMNS} FROM schedule WHERE workspace_id = $1 ORDER BY name_key, id LIMIT $2"),
            &[&workspace.0, &limit_of(limit)],
            schedule_row,
        )
    }
}

fn schedule_row(row: &Row<'_>) -> sql::Result<ScheduleRow> {
    Ok(ScheduleRow {
        id: ScheduleId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        uuid: sql::uuid(row, 2)?.into(),
        name: row.get(3)?,
        cron: row.get(4)?,
        zone: row.get(5)?,
        catch_up: sql::word(row, 6, CatchUp::parse)?,
        catch_up_limit: row.get(7)?,
        spec: row.get(8)?,
        paused: row.get(9)?,
        next_due: sql::time_opt(row, 10)?,
        last_due: sql::time_opt(row, 11)?,
        fired: row.get(12)?,
        skipped: row.get(13)?,
        error: row.get(14)?,
        steps: row.get(15)?,
        created_on: sql::time(row, 16)?,
        modified_on: sql::time(row, 17)?,
    })
}

pub(super) fn insert(conn: &Connection, new: &ScheduleRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO schedule (id, workspace_id, uuid, name, name_key, cron, zone, catch_up, catch_up_limit, spec,
             paused, next_due, created_on, modified_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)",
        &[
            &new.id.0,
            &new.workspace.0,
            &new.uuid.0,
            &new.name,
            &new.name.to_lowercase(),
            &new.cron.as_deref(),
            &new.zone.as_deref(),
            &new.catch_up.as_str(),
            &new.catch_up_limit,
            &new.spec,
            &new.paused,
            &new.next_due.map(Timestamp::as_microsecond),
            &new.created_on.as_microsecond(),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Taken("the name of the schedule")))?;
    Ok(())
}

pub(super) fn update(conn: &Connection, row: &ScheduleRow) -> Result<(), UnitError> {
    let changed = sql::exec(
        conn,
        "UPDATE schedule SET paused = $1, next_due = $2, last_due = $3, fired = $4, skipped = $5, error = $6,
             modified_on = $7, steps = steps + 1
         WHERE id = $8 AND workspace_id = $9 AND steps = $10",
        &[
            &row.paused,
            &row.next_due.map(Timestamp::as_microsecond),
            &row.last_due.map(Timestamp::as_microsecond),
            &row.fired,
            &row.skipped,
            &row.error,
            &row.modified_on.as_microsecond(),
            &row.id.0,
            &row.workspace.0,
            &row.steps,
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(UnitError::Gone) }
}

pub(super) fn remove(conn: &Connection, workspace: WorkspaceId, id: ScheduleId) -> Result<(), UnitError> {
    let text = "DELETE FROM schedule WHERE id = $1 AND workspace_id = $2";
    let changed = sql::exec(conn, text, &[&id.0, &workspace.0])?;
    if changed == 1 { Ok(()) } else { Err(UnitError::Gone) }
}

pub(super) fn check(conn: &Connection, row: &ScheduleRow) -> Result<(), UnitError> {
    let found = sql::one(
        conn,
        "SELECT id FROM schedule WHERE id = $1 AND workspace_id = $2 AND steps = $3",
        &[&row.id.0, &row.workspace.0, &row.steps],
        |row| row.get::<i64>(0),
    )?;
    if found.is_some() { Ok(()) } else { Err(UnitError::Gone) }
}
