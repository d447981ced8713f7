//! Reads what was counted, and the day on which something counts.

use std::collections::BTreeMap;

use domain::WorkspaceId;
use jiff::{Timestamp, tz::TimeZone};

use super::{Rows, sql};
use crate::{
    StoreError, TallyKind, TallyRow,
    sql::{Connection, Row},
    tally::{local_day, zone_named},
};

/// The local day of a moment in a workspace. Asks for the zone: for what happens rarely.
pub(super) fn day_of(conn: &Connection, workspace: WorkspaceId, at: Timestamp) -> sql::Result<i32> {
    let zone = sql::one(conn, "SELECT timezone FROM workspace WHERE id = $1", &[&workspace.0], |row| {
        sql::text(row, 0)
    })?;
    Ok(local_day(&zone.map_or(TimeZone::UTC, |name| zone_named(&name)), at))
}

/// Workspace and row of a count.
pub(super) fn counted(row: &Row<'_>) -> sql::Result<(i64, TallyRow)> {
    let tally = TallyRow {
        day: row.get(1)?,
        kind: sql::word(row, 2, TallyKind::parse)?,
        subject: row.get(3)?,
        name: sql::text(row, 4)?,
        count: row.get(5)?,
    };
    Ok((row.get(0)?, tally))
}

/// The order in which counts are listed.
pub(super) fn sorted(rows: impl IntoIterator<Item = TallyRow>) -> Vec<TallyRow> {
    let mut sums: BTreeMap<_, i64> = BTreeMap::new();
    for row in rows {
        *sums.entry((row.day, row.kind, row.subject, row.name)).or_default() += row.count;
    }
    let rows = sums.into_iter().filter(|(_, count)| *count != 0);
    rows.map(|((day, kind, subject, name), count)| TallyRow { day, kind, subject, name, count }).collect()
}

impl Rows<'_> {
    /// Counts of some kinds on the days `from` to `to`, both included.
    pub(crate) fn tallies(
        &self,
        workspace: WorkspaceId,
        kinds: Vec<TallyKind>,
        from: i32,
        to: i32,
    ) -> Result<Vec<TallyRow>, StoreError> {
        let mut found = Vec::new();
        for kind in kinds {
            let rows: Vec<(i64, TallyRow)> = sql::all::<_, StoreError>(
                self.conn,
                "SELECT workspace_id, day, kind, subject, name, CAST(sum(count) AS BIGINT) FROM tally
                 WHERE workspace_id = $1 AND day >= $2 AND day <= $3 AND kind = $4
                 GROUP BY workspace_id, day, kind, subject, name",
                &[&workspace.0, &from, &to, &kind.as_str()],
                counted,
            )?;
            found.extend(rows.into_iter().map(|(_, row)| row));
            if kind == TallyKind::Message {
                found.extend(self.counted_before(workspace, from, to)?);
            }
        }
        Ok(sorted(found))
    }

    /// Messages that programs before the tallies counted.
    fn counted_before(
        &self,
        workspace: WorkspaceId,
        from: i32,
        to: i32,
    ) -> Result<Vec<TallyRow>, StoreError> {
        sql::all(
            self.conn,
            "SELECT workspace_id, day, 'message', channel_id, direction || '/' || status, count FROM daily_count
             WHERE workspace_id = $1 AND day >= $2 AND day <= $3",
            &[&workspace.0, &from, &to],
            |row| counted(row).map(|(_, row)| row),
        )
    }

    /// How many different people were there on the days `from` to `to`, both included.
    pub(crate) fn active_contacts(
        &self,
        workspace: WorkspaceId,
        from: i32,
        to: i32,
    ) -> Result<u64, StoreError> {
        let count = sql::one(
            self.conn,
            "SELECT count(DISTINCT contact_id) FROM contact_day WHERE workspace_id = $1 AND day >= $2 AND day <= $3",
            &[&workspace.0, &from, &to],
            |row| row.get::<i64>(0),
        )?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }
}
