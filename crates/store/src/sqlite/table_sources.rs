//! Reads and writes where lookup tables are fetched from.

use domain::{TableId, WorkspaceId};
use jiff::Timestamp;

use super::{Rows, sql};
use crate::{
    StoreError, TableSourceChange, TableSourceRow, UnitError,
    sql::{Connection, Row},
};

const COLUMNS: &str = "id, workspace_id, name, key_column, url, minutes, etag, last_modified, next_fetch,
    fetched_on, changed_on, failures, error, steps, created_on";

impl Rows<'_> {
    /// Where the tables of a workspace are fetched from, by name.
    pub(crate) fn table_sources(&self, workspace: WorkspaceId) -> Result<Vec<TableSourceRow>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM table_source WHERE workspace_id = $1 ORDER BY name");
        sql::all(self.conn, &text, &[&workspace.0], source_row)
    }

    /// Tables to be fetched now, the one that waited longest first.
    pub(crate) fn due_table_sources(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<TableSourceRow>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM table_source WHERE next_fetch <= $1 ORDER BY next_fetch, id LIMIT $2"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        sql::all(self.conn, &text, &[&now.as_microsecond(), &limit], source_row)
    }
}

fn source_row(row: &Row<'_>) -> sql::Result<TableSourceRow> {
    Ok(TableSourceRow {
        id: TableId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        name: sql::text(row, 2)?,
        key_column: sql::text_opt(row, 3)?,
        url: sql::text(row, 4)?,
        minutes: row.get(5)?,
        etag: row.get(6)?,
        last_modified: row.get(7)?,
        next_fetch: sql::time(row, 8)?,
        fetched_on: sql::time_opt(row, 9)?,
        changed_on: sql::time_opt(row, 10)?,
        failures: row.get(11)?,
        error: row.get(12)?,
        steps: row.get(13)?,
        created_on: sql::time(row, 14)?,
    })
}

pub(super) fn apply(conn: &Connection, change: &TableSourceChange) -> Result<(), UnitError> {
    match change {
        TableSourceChange::Set(row) => set(conn, row),
        TableSourceChange::Update(row) => update(conn, row),
        TableSourceChange::Remove(workspace, name) => {
            let text = "DELETE FROM table_source WHERE workspace_id = $1 AND name = $2";
            sql::exec(conn, text, &[&workspace.0, name])?;
            Ok(())
        }
    }
}

fn set(conn: &Connection, row: &TableSourceRow) -> Result<(), UnitError> {
    // What the other side calls its file is kept only if it is read in the same way.
    const SAME: &str = "table_source.url = excluded.url
        AND COALESCE(table_source.key_column, '') = COALESCE(excluded.key_column, '')";
    let text = format!(
        "INSERT INTO table_source (id, workspace_id, name, key_column, url, minutes, next_fetch, created_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (workspace_id, name) DO UPDATE SET key_column = excluded.key_column, url = excluded.url,
             minutes = excluded.minutes, next_fetch = excluded.next_fetch, failures = 0, error = NULL,
             steps = table_source.steps + 1,
             etag = CASE WHEN {SAME} THEN table_source.etag END,
             last_modified = CASE WHEN {SAME} THEN table_source.last_modified END"
    );
    sql::exec(
        conn,
        &text,
        &[
            &row.id.0,
            &row.workspace.0,
            &row.name,
            &row.key_column.as_deref(),
            &row.url,
            &row.minutes,
            &row.next_fetch.as_microsecond(),
            &row.created_on.as_microsecond(),
        ],
    )?;
    Ok(())
}

fn update(conn: &Connection, row: &TableSourceRow) -> Result<(), UnitError> {
    let changed = sql::exec(
        conn,
        "UPDATE table_source SET etag = $1, last_modified = $2, next_fetch = $3, fetched_on = $4, changed_on = $5,
             failures = $6, error = $7, steps = steps + 1
         WHERE id = $8 AND workspace_id = $9 AND steps = $10",
        &[
            &row.etag,
            &row.last_modified,
            &row.next_fetch.as_microsecond(),
            &row.fetched_on.map(Timestamp::as_microsecond),
            &row.changed_on.map(Timestamp::as_microsecond),
            &row.failures,
            &row.error,
            &row.id.0,
            &row.workspace.0,
            &row.steps,
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(UnitError::Gone) }
}
