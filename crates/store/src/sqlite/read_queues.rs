//! Reads what is due: timers and the outbox.

use crate::sql::{Connection, Row};
use domain::{ChannelId, ContactId, JobId, MessageId, OutboxId, SessionId, WorkspaceId};
use jiff::Timestamp;

use super::{Rows, apply_early, sql};
use crate::{
    Claimed, DeadFilter, DeadRow, DueTimer, EarlyReport, MAX_QUEUES, OutboxItem, OutboxKind, OutboxQueue,
    Priority, Rank, StoreError, TimerKind,
};

/// What stands in the place of the reason of a dead row while a row rests with its job.
pub(super) const PARKED: &str = "rests with its job";

impl Rows<'_> {
    pub(crate) fn due_timers(&self, now: Timestamp, limit: usize) -> Result<Vec<DueTimer>, StoreError> {
        self.due_timers_of(TimerKind::ALL.to_vec(), now, limit)
    }

    /// Kind by kind on the index, so that many of one kind do not stand before the others.
    pub(crate) fn due_timers_of(
        &self,
        kinds: Vec<TimerKind>,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueTimer>, StoreError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut found = Vec::new();
        for kind in kinds {
            let timers: Vec<DueTimer> = sql::all::<_, StoreError>(
                self.conn,
                "SELECT workspace_id, contact_id, due, session_id FROM timer
                 WHERE kind = $1 AND due <= $2 ORDER BY due, contact_id LIMIT $3",
                &[&kind.as_str(), &now.as_microsecond(), &most],
                |row| {
                    Ok(DueTimer {
                        workspace: WorkspaceId(row.get(0)?),
                        contact: ContactId(row.get(1)?),
                        kind,
                        due: sql::time(row, 2)?,
                        session: SessionId(row.get(3)?),
                    })
                },
            )?;
            found.extend(timers);
        }
        found.sort_by_key(|timer| (timer.due, timer.contact));
        found.truncate(limit);
        Ok(found)
    }

    pub(crate) fn next_timer_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut next = None;
        for kind in TimerKind::ALL {
            let due = sql::one(
                self.conn,
                "SELECT min(due) FROM timer WHERE kind = $1",
                &[&kind.as_str()],
                |row| sql::time_opt(row, 0),
            )?
            .flatten();
            next = next.into_iter().chain(due).min();
        }
        Ok(next)
    }

    /// Steps from queue to queue on the index, so that the price grows with the queues and not with their backlog.
    pub(crate) fn outbox_due(&self) -> Result<Vec<(OutboxQueue, Timestamp)>, StoreError> {
        sql::all(self.conn, OUTBOX_DUE, &[&MAX_QUEUES], |row| {
            let queue = OutboxQueue {
                line: present(row.get(0)?).map(ChannelId),
                workspace: WorkspaceId(row.get(2)?),
                rank: Rank { priority: Priority::of_code(row.get(1)?), source: row.get(3)? },
            };
            Ok((queue, sql::time(row, 4)?))
        })
    }

    pub(crate) fn outbox_depth(&self) -> Result<(u64, u64, u64), StoreError> {
        let depth = sql::one(
            self.conn,
            "SELECT count(*) FILTER (WHERE claimed_by <> 0),
                 count(*) FILTER (WHERE claimed_by = 0 AND dead_reason IS NULL),
                 count(*) FILTER (WHERE claimed_by = 0 AND dead_reason IS NOT NULL AND dead_reason <> $1)
             FROM outbox",
            &[&PARKED],
            |row| Ok((count(row, 0)?, count(row, 1)?, count(row, 2)?)),
        )?;
        Ok(depth.unwrap_or_default())
    }

    /// A search over the whole outbox: only for when an answer of the database was lost.
    pub(crate) fn outbox_in_hand(&self, run: i64) -> Result<Claimed, StoreError> {
        let rows: Vec<(OutboxId, u32)> = sql::all::<_, sql::Error>(
            self.conn,
            "SELECT id, parts_sent FROM outbox WHERE claimed_by = $1 AND dead_reason IS NULL ORDER BY id",
            &[&run],
            |row| Ok((OutboxId(row.get(0)?), row.get(1)?)),
        )?;
        let mut claimed = Claimed::default();
        for (id, parts) in rows {
            claimed.items.extend(outbox_item(self.conn, None, id)?);
            if parts > 0 {
                claimed.parts_sent.push((id, parts));
            }
        }
        Ok(claimed)
    }

    pub(crate) fn dead_count(&self) -> Result<u64, StoreError> {
        let text = "SELECT count(*) FROM outbox WHERE dead_reason IS NOT NULL AND dead_reason <> $1";
        Ok(sql::one(self.conn, text, &[&PARKED], |row| count(row, 0))?.unwrap_or_default())
    }

    /// Rows of a job that rest, the oldest first.
    pub(crate) fn parked_outbox(
        &self,
        workspace: WorkspaceId,
        job: JobId,
        limit: usize,
    ) -> Result<Vec<OutboxId>, StoreError> {
        sql::all(
            self.conn,
            "SELECT id FROM outbox WHERE workspace_id = $1 AND source = $2 AND dead_reason = $3
             ORDER BY id LIMIT $4",
            &[&workspace.0, &job.0, &PARKED, &i64::try_from(limit).unwrap_or(i64::MAX)],
            |row| row.get(0).map(OutboxId),
        )
    }

    /// Whether anything that a job wrote waits, in hand or not.
    pub(crate) fn job_is_under_way(&self, workspace: WorkspaceId, job: JobId) -> Result<bool, StoreError> {
        let found = sql::one(
            self.conn,
            "SELECT id FROM outbox WHERE workspace_id = $1 AND source = $2 AND message_id <> 0
                 AND dead_reason IS NULL LIMIT 1",
            &[&workspace.0, &job.0],
            |row| row.get::<i64>(0),
        )?;
        Ok(found.is_some())
    }

    /// Which of these contacts have a message of a job.
    pub(crate) fn told_by(
        &self,
        workspace: WorkspaceId,
        job: JobId,
        contacts: Vec<ContactId>,
    ) -> Result<Vec<ContactId>, StoreError> {
        let mut told = Vec::new();
        for contact in contacts {
            // Numbers rise with time, so the job's messages are behind it.
            let found = sql::one(
                self.conn,
                "SELECT id FROM message WHERE contact_id = $1 AND id > $2 AND job_id = $2 AND workspace_id = $3
                 LIMIT 1",
                &[&contact.0, &job.0, &workspace.0],
                |row| row.get::<i64>(0),
            )?;
            told.extend(found.map(|_| contact));
        }
        Ok(told)
    }

    pub(crate) fn dead_set(
        &self,
        workspace: WorkspaceId,
        filter: DeadFilter,
        after: OutboxId,
        limit: usize,
    ) -> Result<Vec<DeadRow>, StoreError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let of_id = match &filter.ids {
            // Numbers of ours: no text of anybody's gets into the statement.
            Some(ids) if ids.is_empty() => return Ok(Vec::new()),
            Some(ids) => {
                let ids: Vec<String> = ids.iter().map(|id| id.0.to_string()).collect();
                format!("AND o.id IN ({})", ids.join(", "))
            }
            None => String::new(),
        };
        let text = format!(
            "{} WHERE o.workspace_id = $1 AND o.dead_reason IS NOT NULL AND o.dead_reason <> '{PARKED}'
                 AND o.id > $2 AND ($3 = 0 OR o.channel_id = $3)
                 AND ($4 = '' OR replace(o.dead_reason, $4, '') <> o.dead_reason) {of_id}
             ORDER BY o.id LIMIT $5",
            ITEMS.replace("o.source\n", "o.source, o.dead_reason\n")
        );
        let reason = filter.reason.unwrap_or_default();
        sql::all(
            self.conn,
            &text,
            &[&workspace.0, &after.0, &filter.channel.map_or(0, |id| id.0), &reason, &most],
            |row| Ok(DeadRow { item: item_row(row)?, reason: row.get(20)? }),
        )
    }

    pub(crate) fn early_reports(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<EarlyReport>, StoreError> {
        sql::all(
            self.conn,
            &format!(
                "SELECT {} FROM early_report WHERE created_on < $1 ORDER BY created_on LIMIT $2",
                apply_early::COLUMNS
            ),
            &[&before.as_microsecond(), &i64::try_from(limit).unwrap_or(i64::MAX)],
            apply_early::row,
        )
    }

    pub(crate) fn session_effect(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        session: SessionId,
    ) -> Result<Option<OutboxItem>, StoreError> {
        let id = sql::one(
            self.conn,
            "SELECT id FROM outbox
             WHERE contact_id = $1 AND channel_id = 0 AND session_id = $2 AND workspace_id = $3 AND message_id = 0
             ORDER BY id DESC LIMIT 1",
            &[&contact.0, &session.0, &workspace.0],
            |row| row.get(0).map(OutboxId),
        )?;
        id.map_or(Ok(None), |id| self.outbox_item(workspace, id))
    }

    pub(crate) fn outbox_item(
        &self,
        workspace: WorkspaceId,
        id: OutboxId,
    ) -> Result<Option<OutboxItem>, StoreError> {
        Ok(outbox_item(self.conn, Some(workspace), id)?)
    }
}

