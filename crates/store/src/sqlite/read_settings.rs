//! Reads what all nodes share beside the data: settings, features, use of shared limits.

use domain::{ContactId, WorkspaceId};

use super::{Rows, sql};
use crate::sql::Row;
use crate::{FeatureRow, RateUse, SettingRow, StoreError};

impl Rows<'_> {
    pub(crate) fn settings(&self) -> Result<Vec<SettingRow>, StoreError> {
        let text = "SELECT name, value, changed_on FROM setting ORDER BY name";
        sql::all(self.conn, text, &[], |row: &Row<'_>| {
            Ok(SettingRow {
                name: sql::text(row, 0)?,
                value: sql::text(row, 1)?,
                changed_on: sql::time(row, 2)?,
            })
        })
    }

    pub(crate) fn features(&self, workspace: WorkspaceId) -> Result<Vec<FeatureRow>, StoreError> {
        let text = "SELECT name, enabled, changed_on FROM feature WHERE workspace_id = $1 ORDER BY name";
        sql::all(self.conn, text, &[&workspace.0], |row: &Row<'_>| {
            Ok(FeatureRow {
                name: sql::text(row, 0)?,
                enabled: row.get::<i64>(1)? != 0,
                changed_on: sql::time(row, 2)?,
            })
        })
    }

    pub(crate) fn search_later(&self, limit: usize) -> Result<Vec<(WorkspaceId, ContactId)>, StoreError> {
        let text = "SELECT workspace_id, contact_id FROM search_later ORDER BY contact_id LIMIT $1";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        sql::all(self.conn, text, &[&limit], |row: &Row<'_>| {
            Ok((WorkspaceId(row.get(0)?), ContactId(row.get(1)?)))
        })
    }

    pub(crate) fn rate_uses(&self, not_of: i64, limit: usize) -> Result<Vec<RateUse>, StoreError> {
        let text = "SELECT caller, node, used, changed_on FROM rate_use
             WHERE node <> $1 ORDER BY changed_on DESC, caller, node LIMIT $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        sql::all(self.conn, text, &[&not_of, &limit], |row: &Row<'_>| {
            Ok(RateUse {
                caller: sql::text(row, 0)?,
                node: row.get(1)?,
                used: row.get(2)?,
                changed_on: sql::time(row, 3)?,
            })
        })
    }
}
