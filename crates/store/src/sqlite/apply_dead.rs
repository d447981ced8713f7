//! The dead set: outbox rows that failed for good and wait for a person, with the reason. They stand in nobody's way:
//! what comes after them goes on, and one that is tried again goes behind it.

use domain::{ContactId, ContactStatus, MessageId, OutboxId, WorkspaceId};

use super::{apply_messages, apply_outbox, sql, writer::SideEffects};
use crate::{Priority, ReviveOutbox, Revived, StatusChange, StatusResult, UnitError, sql::Connection};

/// A message failed for good. Answers whether its row was there.
pub(super) fn fail(
    conn: &Connection,
    id: OutboxId,
    status: &StatusChange,
    side: &mut SideEffects,
) -> Result<bool, UnitError> {
    let reason = status.reason.as_deref().unwrap_or("it failed");
    let killed = apply_outbox::kill(conn, status.workspace, id, reason);
    match killed {
        Ok(()) => {}
        Err(UnitError::Gone) => return Ok(false),
        Err(error) => return Err(error),
    }
    // What arrived all the same, as its carrier reported meanwhile, is not dead.
    match apply_messages::status(conn, status, side)? {
        StatusResult::Applied(_) => {}
        StatusResult::Ignored(_) | StatusResult::Unknown => {
            apply_outbox::remove(conn, status.workspace, id)?;
        }
    }
    Ok(true)
}

pub(super) fn check(conn: &Connection, workspace: WorkspaceId, id: OutboxId) -> Result<(), UnitError> {
    let text = "SELECT id FROM outbox WHERE id = $1 AND workspace_id = $2 AND dead_reason IS NOT NULL";
    let found = sql::one(conn, text, &[&id.0, &workspace.0], |row| row.get::<i64>(0))?;
    if found.is_some() { Ok(()) } else { Err(UnitError::Gone) }
}

pub(super) fn discard(conn: &Connection, workspace: WorkspaceId, id: OutboxId) -> Result<(), UnitError> {
    check(conn, workspace, id)?;
    apply_outbox::finish(conn, workspace, id)
}

/// A dead row, as far as reviving it asks.
struct Dead {
    contact: i64,
    channel: i64,
    message: i64,
    priority: i64,
    wants_more: bool,
}

/// Queues a dead row again, behind what its contact has on its channel.
pub(super) fn revive(
    conn: &Connection,
    revive: &ReviveOutbox,
    side: &mut SideEffects,
) -> Result<Revived, UnitError> {
    let active = sql::status_word(ContactStatus::Active);
    // The contact's row is locked by no one: whoever opts out removes what is in the dead set, and what is queued.
    let dead = sql::one(
        conn,
        "SELECT o.contact_id, o.channel_id, o.message_id, o.priority,
             CASE WHEN c.status = $1 AND (o.message_id = 0 OR m.status = 'failed') THEN 1 ELSE 0 END
         FROM outbox AS o
         JOIN contact AS c ON c.id = o.contact_id AND c.workspace_id = o.workspace_id
         LEFT JOIN message AS m ON m.id = o.message_id AND m.workspace_id = o.workspace_id
         WHERE o.id = $2 AND o.workspace_id = $3 AND o.dead_reason IS NOT NULL",
        &[&active, &revive.id.0, &revive.workspace.0],
        |row| {
            Ok(Dead {
                contact: row.get(0)?,
                channel: row.get(1)?,
                message: row.get(2)?,
                priority: row.get(3)?,
                wants_more: row.get::<i64>(4)? == 1,
            })
        },
    )?;
    let Some(dead) = dead else { return Ok(Revived::Gone) };
    if !dead.wants_more {
        apply_outbox::finish(conn, revive.workspace, revive.id)?;
        return Ok(Revived::NotWanted);
    }
    let waiting = apply_outbox::waiting(conn, ContactId(dead.contact), dead.channel, 0)?;
    // Nobody waits for it now as they did when it was written.
    let mut rank = (dead.priority.max(Priority::OneOff.code()), 0);
    match waiting.rank {
        Some(theirs) if theirs.0 <= rank.0 => rank = theirs,
        Some(_) => apply_outbox::raise(conn, ContactId(dead.contact), dead.channel, rank)?,
        None => {}
    }
    let at = revive.at.as_microsecond();
    sql::exec(
        conn,
        "UPDATE outbox SET id = $1, dead_reason = NULL, claimed_by = 0, attempts = 0, next_attempt = $2,
             created_on = $3, priority = $4, source = $5
         WHERE id = $6 AND workspace_id = $7",
        &[
            &revive.new_id.0,
            &waiting.due.unwrap_or(at).max(at),
            &at,
            &rank.0,
            &rank.1,
            &revive.id.0,
            &revive.workspace.0,
        ],
    )?;
    if dead.message != 0 {
        apply_messages::queue_again(conn, (revive.workspace, MessageId(dead.message)), revive.at, side)?;
    }
    Ok(Revived::Queued)
}
