//! What a job has written and nobody has sent yet, taken back: for a pause, to go on later, or for good.
//!
//! A row that rests is kept as the dead ones are, with a reason of its own, so that it stands in nobody's way: the reply to
//! somebody who is told nothing for now does not wait behind it.

use domain::{ContactStatus, JobId, MessageId, OutboxId, WorkspaceId};
use jiff::Timestamp;

use super::{apply_messages, apply_outbox, read_queues::PARKED, sql, writer::SideEffects};
use crate::{MessageRef, MessageStatus, ReviveOutbox, StatusChange, UnitError, sql::Connection};

/// Rows of a job, in hand or not; a search over the whole outbox, for what people do by hand now and then.
fn rows_of(
    conn: &Connection,
    (workspace, job): (WorkspaceId, JobId),
    resting: bool,
) -> Result<Vec<(OutboxId, MessageId)>, UnitError> {
    let or_resting = if resting { "OR dead_reason = $3" } else { "AND $3 <> ''" };
    let text = format!(
        "SELECT id, message_id FROM outbox
         WHERE workspace_id = $1 AND source = $2 AND message_id <> 0 AND attempts = 0 AND parts_sent = 0
           AND (dead_reason IS NULL {or_resting}) ORDER BY id"
    );
    Ok(sql::all::<_, sql::Error>(conn, &text, &[&workspace.0, &job.0, &PARKED], |row| {
        Ok((OutboxId(row.get(0)?), MessageId(row.get(1)?)))
    })?)
}

/// Answers what must not leave for now.
pub(super) fn park(
    conn: &Connection,
    workspace: WorkspaceId,
    job: JobId,
) -> Result<Vec<OutboxId>, UnitError> {
    let rows = rows_of(conn, (workspace, job), false)?;
    for (id, _) in &rows {
        sql::exec(
            conn,
            "UPDATE outbox SET claimed_by = 0, dead_reason = $1 WHERE id = $2 AND workspace_id = $3",
            &[&PARKED, &id.0, &workspace.0],
        )?;
    }
    Ok(rows.into_iter().map(|(id, _)| id).collect())
}

/// Answers what must not leave any more.
pub(super) fn drop_job(
    conn: &Connection,
    (workspace, job): (WorkspaceId, JobId),
    reason: &str,
    at: Timestamp,
    side: &mut SideEffects,
) -> Result<Vec<OutboxId>, UnitError> {
    let rows = rows_of(conn, (workspace, job), true)?;
    for (id, message) in &rows {
        apply_outbox::finish(conn, workspace, *id)?;
        fail(conn, (workspace, *message), reason, at, side)?;
    }
    Ok(rows.into_iter().map(|(id, _)| id).collect())
}

/// Under a new number: whoever had the old one in hand has been told that it must not leave.
pub(super) fn unpark(
    conn: &Connection,
    revive: &ReviveOutbox,
    side: &mut SideEffects,
) -> Result<(), UnitError> {
    let found = sql::one(
        conn,
        "SELECT o.message_id, o.channel_id, o.contact_id, c.status FROM outbox AS o
         JOIN contact AS c ON c.id = o.contact_id AND c.workspace_id = o.workspace_id
         WHERE o.id = $1 AND o.workspace_id = $2 AND o.dead_reason = $3",
        &[&revive.id.0, &revive.workspace.0, &PARKED],
        |row| {
            let status = sql::word(row, 3, sql::contact_status)?;
            Ok((
                MessageId(row.get(0)?),
                row.get::<i64>(1)?,
                domain::ContactId(row.get(2)?),
                status == ContactStatus::Active,
            ))
        },
    )?;
    let Some((message, channel, contact, active)) = found else { return Ok(()) };
    if !active {
        apply_outbox::finish(conn, revive.workspace, revive.id)?;
        let reason = "the contact may not be written to any more";
        return fail(conn, (revive.workspace, message), reason, revive.at, side);
    }
    let waiting = apply_outbox::waiting(conn, contact, channel, 0)?;
    let at = revive.at.as_microsecond();
    // Behind what the person waits for, it goes with that.
    let (priority, source) = waiting.rank.unwrap_or((-1, -1));
    sql::exec(
        conn,
        "UPDATE outbox SET id = $1, dead_reason = NULL, claimed_by = 0, next_attempt = $2,
             priority = CASE WHEN $3 >= 0 AND $3 < priority THEN $3 ELSE priority END,
             source = CASE WHEN $3 >= 0 AND $3 < priority THEN $4 ELSE source END
         WHERE id = $5 AND workspace_id = $6",
        &[
            &revive.new_id.0,
            &waiting.due.unwrap_or(at).max(at),
            &priority,
            &source,
            &revive.id.0,
            &revive.workspace.0,
        ],
    )?;
    Ok(())
}

fn fail(
    conn: &Connection,
    (workspace, message): (WorkspaceId, MessageId),
    reason: &str,
    at: Timestamp,
    side: &mut SideEffects,
) -> Result<(), UnitError> {
    let change = StatusChange {
        workspace,
        message: MessageRef::Id(message),
        status: MessageStatus::Failed,
        external_id: None,
        reason: Some(reason.to_owned()),
        at,
    };
    apply_messages::status(conn, &change, side)?;
    Ok(())
}
