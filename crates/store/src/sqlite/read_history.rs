//! Reads what was said and done: messages, runs, events, counts.

use crate::sql::Row;
use domain::{ChannelId, ContactId, FlowId, JobId, MessageId, MessageUuid, RunId, SessionId, WorkspaceId};
use smol_str::SmolStr;

use super::{Rows, sql};
use crate::{
    DailyCount, Direction, InboundKey, MessageRow, MessageStatus, RunRow, StoreError, TallyKind, TallyRow,
};

const MESSAGE_COLUMNS: &str = "id, uuid, contact_id, channel_id, direction, status, text, attachments,
    quick_replies, external_id, reason, possibly_repeated, created_on, detail,
    CASE WHEN status = 'queued' THEN (
        SELECT min(o.next_attempt) FROM outbox AS o
        WHERE o.contact_id = message.contact_id AND o.channel_id = message.channel_id AND o.message_id = message.id
            AND o.claimed_by = 0 AND o.dead_reason IS NULL) END";

fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Rows<'_> {
    pub(crate) fn person_rows(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        table: SmolStr,
        from: i64,
        limit: usize,
    ) -> Result<Vec<serde_json::Value>, StoreError> {
        crate::bulk::person_rows(self.conn, (workspace, contact), &table, from, limit_of(limit))
    }

    pub(crate) fn find_inbound(&self, key: InboundKey) -> Result<Option<MessageUuid>, StoreError> {
        Ok(sql::one(
            self.conn,
            "SELECT message.uuid FROM message JOIN contact_urn ON contact_urn.id = message.urn_id
             WHERE contact_urn.workspace_id = $1 AND contact_urn.scheme = $2 AND contact_urn.path = $3
                 AND message.channel_id = $4 AND message.external_id = $5 AND message.text = $6
                 AND message.direction = 'in'
             ORDER BY message.id DESC LIMIT 1",
            &[
                &key.workspace.0,
                &key.sender.scheme.as_str(),
                &key.sender.path.as_str(),
                &key.channel.0,
                &key.external_id.as_str(),
                &key.text.as_str(),
            ],
            |row| sql::uuid(row, 0).map(MessageUuid),
        )?)
    }

    /// One look-up each in the index: this is asked only about what is given again.
    pub(crate) fn kept_messages(
        &self,
        workspace: WorkspaceId,
        uuids: Vec<MessageUuid>,
    ) -> Result<Vec<MessageUuid>, StoreError> {
        let mut kept = Vec::new();
        for uuid in uuids {
            let text = "SELECT 1 FROM message WHERE uuid = $1 AND workspace_id = $2";
            let found = sql::one(self.conn, text, &[&uuid.0, &workspace.0], |row| row.get::<i64>(0))?;
            kept.extend(found.map(|_| uuid));
        }
        Ok(kept)
    }

    pub(crate) fn contact_messages(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        after: MessageId,
        limit: usize,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let text = format!(
            "SELECT {MESSAGE_COLUMNS} FROM message
             WHERE contact_id = $1 AND id > $2 AND workspace_id = $3 ORDER BY id LIMIT $4"
        );
        sql::all(self.conn, &text, &[&contact.0, &after.0, &workspace.0, &limit_of(limit)], message_row)
    }

    pub(crate) fn messages(
        &self,
        workspace: WorkspaceId,
        after: MessageId,
        limit: usize,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let text = format!(
            "SELECT {MESSAGE_COLUMNS} FROM message WHERE id > $1 AND workspace_id = $2 ORDER BY id LIMIT $3"
        );
        sql::all(self.conn, &text, &[&after.0, &workspace.0, &limit_of(limit)], message_row)
    }

    pub(crate) fn contact_runs(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
    ) -> Result<Vec<RunRow>, StoreError> {
        sql::all(
            self.conn,
            "SELECT id, uuid, session_id, flow_id, status, responded, results, created_on, modified_on, exited_on, path,
                 job_id FROM run WHERE contact_id = $1 AND workspace_id = $2 ORDER BY id",
            &[&contact.0, &workspace.0],
            |row| {
                Ok(RunRow {
                    id: RunId(row.get(0)?),
                    workspace,
                    uuid: sql::uuid(row, 1)?.into(),
                    session: SessionId(row.get(2)?),
                    contact,
                    flow: FlowId(row.get(3)?),
                    status: sql::text(row, 4)?,
                    responded: row.get(5)?,
                    results: row.get(6)?,
                    created_on: sql::time(row, 7)?,
                    modified_on: sql::time(row, 8)?,
                    exited_on: sql::time_opt(row, 9)?,
                    path: row.get(10)?,
                    job: row.get::<Option<i64>>(11)?.map(JobId),
                })
            },
        )
    }

    pub(crate) fn contact_events(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
        limit: usize,
    ) -> Result<Vec<(SmolStr, String)>, StoreError> {
        sql::all(
            self.conn,
            "SELECT kind, body FROM event WHERE contact_id = $1 AND workspace_id = $2 ORDER BY id LIMIT $3",
            &[&contact.0, &workspace.0, &limit_of(limit)],
            |row| Ok((sql::text(row, 0)?, row.get(1)?)),
        )
    }

    pub(crate) fn daily_counts(&self, workspace: WorkspaceId) -> Result<Vec<DailyCount>, StoreError> {
        let rows = self.tallies(workspace, vec![TallyKind::Message], i32::MIN, i32::MAX)?;
        rows.into_iter().map(daily_count).collect()
    }

    pub(crate) fn recount(&self, workspace: WorkspaceId) -> Result<Vec<DailyCount>, StoreError> {
        sql::all(
            self.conn,
            "SELECT day, coalesce(channel_id, 0), direction, status, count(*) FROM message
             WHERE workspace_id = $1 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
            &[&workspace.0],
            count_row,
        )
    }

    pub(crate) fn contact_count(&self, workspace: WorkspaceId) -> Result<u64, StoreError> {
        let count = sql::one(
            self.conn,
            "SELECT count(*) FROM contact WHERE workspace_id = $1",
            &[&workspace.0],
            |row| row.get::<i64>(0),
        )?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }
}