/// The first row of each queue, by the index from one to the next: after [`MAX_QUEUES`] of one line and priority, to
/// the next priority. The plus takes the columns' type away, with which SQLite would compare the first of them alone
/// on the index.
pub(crate) const OUTBOX_DUE: &str =
    "WITH RECURSIVE queue (id, channel_id, priority, workspace_id, source, due, place) AS (
         SELECT o.id, o.channel_id, o.priority, o.workspace_id, o.source, o.next_attempt, CAST(1 AS BIGINT)
         FROM outbox AS o WHERE o.id = (
             SELECT n.id FROM outbox AS n WHERE n.claimed_by = 0 AND n.dead_reason IS NULL
             ORDER BY n.channel_id, n.priority, n.workspace_id, n.source, n.next_attempt, n.id LIMIT 1)
         UNION ALL
         SELECT o.id, o.channel_id, o.priority, o.workspace_id, o.source, o.next_attempt,
             CASE WHEN o.channel_id = queue.channel_id AND o.priority = queue.priority
                 THEN queue.place + 1 ELSE 1 END
         FROM queue JOIN outbox AS o ON o.id = CASE WHEN queue.place < $1 THEN (
             SELECT n.id FROM outbox AS n WHERE n.claimed_by = 0 AND n.dead_reason IS NULL
                 AND (n.channel_id, n.priority, n.workspace_id, n.source)
                     > (+queue.channel_id, +queue.priority, +queue.workspace_id, +queue.source)
             ORDER BY n.channel_id, n.priority, n.workspace_id, n.source, n.next_attempt, n.id LIMIT 1)
           ELSE (
             SELECT n.id FROM outbox AS n WHERE n.claimed_by = 0 AND n.dead_reason IS NULL
                 AND (n.channel_id, n.priority) > (+queue.channel_id, +queue.priority)
             ORDER BY n.channel_id, n.priority, n.workspace_id, n.source, n.next_attempt, n.id LIMIT 1)
           END
     )
     SELECT channel_id, priority, workspace_id, source, due FROM queue
     ORDER BY channel_id, priority, workspace_id, source";

