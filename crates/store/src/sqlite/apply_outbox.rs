//! Writes the outbox: rows in, claims, retries, and what a crash left in hand.

use crate::sql::Connection;
use domain::{ContactId, OutboxId, SessionId, WorkspaceId};
use jiff::Timestamp;

use super::{apply_messages, apply_people, read_queues, read_queues::PARKED, sql, writer::SideEffects};
use crate::{
    Claimed, MessageRef, MessageStatus, NewOutbox, OutboxQueue, Recovered, RetryOutbox, StatusChange, Tell,
    UnitError,
};

/// What a new row of a contact and channel has to wait behind.
#[derive(Default)]
pub(super) struct Waiting {
    /// How many rows go first.
    pub(super) first: i64,
    /// When the last of those that nobody has in hand is due.
    pub(super) due: Option<i64>,
    /// The strongest rank of what nobody has in hand.
    pub(super) rank: Option<(i64, i64)>,
}

/// What goes first of a contact and channel: what waits, or is in the hand of another run.
pub(super) fn waiting(
    conn: &Connection,
    contact: ContactId,
    channel: i64,
    claim_for: i64,
) -> Result<Waiting, UnitError> {
    // The plus keeps the search on the index by contact: that by line would go over the line's backlog. When rows in
    // another hand are due means nothing here: another clock may have said it.
    let found = sql::one(
        conn,
        "SELECT count(*), max(next_attempt) FILTER (WHERE +claimed_by = 0) FROM outbox
         WHERE contact_id = $1 AND channel_id = $2 AND dead_reason IS NULL
             AND (+claimed_by = 0 OR claimed_by <> $3)",
        &[&contact.0, &channel, &claim_for],
        |row| Ok(Waiting { first: row.get(0)?, due: row.get(1)?, rank: None }),
    )?;
    let mut waiting = found.unwrap_or_default();
    if waiting.due.is_some() {
        waiting.rank = sql::one(
            conn,
            "SELECT priority, source FROM outbox
             WHERE contact_id = $1 AND channel_id = $2 AND dead_reason IS NULL AND +claimed_by = 0
             ORDER BY priority, id LIMIT 1",
            &[&contact.0, &channel],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
    }
    Ok(waiting)
}

/// Writes a row; answers whether it is claimed. It is not if it pauses, or if an earlier row of its contact and channel
/// waits or is in another run's hand: two nodes cannot keep the order of one lane. What waits goes at the stronger
/// priority of both.
pub(super) fn insert(conn: &Connection, new: &NewOutbox) -> Result<bool, UnitError> {
    let channel = new.channel.map_or(0, |id| id.0);
    let waiting = waiting(conn, new.contact, channel, new.claim_for)?;
    let claimed = waiting.first == 0 && new.claim_for != 0 && new.pause.is_zero();
    let mut rank = (new.rank.priority.code(), new.rank.source);
    match waiting.rank {
        Some(theirs) if theirs.0 <= rank.0 => rank = theirs,
        Some(_) => raise(conn, new.contact, channel, rank)?,
        None => {}
    }
    let created = new.created_on.as_microsecond();
    let pause = i64::try_from(new.pause.as_micros()).unwrap_or(i64::MAX);
    let leaves = waiting.due.unwrap_or(created).max(created).saturating_add(pause);
    sql::exec(
        conn,
        "INSERT INTO outbox (id, workspace_id, kind, contact_id, channel_id, message_id, session_id, payload,
             priority, source, claimed_by, next_attempt, created_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &[
            &new.id.0,
            &new.workspace.0,
            &new.kind.as_str(),
            &new.contact.0,
            &channel,
            &new.message.map_or(0, |id| id.0),
            &new.session.map_or(0, |id| id.0),
            &new.payload,
            &rank.0,
            &rank.1,
            &(if claimed { new.claim_for } else { 0 }),
            &leaves,
            &created,
        ],
    )?;
    Ok(claimed)
}

/// Lets what waits of a contact and channel go with a row of more weight that came behind it.
pub(super) fn raise(
    conn: &Connection,
    contact: ContactId,
    channel: i64,
    rank: (i64, i64),
) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "UPDATE outbox SET priority = $1, source = $2
         WHERE contact_id = $3 AND channel_id = $4 AND dead_reason IS NULL AND +claimed_by = 0 AND priority > $1",
        &[&rank.0, &rank.1, &contact.0, &channel],
    )?;
    Ok(())
}

