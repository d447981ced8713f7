//! Reads who is alive, who holds which lease, and how far row numbers are.

use jiff::{SignedDuration, Timestamp};

use super::Rows;
use crate::{
    LeaseName, LeaseRow, NodeRow, NodeState, StoreError,
    sql::{self, Connection, Row},
};

pub(crate) const NODES: &str =
    "SELECT run, name, slot, version, schema_version, address, host, process, ttl, started_on, beat, beat_on, state,
         spool_from
     FROM node";

/// Every table whose rows have numbers of ours.
const HIGHEST: &str = "SELECT max(highest.id) FROM (
         SELECT max(id) AS id FROM message UNION ALL SELECT max(id) FROM event
         UNION ALL SELECT max(id) FROM outbox UNION ALL SELECT max(id) FROM contact
         UNION ALL SELECT max(id) FROM contact_urn UNION ALL SELECT max(id) FROM session
         UNION ALL SELECT max(id) FROM run UNION ALL SELECT max(id) FROM workspace
         UNION ALL SELECT max(id) FROM job UNION ALL SELECT max(id) FROM reminder
         UNION ALL SELECT max(id) FROM outcome UNION ALL SELECT max(id) FROM ticket) AS highest";

pub(crate) fn node_row(row: &Row<'_>) -> sql::Result<NodeRow> {
    Ok(NodeRow {
        run: row.get(0)?,
        name: sql::text(row, 1)?,
        slot: u8::try_from(row.get::<i64>(2)?).unwrap_or(u8::MAX),
        version: sql::text(row, 3)?,
        schema: row.get(4)?,
        address: sql::text(row, 5)?,
        host: sql::text(row, 6)?,
        process: sql::text(row, 7)?,
        ttl: SignedDuration::from_micros(row.get(8)?),
        started_on: sql::time(row, 9)?,
        beat: row.get(10)?,
        beat_on: sql::time(row, 11)?,
        // A later program may know more states.
        state: NodeState::parse(row.str(12)?).unwrap_or(NodeState::Running),
        spool_from: row.get::<Option<i64>>(13)?.and_then(|at| Timestamp::from_microsecond(at).ok()),
    })
}

/// Runs that are alive, the oldest first.
pub(crate) fn nodes(conn: &Connection) -> sql::Result<Vec<NodeRow>> {
    sql::all(conn, &format!("{NODES} ORDER BY run"), &[], node_row)
}

/// Leases by name. One of a later program is passed over.
pub(crate) fn leases(conn: &Connection) -> sql::Result<Vec<LeaseRow>> {
    let text = "SELECT name, run, fence, taken_on FROM lease ORDER BY name";
    let rows: Vec<Option<LeaseRow>> = sql::all::<_, sql::Error>(conn, text, &[], |row| {
        let Some(name) = LeaseName::parse(row.str(0)?) else { return Ok(None) };
        Ok(Some(LeaseRow { name, run: row.get(1)?, fence: row.get(2)?, taken_on: sql::time(row, 3)? }))
    })?;
    Ok(rows.into_iter().flatten().collect())
}

/// The highest row number in use in the tables that grow: new ones start above it even if the clock was set back.
pub(crate) fn highest_id(conn: &Connection) -> sql::Result<i64> {
    Ok(sql::one(conn, HIGHEST, &[], |row| row.get::<Option<i64>>(0))?.flatten().unwrap_or(0))
}

impl Rows<'_> {
    pub(crate) fn nodes(&self) -> Result<Vec<NodeRow>, StoreError> {
        Ok(nodes(self.conn)?)
    }

    pub(crate) fn leases(&self) -> Result<Vec<LeaseRow>, StoreError> {
        Ok(leases(self.conn)?)
    }
}