/// An id of a column in which 0 stands for none.
fn present(id: i64) -> Option<i64> {
    (id != 0).then_some(id)
}

fn count(row: &Row<'_>, column: usize) -> sql::Result<u64> {
    row.get::<i64>(column).map(i64::unsigned_abs)
}

/// Rows with their messages and addresses.
pub(crate) const ITEMS: &str =
    "SELECT o.id, o.workspace_id, o.kind, o.contact_id, o.channel_id, o.message_id, o.session_id, m.uuid,
         u.scheme, u.path, m.text, m.attachments, m.quick_replies, m.detail, o.payload, o.attempts,
         o.possibly_repeated, o.created_on, o.priority, o.source
     FROM outbox AS o
     LEFT JOIN message AS m ON m.id = o.message_id AND m.workspace_id = o.workspace_id
     LEFT JOIN contact_urn AS u ON u.id = m.urn_id AND u.workspace_id = o.workspace_id";

/// One row with its message and address. Without a workspace: for the node's own claims, which go over all.
pub(super) fn outbox_item(
    conn: &Connection,
    workspace: Option<WorkspaceId>,
    id: OutboxId,
) -> sql::Result<Option<OutboxItem>> {
    sql::one(
        conn,
        &format!("{ITEMS} WHERE o.id = $1 AND o.workspace_id = coalesce($2, o.workspace_id)"),
        &[&id.0, &workspace.map(|workspace| workspace.0)],
        item_row,
    )
}

pub(crate) fn item_row(row: &Row<'_>) -> sql::Result<OutboxItem> {
    let message = present(row.get(5)?).map(MessageId);
    let has_message = !row.is_null(7)?;
    let urn = match (sql::text_opt(row, 8)?, sql::text_opt(row, 9)?) {
        (Some(scheme), Some(path)) => Some((scheme, path)),
        _ => None,
    };
    Ok(OutboxItem {
        id: OutboxId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        kind: sql::word(row, 2, OutboxKind::parse)?,
        contact: ContactId(row.get(3)?),
        channel: present(row.get(4)?).map(ChannelId),
        message,
        session: present(row.get(6)?).map(SessionId),
        message_uuid: if has_message { Some(sql::uuid(row, 7)?.into()) } else { None },
        urn,
        text: sql::text_opt(row, 10)?.unwrap_or_default(),
        attachments: sql::json(row, 11)?,
        quick_replies: row.get(12)?,
        detail: row.get(13)?,
        payload: row.get(14)?,
        attempts: row.get(15)?,
        possibly_repeated: row.get(16)?,
        created_on: sql::time(row, 17)?,
        rank: Rank { priority: Priority::of_code(row.get(18)?), source: row.get(19)? },
    })
}