/// Tells somebody something; answers whether its outbox row is claimed.
pub(super) fn tell(conn: &Connection, tell: &Tell, side: &mut SideEffects) -> Result<bool, UnitError> {
    let message = &tell.message;
    match (apply_people::told(conn, message.workspace, message.contact, tell.version)?, &tell.outbox) {
        (None, _) => Ok(false),
        (Some(true), Some(new)) => {
            apply_messages::insert(conn, message, side)?;
            insert(conn, new)
        }
        (Some(true), None) => {
            apply_messages::insert(conn, message, side)?;
            Ok(false)
        }
        (Some(false), _) => {
            apply_messages::insert(conn, &tell.refused_message(), side)?;
            Ok(false)
        }
    }
}

/// Removes a row; answers whether it was there.
pub(super) fn remove(conn: &Connection, workspace: WorkspaceId, id: OutboxId) -> Result<bool, UnitError> {
    let changed =
        sql::exec(conn, "DELETE FROM outbox WHERE id = $1 AND workspace_id = $2", &[&id.0, &workspace.0])?;
    Ok(changed == 1)
}

pub(super) fn finish(conn: &Connection, workspace: WorkspaceId, id: OutboxId) -> Result<(), UnitError> {
    if remove(conn, workspace, id)? { Ok(()) } else { Err(UnitError::Gone) }
}

pub(super) fn check(conn: &Connection, workspace: WorkspaceId, id: OutboxId) -> Result<(), UnitError> {
    let text = "SELECT id FROM outbox WHERE id = $1 AND workspace_id = $2";
    let found = sql::one(conn, text, &[&id.0, &workspace.0], |row| row.get::<i64>(0))?;
    if found.is_some() { Ok(()) } else { Err(UnitError::Gone) }
}

/// Gives a row that a run has in hand and the later ones of its contact and channel back, due together or when their
/// pauses are over. It may have been given back before, by a commit of which nothing was heard, and be in another hand.
/// Answers their ids.
pub(super) fn retry(conn: &Connection, retry: &RetryOutbox) -> Result<Vec<OutboxId>, UnitError> {
    let channel = retry.channel.map_or(0, |id| id.0);
    let due = retry.next_attempt.as_microsecond();
    let changed = sql::exec(
        conn,
        "UPDATE outbox SET attempts = attempts + $1, next_attempt = $2, claimed_by = 0,
             possibly_repeated = CASE WHEN $3 = 1 THEN 1 ELSE possibly_repeated END,
             parts_sent = coalesce($4, parts_sent)
         WHERE id = $5 AND workspace_id = $6 AND claimed_by = $7",
        &[
            &i64::from(retry.tried),
            &due,
            &i64::from(retry.possibly_repeated),
            &retry.parts_sent,
            &retry.id.0,
            &retry.workspace.0,
            &retry.run,
        ],
    )?;
    if changed == 0 {
        return Err(UnitError::Gone);
    }
    if retry.possibly_repeated {
        mark_message_of(conn, retry.workspace, retry.id)?;
    }
    let later: Vec<i64> = sql::all::<_, sql::Error>(
        conn,
        "SELECT id FROM outbox
         WHERE contact_id = $1 AND channel_id = $2 AND id > $3 AND workspace_id = $4 AND dead_reason IS NULL
         ORDER BY id",
        &[&retry.contact.0, &channel, &retry.id.0, &retry.workspace.0],
        |row| row.get(0),
    )?;
    if !later.is_empty() {
        unify(conn, retry, channel)?;
    }
    for id in &later {
        sql::exec(
            conn,
            "UPDATE outbox SET claimed_by = 0, next_attempt = CASE WHEN next_attempt > $1 THEN next_attempt ELSE $1 END
             WHERE id = $2 AND workspace_id = $3",
            &[&due, id, &retry.workspace.0],
        )?;
    }
    Ok(std::iter::once(retry.id).chain(later.into_iter().map(OutboxId)).collect())
}