fn message_row(row: &Row<'_>) -> sql::Result<MessageRow> {
    Ok(MessageRow {
        id: MessageId(row.get(0)?),
        uuid: sql::uuid(row, 1)?.into(),
        contact: ContactId(row.get(2)?),
        channel: row.get::<Option<i64>>(3)?.map(ChannelId),
        direction: sql::word(row, 4, Direction::parse)?,
        status: sql::word(row, 5, MessageStatus::parse)?,
        text: sql::text(row, 6)?,
        attachments: sql::json(row, 7)?,
        quick_replies: row.get(8)?,
        external_id: sql::text_opt(row, 9)?,
        reason: row.get(10)?,
        possibly_repeated: row.get(11)?,
        created_on: sql::time(row, 12)?,
        detail: row.get(13)?,
        leaves_on: sql::time_opt(row, 14)?,
    })
}

fn daily_count(row: TallyRow) -> Result<DailyCount, StoreError> {
    let words = row
        .name
        .split_once('/')
        .and_then(|(direction, status)| Some((Direction::parse(direction)?, MessageStatus::parse(status)?)));
    let (direction, status) =
        words.ok_or_else(|| StoreError::Unreadable(format!("messages are counted as {:?}", row.name)))?;
    let channel = (row.subject != 0).then_some(ChannelId(row.subject));
    Ok(DailyCount { day: row.day, channel, direction, status, count: row.count })
}

fn count_row(row: &Row<'_>) -> sql::Result<DailyCount> {
    let channel: i64 = row.get(1)?;
    Ok(DailyCount {
        day: row.get(0)?,
        channel: (channel != 0).then_some(ChannelId(channel)),
        direction: sql::word(row, 2, Direction::parse)?,
        status: sql::word(row, 3, MessageStatus::parse)?,
        count: row.get(4)?,
    })
}
