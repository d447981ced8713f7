//! Writes what all nodes share beside the data: settings, features, use of shared limits.

use domain::WorkspaceId;
use jiff::Timestamp;

use super::sql;
use crate::sql::Connection;
use crate::{FeatureRow, RateUse, SettingRow, UnitError};

pub(super) fn set(conn: &Connection, row: &SettingRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO setting (name, value, changed_on) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_on = excluded.changed_on",
        &[&row.name.as_str(), &row.value.as_str(), &row.changed_on.as_microsecond()],
    )?;
    Ok(())
}

pub(super) fn clear(conn: &Connection, name: &str) -> Result<(), UnitError> {
    sql::exec(conn, "DELETE FROM setting WHERE name = $1", &[&name])?;
    Ok(())
}

pub(super) fn feature(conn: &Connection, workspace: WorkspaceId, row: &FeatureRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO feature (workspace_id, name, enabled, changed_on) VALUES ($1, $2, $3, $4)
         ON CONFLICT (workspace_id, name)
         DO UPDATE SET enabled = excluded.enabled, changed_on = excluded.changed_on",
        &[&workspace.0, &row.name.as_str(), &i64::from(row.enabled), &row.changed_on.as_microsecond()],
    )?;
    Ok(())
}

pub(super) fn rate_use(conn: &Connection, row: &RateUse) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO rate_use (caller, node, used, changed_on) VALUES ($1, $2, $3, $4)
         ON CONFLICT (caller, node) DO UPDATE SET used = excluded.used, changed_on = excluded.changed_on",
        &[&row.caller.as_str(), &row.node, &row.used, &row.changed_on.as_microsecond()],
    )?;
    Ok(())
}

/// Removes what was written before a moment: its node is gone, or its caller is quiet.
pub(super) fn forget_rates(conn: &Connection, before: Timestamp) -> Result<(), UnitError> {
    sql::exec(conn, "DELETE FROM rate_use WHERE changed_on < $1", &[&before.as_microsecond()])?;
    Ok(())
}
