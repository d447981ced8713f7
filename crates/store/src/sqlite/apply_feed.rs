//! Writes the feed on SQLite, and removes what is old from it on both.

use jiff::Timestamp;

use super::sql;
use crate::{UnitError, feed::FeedRow, sql::Connection};

/// Rows that one pruning removes at most: a commit of others waits for it.
pub(crate) const PRUNED_TOGETHER: i64 = 500;

/// Writes the rows of a commit. There is one writer at a time, so commits are numbered by counting; the newest row is
/// never removed, so the count goes on.
pub(super) fn insert(conn: &Connection, rows: &[FeedRow]) -> sql::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let last = sql::one(conn, "SELECT coalesce(max(tx), 0) FROM feed", &[], |row| row.get::<i64>(0))?;
    let tx = last.unwrap_or_default() + 1;
    for row in rows {
        sql::exec(
            conn,
            "INSERT INTO feed (tx, first, count, workspace_id, entries, created_on) VALUES ($1, $2, $3, $4, $5, $6)",
            &[&tx, &row.first, &row.count, &row.workspace, &row.entries.as_slice(), &row.on],
        )?;
    }
    Ok(())
}

/// Removes the oldest rows as far as they are from before `before`, and keeps in mind where what is kept begins.
pub(super) fn prune(conn: &Connection, before: Timestamp) -> Result<(), UnitError> {
    let settled = match conn {
        Connection::Sqlite(_) => "tx < (SELECT max(tx) FROM feed)",
        Connection::Postgres(_) => "tx < (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint)",
    };
    let text = format!(
        "SELECT tx, first + count - 1, created_on FROM feed WHERE {settled} ORDER BY tx, first LIMIT {PRUNED_TOGETHER}"
    );
    let rows: Vec<(i64, i64, i64)> =
        sql::all::<_, sql::Error>(conn, &text, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let old = rows.iter().take_while(|(.., on)| *on < before.as_microsecond()).last();
    let Some((tx, place, _)) = old else { return Ok(()) };
    sql::exec(conn, "DELETE FROM feed WHERE tx < $1", &[tx])?;
    sql::exec(conn, "DELETE FROM feed WHERE tx = $1 AND first <= $2", &[tx, place])?;
    sql::exec(
        conn,
        "INSERT INTO feed_floor (id, tx, place) VALUES (1, $1, $2)
         ON CONFLICT (id) DO UPDATE SET tx = excluded.tx, place = excluded.place",
        &[tx, place],
    )?;
    Ok(())
}
