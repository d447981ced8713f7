//! Taking rows from the outbox when several nodes may do so.
//!
//! One node at a time takes from a line (a lock that ends with the transaction), and no row is taken while an earlier
//! one of its contact and channel waits or is in the hand of another run: so the order within a contact and channel
//! holds whichever node sends. A line that another node is taking from just now is told as unfinished.

use std::collections::BTreeSet;

use domain::OutboxId;
use jiff::Timestamp;

use super::{
    session::Session,
    wire::{Bind, Table},
};
use crate::{
    Claimed, OutboxQueue,
    sql::{self, Connection, Param, Row},
    sqlite::read_queues::{ITEMS, item_row},
};

/// Sets the locks of lines apart from other locks: the letters of "claim".
const LINE_LOCK: i64 = 0x63_6c61_696d;

const LINES: &str = "SELECT w.line FROM {rows} AS w (line, key) WHERE pg_try_advisory_xact_lock(w.key)";
// The twin of SQLite's, which says why: whoever changes one changes both. OFFSET 0 keeps PostgreSQL from making a join of
// it, which reads the whole backlog where it takes contacts to have many rows each.
pub(crate) const CLAIM: &str = "WITH taken AS (
         SELECT due.id FROM outbox AS due
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
                   ELSE earlier.claimed_by <> $6 END
             OFFSET 0)
         ORDER BY due.next_attempt, due.id LIMIT $7 FOR UPDATE OF due SKIP LOCKED)
     UPDATE outbox AS o SET claimed_by = $6 FROM taken WHERE o.id = taken.id
     RETURNING o.id, o.parts_sent";

/// Takes due rows for a run of the node, of each queue up to its share: the earliest first, in order within contact
/// and channel.
pub(super) fn claim(
    session: &Session,
    run: i64,
    now: Timestamp,
    shares: &[(OutboxQueue, usize)],
) -> sql::Result<Claimed> {
    let mut claimed = Claimed::default();
    let mut lines = Table::default();
    let asked: BTreeSet<i64> = shares.iter().map(|(queue, _)| line_of(queue)).collect();
    for line in &asked {
        lines.push(&[line, &(line ^ (LINE_LOCK << 24))]);
    }
    if lines.rows() == 0 {
        return Ok(claimed);
    }
    let mine: Vec<i64> = session
        .run(&lines.unfold(LINES), &lines.binds())?
        .rows
        .iter()
        .map(|row| Row::Postgres(row).get(0))
        .collect::<sql::Result<_>>()?;
    let (mine, others): (Vec<(OutboxQueue, usize)>, Vec<_>) =
        shares.iter().partition(|(queue, _)| mine.contains(&line_of(queue)));
    claimed.unfinished.extend(others.into_iter().map(|(queue, _)| queue));
    let values: Vec<[i64; 7]> = mine
        .iter()
        .map(|(queue, share)| {
            let most = i64::try_from(*share).unwrap_or(i64::MAX);
            let (priority, source) = (queue.rank.priority.code(), queue.rank.source);
            [line_of(queue), priority, queue.workspace.0, source, now.as_microsecond(), run, most]
        })
        .collect();
    let statements: Vec<(String, Vec<Bind<'_>>)> = values
        .iter()
        .map(|values| (CLAIM.to_owned(), values.iter().map(|value| Bind::One(value.value())).collect()))
        .collect();
    let (answers, _) = session.together(&statements, false)?;
    let mut ids = Table::default();
    for ((queue, share), answer) in mine.into_iter().zip(answers) {
        if answer.rows.len() >= share {
            claimed.unfinished.push(queue);
        }
        for row in answer.rows.iter().map(Row::Postgres) {
            let (id, parts): (i64, u32) = (row.get(0)?, row.get(1)?);
            ids.push(&[&id]);
            if parts > 0 {
                claimed.parts_sent.push((OutboxId(id), parts));
            }
        }
    }
    if ids.rows() > 0 {
        read(session, &ids, &mut claimed)?;
    }
    Ok(claimed)
}

fn line_of(queue: &OutboxQueue) -> i64 {
    queue.line.map_or(0, |id| id.0)
}

/// Everything that sending needs. A row that cannot be read is set aside: it would hold up all others each time.
fn read(session: &Session, ids: &Table, claimed: &mut Claimed) -> sql::Result<()> {
    let text = format!("{ITEMS} WHERE o.id = ANY($1::bigint[]) ORDER BY o.id");
    let answer = session.run(&text, &ids.binds())?;
    for row in answer.rows.iter().map(Row::Postgres) {
        match item_row(&row) {
            Ok(item) => claimed.items.push(item),
            Err(sql::Error::Unreadable { reason, .. }) => {
                let id: i64 = row.get(0)?;
                let reason = format!("the row cannot be read: {reason}");
                tracing::error!(outbox = id, reason, "an outbox row is set aside");
                let text = "UPDATE outbox SET claimed_by = 0, dead_reason = $1 WHERE id = $2";
                sql::exec(&Connection::Postgres(session), text, &[&reason, &id])?;
            }
            Err(error) => return Err(error),
        }
    }
    let readable: Vec<i64> = claimed.items.iter().map(|item| item.id.0).collect();
    claimed.parts_sent.retain(|(id, _)| readable.binary_search(&id.0).is_ok());
    Ok(())
}
