//! Reads what is due: timers and the outbox.

use crate::sql::{Connection, Row};
use domain::{ChannelId, ContactId, MessageId, OutboxId, SessionId, WorkspaceId};
use jiff::Timestamp;

use super::{Rows, sql};
use crate::{Claimed, DueTimer, OutboxItem, OutboxKind, OutboxLine, StoreError, TimerKind};

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

    /// Steps from line to line on the index, so that the price grows with the lines and not with their backlog.
    pub(crate) fn outbox_due(&self) -> Result<Vec<(OutboxLine, Timestamp)>, StoreError> {
        sql::all(self.conn, OUTBOX_DUE, &[], |row| {
            Ok((present(row.get(0)?).map(ChannelId), sql::time(row, 1)?))
        })
    }

    pub(crate) fn outbox_depth(&self) -> Result<(u64, u64, u64), StoreError> {
        let depth = sql::one(
            self.conn,
            "SELECT count(*) FILTER (WHERE claimed_by <> 0),
                 count(*) FILTER (WHERE claimed_by = 0 AND dead_reason IS NULL),
                 count(*) FILTER (WHERE claimed_by = 0 AND dead_reason IS NOT NULL) FROM outbox",
            &[],
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

const OUTBOX_DUE: &str = "WITH RECURSIVE line (channel_id) AS (
         SELECT min(channel_id) FROM outbox WHERE claimed_by = 0 AND dead_reason IS NULL
         UNION ALL
         SELECT (SELECT min(channel_id) FROM outbox
                 WHERE claimed_by = 0 AND dead_reason IS NULL AND channel_id > line.channel_id)
         FROM line WHERE line.channel_id IS NOT NULL
     )
     SELECT channel_id, (SELECT min(next_attempt) FROM outbox
             WHERE claimed_by = 0 AND dead_reason IS NULL AND channel_id = line.channel_id) AS due
     FROM line WHERE channel_id IS NOT NULL ORDER BY due, channel_id";

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
         o.possibly_repeated, o.created_on
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
    })
}
