//! Reads and writes when templates are asked for at their carriers.

use domain::{ChannelId, WorkspaceId};
use jiff::Timestamp;

use super::{Rows, sql};
use crate::{
    StoreError, TemplateSyncChange, TemplateSyncRow, UnitError,
    sql::{Connection, Row},
};

/// Lines whose carriers keep templates, with what there is of the asking.
const OF_LINES: &str = "SELECT channel.id, channel.workspace_id, COALESCE(sync.next_sync, 0), sync.synced_on,
        COALESCE(sync.templates, 0), COALESCE(sync.failures, 0), sync.error, COALESCE(sync.steps, 0)
    FROM channel LEFT JOIN template_sync AS sync ON sync.channel_id = channel.id
    WHERE channel.active = 1 AND channel.channel_type = 'WAC'";

impl Rows<'_> {
    /// The asking for templates of a workspace's lines, the oldest line first.
    pub(crate) fn template_syncs(&self, workspace: WorkspaceId) -> Result<Vec<TemplateSyncRow>, StoreError> {
        let text = format!("{OF_LINES} AND channel.workspace_id = $1 ORDER BY channel.id");
        sql::all(self.conn, &text, &[&workspace.0], sync_row)
    }

    /// Lines whose templates are to be asked for now, the one that waited longest first.
    pub(crate) fn due_template_syncs(
        &self,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<TemplateSyncRow>, StoreError> {
        let text = format!(
            "{OF_LINES} AND COALESCE(sync.next_sync, 0) <= $1
             ORDER BY COALESCE(sync.next_sync, 0), channel.id LIMIT $2"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        sql::all(self.conn, &text, &[&now.as_microsecond(), &limit], sync_row)
    }
}

fn sync_row(row: &Row<'_>) -> sql::Result<TemplateSyncRow> {
    Ok(TemplateSyncRow {
        channel: ChannelId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        next_sync: sql::time(row, 2)?,
        synced_on: sql::time_opt(row, 3)?,
        templates: row.get(4)?,
        failures: row.get(5)?,
        error: row.get(6)?,
        steps: row.get(7)?,
    })
}

pub(super) fn apply(conn: &Connection, change: &TemplateSyncChange) -> Result<(), UnitError> {
    let changed = match change {
        TemplateSyncChange::Ask(workspace, channel, at) => sql::exec(
            conn,
            "INSERT INTO template_sync (channel_id, workspace_id, next_sync, steps) VALUES ($1, $2, $3, 1)
             ON CONFLICT (channel_id) DO UPDATE SET next_sync = excluded.next_sync,
                 steps = template_sync.steps + 1
             WHERE template_sync.workspace_id = excluded.workspace_id",
            &[&channel.0, &workspace.0, &at.as_microsecond()],
        )?,
        TemplateSyncChange::Done(row) => sql::exec(
            conn,
            "INSERT INTO template_sync
                 (channel_id, workspace_id, next_sync, synced_on, templates, failures, error, steps)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (channel_id) DO UPDATE SET next_sync = excluded.next_sync,
                 synced_on = excluded.synced_on, templates = excluded.templates,
                 failures = excluded.failures, error = excluded.error, steps = excluded.steps
             WHERE template_sync.workspace_id = excluded.workspace_id
                 AND template_sync.steps = excluded.steps - 1",
            &[
                &row.channel.0,
                &row.workspace.0,
                &row.next_sync.as_microsecond(),
                &row.synced_on.map(Timestamp::as_microsecond),
                &row.templates,
                &row.failures,
                &row.error,
                &(row.steps + 1),
            ],
        )?,
    };
    if changed == 1 { Ok(()) } else { Err(UnitError::Gone) }
}
