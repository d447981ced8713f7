//! Reads reminders, outcomes and lookup tables.

use domain::{ContactId, FlowId, OutcomeId, ReminderId, SessionId, TableId, WorkspaceId};

use super::{Rows, sql};
use crate::sql::Row;
use crate::{
    OutcomeCount, OutcomeRow, ReminderMode, ReminderRow, StoreError, TableContent, TableRow, TableVersion,
};

impl Rows<'_> {
    pub(crate) fn reminder(
        &self,
        workspace: WorkspaceId,
        id: ReminderId,
    ) -> Result<Option<ReminderRow>, StoreError> {
        Ok(sql::one(
            self.conn,
            "SELECT id, workspace_id, contact_id, key, flow_id, params, mode, due, created_on FROM reminder
             WHERE id = $1 AND workspace_id = $2",
            &[&id.0, &workspace.0],
            reminder_row,
        )?)
    }

    pub(crate) fn contact_reminders(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
    ) -> Result<Vec<ReminderRow>, StoreError> {
        sql::all(
            self.conn,
            "SELECT id, workspace_id, contact_id, key, flow_id, params, mode, due, created_on FROM reminder
             WHERE contact_id = $1 AND workspace_id = $2 ORDER BY due, id",
            &[&contact.0, &workspace.0],
            reminder_row,
        )
    }

    pub(crate) fn outcomes(
        &self,
        workspace: WorkspaceId,
        after: OutcomeId,
        limit: usize,
    ) -> Result<Vec<OutcomeRow>, StoreError> {
        sql::all(
            self.conn,
            "SELECT id, workspace_id, contact_id, session_id, flow_id, ticket_uuid, name, value, day, created_on
             FROM outcome WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3",
            &[&workspace.0, &after.0, &i64::try_from(limit).unwrap_or(i64::MAX)],
            outcome_row,
        )
    }

    pub(super) fn tables(&self, workspace: WorkspaceId) -> Result<Vec<TableRow>, StoreError> {
        sql::all(
            self.conn,
            "SELECT id, name, key_column, columns, version, row_count, created_on, modified_on FROM lookup_table
             WHERE workspace_id = $1 ORDER BY name",
            &[&workspace.0],
            |row| {
                Ok(TableRow {
                    id: TableId(row.get(0)?),
                    name: sql::text(row, 1)?,
                    key_column: sql::text(row, 2)?,
                    columns: sql::json(row, 3)?,
                    version: row.get(4)?,
                    row_count: row.get(5)?,
                    created_on: sql::time(row, 6)?,
                    modified_on: sql::time(row, 7)?,
                })
            },
        )
    }

    pub(crate) fn table_versions(
        &self,
        workspace: WorkspaceId,
        table: TableId,
    ) -> Result<Vec<TableVersion>, StoreError> {
        sql::all(
            self.conn,
            "SELECT version, row_count, created_on FROM lookup_table_version
             WHERE table_id = $1 AND workspace_id = $2 ORDER BY version DESC",
            &[&table.0, &workspace.0],
            |row| {
                Ok(TableVersion {
                    version: row.get(0)?,
                    row_count: row.get(1)?,
                    created_on: sql::time(row, 2)?,
                })
            },
        )
    }

    pub(crate) fn table_content(
        &self,
        workspace: WorkspaceId,
        table: TableId,
        version: i64,
    ) -> Result<Option<TableContent>, StoreError> {
        Ok(sql::one(
            self.conn,
            "SELECT table_id, version, content, row_count, created_on FROM lookup_table_version
             WHERE table_id = $1 AND version = $2 AND workspace_id = $3",
            &[&table.0, &version, &workspace.0],
            |row| {
                Ok(TableContent {
                    table: TableId(row.get(0)?),
                    version: row.get(1)?,
                    content: row.str(2)?.into(),
                    row_count: row.get::<Option<i64>>(3)?.unwrap_or_default(),
                    created_on: sql::time(row, 4)?,
                })
            },
        )?)
    }

    pub(crate) fn outcome_counts(&self, workspace: WorkspaceId) -> Result<Vec<OutcomeCount>, StoreError> {
        sql::all(
            self.conn,
            "SELECT day, flow_id, name, value, count FROM outcome_count
             WHERE workspace_id = $1 ORDER BY day, flow_id, name, value",
            &[&workspace.0],
            |row| {
                Ok(OutcomeCount {
                    day: row.get(0)?,
                    flow: FlowId(row.get(1)?),
                    name: sql::text(row, 2)?,
                    value: sql::text(row, 3)?,
                    count: row.get(4)?,
                })
            },
        )
    }
}

fn reminder_row(row: &Row<'_>) -> sql::Result<ReminderRow> {
    Ok(ReminderRow {
        id: ReminderId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        contact: ContactId(row.get(2)?),
        key: sql::text(row, 3)?,
        flow: FlowId(row.get(4)?),
        params: row.get(5)?,
        mode: sql::word(row, 6, ReminderMode::parse)?,
        due: sql::time(row, 7)?,
        created_on: sql::time(row, 8)?,
    })
}

fn outcome_row(row: &Row<'_>) -> sql::Result<OutcomeRow> {
    let ticket = if row.is_null(5)? { None } else { Some(sql::uuid(row, 5)?.into()) };
    Ok(OutcomeRow {
        id: OutcomeId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        contact: ContactId(row.get(2)?),
        session: SessionId(row.get(3)?),
        flow: FlowId(row.get(4)?),
        ticket,
        name: sql::text(row, 6)?,
        value: sql::text(row, 7)?,
        day: row.get(8)?,
        created_on: sql::time(row, 9)?,
    })
}
