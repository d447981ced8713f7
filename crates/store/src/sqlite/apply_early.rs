//! Reports that came before the carrier's identifier of their message was written down: they wait until it is. A
//! carrier that is fast, or a database that is slow, must not lose what was acknowledged.

use domain::{ChannelId, WorkspaceId};
use jiff::Timestamp;

use super::{apply_messages, sql, writer::SideEffects};
use crate::{
    EarlyReport, MessageRef, MessageStatus, StatusChange, StatusResult, UnitError,
    sql::{Connection, Row},
};

/// The order of progress among reports: what stands further replaces what does not.
pub(crate) const FURTHER: &str = "CASE {status}
     WHEN 'sent' THEN 1 WHEN 'failed' THEN 2 WHEN 'delivered' THEN 3 WHEN 'read' THEN 4 ELSE 0 END";

/// Keeps a report on a message that is known by the carrier's identifier alone.
pub(super) fn keep(conn: &Connection, change: &StatusChange) -> Result<(), UnitError> {
    let MessageRef::External(channel, external) = &change.message else { return Ok(()) };
    let (new, old) =
        (FURTHER.replace("{status}", "excluded.status"), FURTHER.replace("{status}", "early_report.status"));
    sql::exec(
        conn,
        &format!(
            "INSERT INTO early_report (workspace_id, channel_id, external_id, status, reason, created_on)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (external_id, channel_id) DO UPDATE SET status = excluded.status,
                 reason = excluded.reason WHERE {new} > {old}"
        ),
        &[
            &change.workspace.0,
            &channel.0,
            &external.as_str(),
            &change.status.as_str(),
            &change.reason,
            &change.at.as_microsecond(),
        ],
    )?;
    Ok(())
}

pub(crate) const COLUMNS: &str = "workspace_id, channel_id, external_id, status, reason, created_on";

pub(crate) fn row(row: &Row<'_>) -> sql::Result<EarlyReport> {
    Ok(EarlyReport {
        workspace: WorkspaceId(row.get(0)?),
        channel: ChannelId(row.get(1)?),
        external_id: sql::text(row, 2)?,
        status: sql::word(row, 3, MessageStatus::parse)?,
        reason: row.get(4)?,
        created_on: sql::time(row, 5)?,
    })
}

/// Takes the report that waits for this identifier.
pub(super) fn take(
    conn: &Connection,
    workspace: WorkspaceId,
    channel: i64,
    external: &str,
) -> Result<Option<EarlyReport>, UnitError> {
    let report = sql::one(
        conn,
        &format!(
            "SELECT {COLUMNS} FROM early_report
             WHERE external_id = $1 AND channel_id = $2 AND workspace_id = $3"
        ),
        &[&external, &channel, &workspace.0],
        row,
    )?;
    if let Some(report) = &report {
        remove(conn, report)?;
    }
    Ok(report)
}

fn remove(conn: &Connection, report: &EarlyReport) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "DELETE FROM early_report WHERE external_id = $1 AND channel_id = $2 AND workspace_id = $3",
        &[&report.external_id.as_str(), &report.channel.0, &report.workspace.0],
    )?;
    Ok(())
}

/// Applies a report that waits if its message is known by now: another node may have written the identifier down in
/// the very moment in which the report was kept. One that came before the given moment is forgotten.
pub(super) fn settle(
    conn: &Connection,
    report: &EarlyReport,
    before: Timestamp,
    side: &mut SideEffects,
) -> Result<Option<StatusResult>, UnitError> {
    let Some(report) = take(conn, report.workspace, report.channel.0, &report.external_id)? else {
        return Ok(None);
    };
    let change = StatusChange {
        workspace: report.workspace,
        message: MessageRef::External(report.channel, report.external_id.clone()),
        status: report.status,
        external_id: None,
        reason: report.reason.clone(),
        at: report.created_on,
    };
    // What is still not known is kept again.
    let result = apply_messages::status(conn, &change, side)?;
    if result == StatusResult::Unknown && report.created_on < before {
        remove(conn, &report)?;
    }
    Ok((result != StatusResult::Unknown).then_some(result))
}