/// Lets a row that goes back and the later ones of its contact and channel wait in one queue, in their order.
fn unify(conn: &Connection, retry: &RetryOutbox, channel: i64) -> Result<(), UnitError> {
    let strongest = sql::one(
        conn,
        "SELECT priority, source FROM outbox
         WHERE contact_id = $1 AND channel_id = $2 AND id >= $3 AND workspace_id = $4 AND dead_reason IS NULL
         ORDER BY priority, id LIMIT 1",
        &[&retry.contact.0, &channel, &retry.id.0, &retry.workspace.0],
        |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?)),
    )?;
    let Some((priority, source)) = strongest else { return Ok(()) };
    sql::exec(
        conn,
        "UPDATE outbox SET priority = $1, source = $2
         WHERE contact_id = $3 AND channel_id = $4 AND id >= $5 AND workspace_id = $6 AND dead_reason IS NULL
           AND (priority <> $1 OR source <> $2)",
        &[&priority, &source, &retry.contact.0, &channel, &retry.id.0, &retry.workspace.0],
    )?;
    Ok(())
}

fn mark_message_of(conn: &Connection, workspace: WorkspaceId, id: OutboxId) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "UPDATE message SET possibly_repeated = 1
         WHERE id = (SELECT message_id FROM outbox WHERE id = $1) AND workspace_id = $2",
        &[&id.0, &workspace.0],
    )?;
    Ok(())
}

pub(super) fn kill(
    conn: &Connection,
    workspace: WorkspaceId,
    id: OutboxId,
    reason: &str,
) -> Result<(), UnitError> {
    let changed = sql::exec(
        conn,
        "UPDATE outbox SET claimed_by = 0, dead_reason = $1 WHERE id = $2 AND workspace_id = $3",
        &[&reason, &id.0, &workspace.0],
    )?;
    if changed == 1 { Ok(()) } else { Err(UnitError::Gone) }
}

/// Removes the effects of a session.
pub(super) fn cancel_effects(
    conn: &Connection,
    workspace: WorkspaceId,
    contact: ContactId,
    session: SessionId,
) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "DELETE FROM outbox
         WHERE contact_id = $1 AND channel_id = 0 AND session_id = $2 AND workspace_id = $3 AND message_id = 0",
        &[&contact.0, &session.0, &workspace.0],
    )?;
    Ok(())
}

