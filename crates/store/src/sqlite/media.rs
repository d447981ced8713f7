//! Reads and writes files that people sent.

use domain::{ChannelId, MediaId, MediaUuid, MessageId, WorkspaceId};
use jiff::Timestamp;
use smol_str::SmolStr;

use super::{Rows, sql};
use crate::{
    MediaRow, MediaState, StoreError, UnitError,
    sql::{Connection, Row},
};

const COLUMNS: &str =
    "id, workspace_id, uuid, channel_id, message_id, place, source, mime, state, steps, next_try,
    sha256, bytes, reason, created_on, changed_on";

impl Rows<'_> {
    pub(crate) fn due_media(&self, now: Timestamp, limit: usize) -> Result<Vec<MediaRow>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM media WHERE state = 'waiting' AND next_try <= $1 ORDER BY next_try, id LIMIT $2"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        sql::all(self.conn, &text, &[&now.as_microsecond(), &limit], media_row)
    }

    pub(crate) fn media(&self, uuid: MediaUuid) -> Result<Option<MediaRow>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM media WHERE uuid = $1");
        Ok(sql::one(self.conn, &text, &[&uuid.0], media_row)?)
    }

    pub(crate) fn kept_files(&self, after: SmolStr, limit: usize) -> Result<Vec<(SmolStr, i64)>, StoreError> {
        let text = "SELECT sha256, max(bytes) FROM media
             WHERE sha256 IS NOT NULL AND sha256 > $1 AND state = 'kept' AND bytes IS NOT NULL
             GROUP BY sha256 ORDER BY sha256 LIMIT $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        sql::all(self.conn, text, &[&after, &limit], |row| Ok((sql::text(row, 0)?, row.get(1)?)))
    }
}

fn media_row(row: &Row<'_>) -> sql::Result<MediaRow> {
    Ok(MediaRow {
        id: MediaId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        uuid: sql::uuid(row, 2)?.into(),
        channel: ChannelId(row.get(3)?),
        message: MessageId(row.get(4)?),
        place: row.get(5)?,
        source: row.get(6)?,
        mime: sql::text(row, 7)?,
        state: sql::word(row, 8, MediaState::parse)?,
        steps: row.get(9)?,
        next_try: sql::time(row, 10)?,
        sha256: sql::text_opt(row, 11)?,
        bytes: row.get(12)?,
        reason: row.get(13)?,
        created_on: sql::time(row, 14)?,
        changed_on: sql::time(row, 15)?,
    })
}

pub(super) fn insert(conn: &Connection, row: &MediaRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO media (id, workspace_id, uuid, channel_id, message_id, place, source, mime, state, next_try,
             created_on, changed_on, sha256, bytes)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12, $13)",
        &[
            &row.id.0,
            &row.workspace.0,
            &row.uuid.0,
            &row.channel.0,
            &row.message.0,
            &row.place,
            &row.source,
            &row.mime,
            &row.state.as_str(),
            &row.next_try.as_microsecond(),
            &row.created_on.as_microsecond(),
            &row.sha256.as_deref(),
            &row.bytes,
        ],
    )?;
    Ok(())
}

pub(super) fn update(conn: &Connection, row: &MediaRow) -> Result<(), UnitError> {
    let changed = sql::exec(
        conn,
        "UPDATE media SET state = $1, next_try = $2, sha256 = $3, bytes = $4, reason = $5, changed_on = $6,
             mime = $7, steps = steps + 1
         WHERE id = $8 AND workspace_id = $9 AND steps = $10 AND state = 'waiting'",
        &[
            &row.state.as_str(),
            &row.next_try.as_microsecond(),
            &row.sha256.as_deref(),
            &row.bytes,
            &row.reason,
            &row.changed_on.as_microsecond(),
            &row.mime,
            &row.id.0,
            &row.workspace.0,
            &row.steps,
        ],
    )?;
    if changed != 1 {
        return Err(UnitError::Gone);
    }
    match row.state {
        MediaState::Kept => attach(conn, row),
        MediaState::Waiting | MediaState::Lost => Ok(()),
    }
}

/// Lets the message of a file name it where it is now.
fn attach(conn: &Connection, row: &MediaRow) -> Result<(), UnitError> {
    let (workspace, message) = (&row.workspace.0, &row.message.0);
    let attached = sql::one(
        conn,
        "SELECT attachments FROM message WHERE id = $1 AND workspace_id = $2",
        &[message, workspace],
        |row| sql::json::<Vec<SmolStr>>(row, 0),
    )?;
    let mut attached = attached.unwrap_or_default();
    let place = usize::try_from(row.place).ok();
    let Some(one) = place.and_then(|place| attached.get_mut(place)) else { return Ok(()) };
    *one = row.attachment_here().into();
    let text = "UPDATE message SET attachments = $1 WHERE id = $2 AND workspace_id = $3";
    sql::exec(conn, text, &[&sql::list_json(&attached)?, message, workspace])?;
    Ok(())
}

pub(super) fn check(conn: &Connection, row: &MediaRow) -> Result<(), UnitError> {
    let found = sql::one(
        conn,
        "SELECT id FROM media WHERE id = $1 AND workspace_id = $2 AND steps = $3 AND state = 'waiting'",
        &[&row.id.0, &row.workspace.0, &row.steps],
        |row| row.get::<i64>(0),
    )?;
    if found.is_some() { Ok(()) } else { Err(UnitError::Gone) }
}
