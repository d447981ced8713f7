//! Writes reminders and outcomes.

use domain::{ContactId, SessionId, WorkspaceId};

use super::{apply_sessions, sql};
use crate::sql::Connection;
use crate::{
    DueTimer, OutcomeRow, ReminderRow, TimerKind, UnitError, outcome::MAX_COUNTED_CHARS,
    reminder::MAX_REMINDERS,
};

/// Sets a reminder in the place of the one with its key. One too many is not set.
pub(super) fn set_reminder(conn: &Connection, reminder: &ReminderRow) -> Result<(), UnitError> {
    let (workspace, contact) = (reminder.workspace, reminder.contact);
    cancel_reminders(conn, workspace, contact, Some(&reminder.key))?;
    let count = sql::one(
        conn,
        "SELECT count(*) FROM reminder WHERE contact_id = $1 AND workspace_id = $2",
        &[&contact.0, &workspace.0],
        |row| row.get::<i64>(0),
    )?;
    if count.unwrap_or_default() >= MAX_REMINDERS as i64 {
        tracing::warn!(contact = contact.0, "a contact has too many reminders; the new one is not set");
        return Ok(());
    }
    sql::exec(
        conn,
        "INSERT INTO reminder (id, workspace_id, contact_id, key, flow_id, params, mode, due, created_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            &reminder.id.0,
            &workspace.0,
            &contact.0,
            &reminder.key.as_str(),
            &reminder.flow.0,
            &reminder.params,
            &reminder.mode.as_str(),
            &reminder.due.as_microsecond(),
            &reminder.created_on.as_microsecond(),
        ],
    )?;
    let session = SessionId(reminder.id.0);
    let (kind, due) = (TimerKind::Reminder, reminder.due);
    apply_sessions::set_timer(conn, &DueTimer { workspace, contact, kind, due, session })
}

/// Removes the reminder with a key, or all of a contact's, with their timers.
pub(super) fn cancel_reminders(
    conn: &Connection,
    workspace: WorkspaceId,
    contact: ContactId,
    key: Option<&str>,
) -> Result<(), UnitError> {
    let ids: Vec<i64> = sql::all::<_, UnitError>(
        conn,
        "SELECT id FROM reminder WHERE contact_id = $1 AND workspace_id = $2 AND key = coalesce($3, key)",
        &[&contact.0, &workspace.0, &key],
        |row| row.get(0),
    )?;
    for id in ids {
        apply_sessions::clear_timer(conn, workspace, contact, TimerKind::Reminder, SessionId(id))?;
        sql::exec(conn, "DELETE FROM reminder WHERE id = $1 AND workspace_id = $2", &[&id, &workspace.0])?;
    }
    Ok(())
}

/// Adds an outcome and counts it.
pub(super) fn outcome(conn: &Connection, outcome: &OutcomeRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO outcome (id, workspace_id, contact_id, session_id, flow_id, ticket_uuid, name, value, day,
             created_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            &outcome.id.0,
            &outcome.workspace.0,
            &outcome.contact.0,
            &outcome.session.0,
            &outcome.flow.0,
            &outcome.ticket.map(|ticket| ticket.0),
            &outcome.name.as_str(),
            &outcome.value.as_str(),
            &outcome.day,
            &outcome.created_on.as_microsecond(),
        ],
    )?;
    let counted: String = outcome.value.chars().take(MAX_COUNTED_CHARS).collect();
    sql::exec(
        conn,
        "INSERT INTO outcome_count (workspace_id, day, flow_id, name, value, count)
         VALUES ($1, $2, $3, $4, $5, 1)
         ON CONFLICT (workspace_id, day, flow_id, name, value) DO UPDATE SET count = outcome_count.count + 1",
        &[&outcome.workspace.0, &outcome.day, &outcome.flow.0, &outcome.name.as_str(), &counted],
    )?;
    Ok(())
}
