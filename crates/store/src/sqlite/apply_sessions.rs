//! Writes sessions, runs, history and timers.

use crate::sql::Connection;
use domain::{ContactId, SessionId, WorkspaceId};
use jiff::Timestamp;

use super::sql;
use crate::{DueTimer, NewEvent, RunRow, SessionRow, SessionStatus, TimerKind, UnitError};

pub(super) fn session(conn: &Connection, session: &SessionRow) -> Result<(), UnitError> {
    let changed = sql::exec(
        conn,
        "INSERT INTO session (id, workspace_id, uuid, contact_id, status, wait_kind, wait_until, expires_on, pins,
             state, created_on, ended_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (id) DO UPDATE SET status = excluded.status, wait_kind = excluded.wait_kind,
             wait_until = excluded.wait_until, expires_on = excluded.expires_on, pins = excluded.pins,
             state = excluded.state, ended_on = excluded.ended_on
         WHERE session.workspace_id = excluded.workspace_id AND session.contact_id = excluded.contact_id",
        &[
            &session.id.0,
            &session.workspace.0,
            &session.uuid.0,
            &session.contact.0,
            &session.status.as_str(),
            &session.wait_kind.map(|kind| kind.as_str()),
            &session.wait_until.map(Timestamp::as_microsecond),
            &session.expires_on.map(Timestamp::as_microsecond),
            &session.pins,
            &(!session.state.is_empty()).then_some(session.state.as_slice()),
            &session.created_on.as_microsecond(),
            &session.ended_on.map(Timestamp::as_microsecond),
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(UnitError::Conflict) }
}

/// Ends a session that is still live, with its open runs.
pub(super) fn end(
    conn: &Connection,
    workspace: WorkspaceId,
    session: SessionId,
    status: SessionStatus,
    at: Timestamp,
) -> Result<(), UnitError> {
    let contact = sql::one(
        conn,
        "SELECT contact_id FROM session WHERE id = $1 AND workspace_id = $2 AND ended_on IS NULL",
        &[&session.0, &workspace.0],
        |row| row.get::<i64>(0),
    )?;
    let Some(contact) = contact else { return Ok(()) };
    sql::exec(
        conn,
        "UPDATE session SET status = $1, wait_kind = NULL, wait_until = NULL, expires_on = NULL, pins = '',
             state = NULL, ended_on = $2 WHERE id = $3 AND workspace_id = $4",
        &[&status.as_str(), &at.as_microsecond(), &session.0, &workspace.0],
    )?;
    sql::exec(
        conn,
        "UPDATE run SET status = $1, modified_on = $2, exited_on = $2
         WHERE contact_id = $3 AND session_id = $4 AND exited_on IS NULL",
        &[&status.as_str(), &at.as_microsecond(), &contact, &session.0],
    )?;
    Ok(())
}

pub(super) fn run(conn: &Connection, run: &RunRow) -> Result<(), UnitError> {
    let modified = run.modified_on.as_microsecond();
    let exited = run.exited_on.map(Timestamp::as_microsecond);
    let changed = sql::exec(
        conn,
        "UPDATE run SET status = $1, responded = $2, results = $3, modified_on = $4, exited_on = $5, path = $6
         WHERE id = $7 AND workspace_id = $8",
        &[
            &run.status.as_str(),
            &run.responded,
            &run.results,
            &modified,
            &exited,
            &run.path,
            &run.id.0,
            &run.workspace.0,
        ],
    )?;
    if changed == 1 {
        return Ok(());
    }
    sql::exec(
        conn,
        "INSERT INTO run (id, workspace_id, uuid, session_id, contact_id, flow_id, status, responded, results,
             created_on, modified_on, exited_on, path, job_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        &[
            &run.id.0,
            &run.workspace.0,
            &run.uuid.0,
            &run.session.0,
            &run.contact.0,
            &run.flow.0,
            &run.status.as_str(),
            &run.responded,
            &run.results,
            &run.created_on.as_microsecond(),
            &modified,
            &exited,
            &run.path,
            &run.job.map(|id| id.0),
        ],
    )?;
    Ok(())
}

pub(super) fn event(conn: &Connection, event: &NewEvent) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO event (id, workspace_id, contact_id, session_id, kind, body, created_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            &event.id.0,
            &event.workspace.0,
            &event.contact.0,
            &event.session.map(|id| id.0),
            &event.kind.as_str(),
            &event.body,
            &event.created_on.as_microsecond(),
        ],
    )?;
    Ok(())
}

pub(super) fn set_timer(conn: &Connection, timer: &DueTimer) -> Result<(), UnitError> {
    // A wait's timeout belongs to this wait and must move; some others may fire early.
    let text = if timer.kind.keeps_earlier() {
        "INSERT INTO timer (workspace_id, contact_id, kind, scope, due, session_id)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (contact_id, kind, scope) DO UPDATE SET due = excluded.due, session_id = excluded.session_id
         WHERE timer.due > excluded.due"
    } else {
        "INSERT INTO timer (workspace_id, contact_id, kind, scope, due, session_id)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (contact_id, kind, scope) DO UPDATE SET due = excluded.due, session_id = excluded.session_id"
    };
    sql::exec(
        conn,
        text,
        &[
            &timer.workspace.0,
            &timer.contact.0,
            &timer.kind.as_str(),
            &timer.kind.scope(timer.session),
            &timer.due.as_microsecond(),
            &timer.session.0,
        ],
    )?;
    Ok(())
}

pub(super) fn clear_timer(
    conn: &Connection,
    workspace: WorkspaceId,
    contact: ContactId,
    kind: TimerKind,
    session: SessionId,
) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "DELETE FROM timer WHERE workspace_id = $1 AND contact_id = $2 AND kind = $3 AND scope = $4",
        &[&workspace.0, &contact.0, &kind.as_str(), &kind.scope(session)],
    )?;
    Ok(())
}

pub(super) fn check_timer(conn: &Connection, timer: &DueTimer) -> Result<(), UnitError> {
    let due = sql::one(
        conn,
        "SELECT due FROM timer WHERE workspace_id = $1 AND contact_id = $2 AND kind = $3 AND scope = $4",
        &[&timer.workspace.0, &timer.contact.0, &timer.kind.as_str(), &timer.kind.scope(timer.session)],
        |row| row.get::<i64>(0),
    )?;
    if due == Some(timer.due.as_microsecond()) { Ok(()) } else { Err(UnitError::Gone) }
}

pub(super) fn take_timer(conn: &Connection, timer: &DueTimer) -> Result<(), UnitError> {
    let changed = sql::exec(
        conn,
        "DELETE FROM timer
         WHERE workspace_id = $1 AND contact_id = $2 AND kind = $3 AND scope = $4 AND due = $5",
        &[
            &timer.workspace.0,
            &timer.contact.0,
            &timer.kind.as_str(),
            &timer.kind.scope(timer.session),
            &timer.due.as_microsecond(),
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(UnitError::Gone) }
}
