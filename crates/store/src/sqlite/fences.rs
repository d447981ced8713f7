//! Whether what a unit says of its writer holds: its run is alive, and the lease that it works under is still its own.
//! Asked once for each run and lease of a transaction. On PostgreSQL the rows that say so are held until its end, so
//! that a run is not ended, nor a lease taken over, while it writes.

use std::collections::BTreeMap;

use super::sql::{self, Connection};
use crate::{LeaseName, Unit};

/// What is known within one transaction.
#[derive(Debug, Default)]
pub(crate) struct Fences {
    runs: BTreeMap<i64, bool>,
    leases: BTreeMap<LeaseName, (i64, i64)>,
}

impl Fences {
    /// Whether the unit may be written.
    pub(crate) fn allow(&mut self, conn: &Connection, unit: &Unit) -> sql::Result<bool> {
        if unit.by == 0 {
            return Ok(true);
        }
        if !self.is_alive(conn, unit.by)? {
            return Ok(false);
        }
        let Some(fence) = unit.under else { return Ok(true) };
        let held = match self.leases.get(&fence.lease) {
            Some(held) => *held,
            None => {
                let text = with_lock(conn, "SELECT run, fence FROM lease WHERE name = $1", "FOR SHARE");
                let held =
                    sql::one(conn, &text, &[&fence.lease.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
                let held = held.unwrap_or((0, 0));
                self.leases.insert(fence.lease, held);
                held
            }
        };
        Ok(held == (unit.by, fence.fence))
    }

    /// Whether a run is alive.
    pub(crate) fn is_alive(&mut self, conn: &Connection, run: i64) -> sql::Result<bool> {
        if let Some(alive) = self.runs.get(&run) {
            return Ok(*alive);
        }
        let text = with_lock(conn, "SELECT run FROM node WHERE run = $1", "FOR KEY SHARE");
        let alive = sql::one(conn, &text, &[&run], |row| row.get::<i64>(0))?.is_some();
        self.runs.insert(run, alive);
        Ok(alive)
    }
}

fn with_lock(conn: &Connection, text: &str, lock: &str) -> String {
    match conn {
        Connection::Sqlite(_) => text.to_owned(),
        Connection::Postgres(_) => format!("{text} {lock}"),
    }
}