/// Removes what is queued for a contact, in hand or not, and what is in the dead set; its messages fail with the
/// reason. Effects in hand stay: they go with their session. Answers what must not leave any more.
pub(super) fn drop_queued(
    conn: &Connection,
    (workspace, contact): (WorkspaceId, ContactId),
    reason: &str,
    at: Timestamp,
    side: &mut SideEffects,
) -> Result<Vec<OutboxId>, UnitError> {
    sql::exec(
        conn,
        "DELETE FROM outbox
         WHERE contact_id = $1 AND workspace_id = $2 AND dead_reason IS NOT NULL AND dead_reason <> $3",
        &[&contact.0, &workspace.0, &PARKED],
    )?;
    let rows: Vec<(i64, i64)> = sql::all::<_, sql::Error>(
        conn,
        "SELECT id, message_id FROM outbox
         WHERE contact_id = $1 AND workspace_id = $2 AND (claimed_by = 0 OR message_id <> 0)
           AND (dead_reason IS NULL OR dead_reason = $3) ORDER BY id",
        &[&contact.0, &workspace.0, &PARKED],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut dropped = Vec::with_capacity(rows.len());
    for (id, message) in rows {
        finish(conn, workspace, OutboxId(id))?;
        dropped.push(OutboxId(id));
        if message != 0 {
            let change = StatusChange {
                workspace,
                message: MessageRef::Id(domain::MessageId(message)),
                status: MessageStatus::Failed,
                external_id: None,
                reason: Some(reason.to_owned()),
                at,
            };
            apply_messages::status(conn, &change, side)?;
        }
    }
    Ok(dropped)
}

/// Takes due rows for a run of the node, of each queue up to its share: the earliest first, in order within contact
/// and channel.
pub(crate) fn claim(
    conn: &Connection,
    run: i64,
    now: Timestamp,
    shares: &[(OutboxQueue, usize)],
) -> sql::Result<Claimed> {
    let mut claimed = Claimed::default();
    for (queue, share) in shares {
        if claim_of_queue(conn, run, now, (queue, *share), &mut claimed)? >= *share {
            claimed.unfinished.push(*queue);
        }
    }
    claimed.items.sort_by_key(|item| item.id);
    Ok(claimed)
}

/// The due rows of a queue that may go: none while an earlier row of its contact and channel waits in another queue, is
/// in another run's hand, or is itself held back. The earlier ones that wait all go in this claim, before it, if their
/// moments never fall from one to the next up to it: they do fall where rows came back, as each is given its own moment.
/// The pluses keep the search for earlier rows on the index by contact: that by queue would go over the backlog.
pub(crate) const CLAIM: &str = "SELECT due.id, due.parts_sent FROM outbox AS due
     WHERE due.claimed_by = 0 AND due.dead_reason IS NULL AND due.channel_id = $1 AND due.priority = $2
       AND due.workspace_id = $3 AND due.source = $4 AND due.next_attempt <= $5
       AND NOT EXISTS (
         SELECT 1 FROM outbox AS earlier
         WHERE earlier.contact_id = due.contact_id AND earlier.channel_id = due.channel_id
           AND earlier.id < due.id AND earlier.dead_reason IS NULL
           AND CASE WHEN +earlier.claimed_by = 0
               THEN earlier.next_attempt > due.next_attempt OR earlier.priority <> due.priority
                   OR earlier.source <> due.source
                   OR earlier.next_attempt < (
                     SELECT former.next_attempt FROM outbox AS former
                     WHERE former.contact_id = earlier.contact_id AND former.channel_id = earlier.channel_id
                       AND former.id < earlier.id AND former.dead_reason IS NULL AND +former.claimed_by = 0
                     ORDER BY former.id DESC LIMIT 1)
               ELSE earlier.claimed_by <> $6 END)
     ORDER BY due.next_attempt, due.id LIMIT $7";

/// Answers how many rows were found.
fn claim_of_queue(
    conn: &Connection,
    run: i64,
    now: Timestamp,
    (queue, share): (&OutboxQueue, usize),
    claimed: &mut Claimed,
) -> sql::Result<usize> {
    let rows: Vec<(i64, u32)> = sql::all::<_, sql::Error>(
        conn,
        CLAIM,
        &[
            &queue.line.map_or(0, |id| id.0),
            &queue.rank.priority.code(),
            &queue.workspace.0,
            &queue.rank.source,
            &now.as_microsecond(),
            &run,
            &i64::try_from(share).unwrap_or(i64::MAX),
        ],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let found = rows.len();
    for (id, parts) in rows {
        match read_queues::outbox_item(conn, None, OutboxId(id)) {
            Ok(item) => {
                sql::exec(conn, "UPDATE outbox SET claimed_by = $1 WHERE id = $2", &[&run, &id])?;
                claimed.items.extend(item);
                if parts > 0 {
                    claimed.parts_sent.push((OutboxId(id), parts));
                }
            }
            // A row that cannot be read would hold up all others each time.
            Err(sql::Error::Unreadable { reason, .. }) => {
                let reason = format!("the row cannot be read: {reason}");
                tracing::error!(outbox = id, reason, "an outbox row is set aside");
                sql::exec(conn, "UPDATE outbox SET dead_reason = $1 WHERE id = $2", &[&reason, &id])?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Gives back what runs had in hand that are gone.
pub(crate) fn recover(conn: &Connection, now: Timestamp) -> sql::Result<Recovered> {
    let mut all = Recovered::default();
    let gone = "SELECT DISTINCT claimed_by FROM outbox
         WHERE claimed_by <> 0 AND NOT EXISTS (SELECT 1 FROM node WHERE node.run = outbox.claimed_by)
         ORDER BY claimed_by";
    let gone: Vec<i64> = sql::all::<_, sql::Error>(conn, gone, &[], |row| row.get(0))?;
    for run in gone {
        all.rows += recover_of(conn, run, now)?.rows;
    }
    Ok(all)
}

/// Gives back what a run had in hand that is gone.
pub(crate) fn recover_of(conn: &Connection, run: i64, now: Timestamp) -> sql::Result<Recovered> {
    sql::exec(
        conn,
        "UPDATE message SET possibly_repeated = 1
         WHERE id IN (SELECT message_id FROM outbox WHERE claimed_by = $1)",
        &[&run],
    )?;
    let rows = sql::exec(
        conn,
        "UPDATE outbox SET claimed_by = 0, possibly_repeated = 1, next_attempt = $1 WHERE claimed_by = $2",
        &[&now.as_microsecond(), &run],
    )?;
    Ok(Recovered { rows: rows as u64 })
}
