//! Reads the feed, in the order of the commits.
//!
//! On PostgreSQL transactions end in another order than they began, and a row bears the number that its transaction got
//! early. So readers stop before the first transaction that is still under way anywhere on the server: whatever commits
//! later stands behind what was read.

use domain::{ContactId, ContactUuid, WorkspaceId};
use jiff::Timestamp;

use super::{Rows, sql};
use crate::{
    FeedCursor, FeedRead, StoreError,
    feed::StoredRow,
    sql::{Connection, Param},
};

/// Rows read at a time; each holds many entries.
const ROWS: i64 = 64;

/// What is committed for good, as a condition on the rows.
fn settled(conn: &Connection<'_>) -> &'static str {
    match conn {
        Connection::Sqlite(_) => "",
        Connection::Postgres(_) => "AND tx < (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint)",
    }
}

impl Rows<'_> {
    /// The place behind all that is committed.
    pub(crate) fn feed_head(&self) -> Result<FeedCursor, StoreError> {
        let text = match self.conn {
            Connection::Sqlite(_) => "SELECT coalesce(max(tx), 0) FROM feed",
            Connection::Postgres(_) => "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1",
        };
        let tx = sql::one(self.conn, text, &[], |row| row.get::<i64>(0))?.unwrap_or_default();
        Ok(FeedCursor { tx, place: i64::MAX })
    }

    pub(crate) fn feed_after(
        &self,
        workspace: Option<WorkspaceId>,
        after: FeedCursor,
        limit: usize,
    ) -> Result<FeedRead, StoreError> {
        let head = self.feed_head()?;
        if after.tx > head.tx || self.feed_floor()?.is_some_and(|floor| after < floor) {
            return Ok(FeedRead::TooOld(head));
        }
        let of = if workspace.is_some() { "AND workspace_id = $3" } else { "" };
        let text = format!(
            "SELECT tx, first, workspace_id, entries, created_on FROM feed
             WHERE tx >= $1 AND (tx > $1 OR first + count - 1 > $2) {of} {}
             ORDER BY tx, first LIMIT {ROWS}",
            settled(self.conn)
        );
        let workspace = workspace.map(|id| id.0);
        let mut params: Vec<&dyn Param> = vec![&after.tx, &after.place];
        params.extend(workspace.iter().map(|id| id as &dyn Param));
        let rows = sql::all::<_, sql::Error>(self.conn, &text, &params, |row| {
            Ok(StoredRow {
                tx: row.get(0)?,
                first: row.get(1)?,
                workspace: row.get(2)?,
                entries: row.get(3)?,
                on: sql::time(row, 4)?,
            })
        })?;
        let mut items = Vec::new();
        for row in &rows {
            if items.len() >= limit {
                break;
            }
            let behind = row.behind(after);
            items.extend(behind.ok_or_else(|| StoreError::Unreadable(format!("feed {}", row.tx)))?);
        }
        items.truncate(limit);
        Ok(FeedRead::Items(items))
    }

    /// The last place that is not kept any more.
    fn feed_floor(&self) -> sql::Result<Option<FeedCursor>> {
        sql::one(self.conn, "SELECT tx, place FROM feed_floor WHERE id = 1", &[], |row| {
            Ok(FeedCursor { tx: row.get(0)?, place: row.get(1)? })
        })
    }

    /// When the oldest commit was that is kept.
    pub(crate) fn feed_oldest(&self) -> Result<Option<Timestamp>, StoreError> {
        let text = "SELECT created_on FROM feed ORDER BY tx, first LIMIT 1";
        Ok(sql::one(self.conn, text, &[], |row| sql::time(row, 0))?)
    }

    pub(crate) fn contact_uuids(
        &self,
        workspace: WorkspaceId,
        ids: Vec<ContactId>,
    ) -> Result<Vec<(ContactId, ContactUuid)>, StoreError> {
        let text = "SELECT uuid FROM contact WHERE id = $1 AND workspace_id = $2";
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let uuid = sql::one(self.conn, text, &[&id.0, &workspace.0], |row| sql::uuid(row, 0))?;
            found.extend(uuid.map(|uuid| (id, ContactUuid(uuid))));
        }
        Ok(found)
    }
}
