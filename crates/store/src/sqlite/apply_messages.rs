//! Writes messages and their statuses, and notes what the daily counts must follow.

use crate::sql::{Connection, Row};
use domain::{ContactId, FlowId, MessageId, WorkspaceId};
use jiff::Timestamp;

use super::{apply_early, message_search, sql, writer::SideEffects};
use crate::{
    Direction, MessageRef, MessageStatus, NewMessage, NewMessageLabel, StatusChange, StatusResult, UnitError,
    Visibility, tally::Moments,
};

/// Messages of one sender under one id that are compared with a new one, the latest. There is more than one only if
/// a carrier sends a constant as the id, and a carrier that repeats a message does so soon.
pub(crate) const MAX_SAME_ID: i64 = 200;

pub(super) fn insert(
    conn: &Connection,
    message: &NewMessage,
    side: &mut SideEffects,
) -> Result<(), UnitError> {
    check_new(conn, message)?;
    let created = message.created_on.as_microsecond();
    sql::exec(
        conn,
        "INSERT INTO message (id, workspace_id, uuid, contact_id, urn_id, channel_id, flow_id, direction, status,
             text, attachments, quick_replies, detail, external_id, reason, day, created_on, modified_on, job_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, $18)",
        &[
            &message.id.0,
            &message.workspace.0,
            &message.uuid.0,
            &message.contact.0,
            &message.urn.map(|id| id.0),
            &message.channel.map(|id| id.0),
            &message.flow.map(|id| id.0),
            &message.direction.as_str(),
            &message.status.as_str(),
            &message.text.as_str(),
            &sql::list_json(&message.attachments)?,
            &message.quick_replies,
            &message.detail,
            &message.external_id.as_deref(),
            &message.reason,
            &message.day,
            &created,
            &message.job.map(|id| id.0),
        ],
    )?;
    let place = (message.workspace, message.day, message.channel.map(|id| id.0));
    side.tallies.message(place, message.direction, message.status, 1);
    Ok(())
}

/// Refuses a message that its channel gave us before: the same id, sender and text. There is one writer, so nothing
/// can come between this question and the insert.
pub(super) fn check_new(conn: &Connection, message: &NewMessage) -> Result<(), UnitError> {
    let (Direction::In, Some(channel), Some(external), Some(urn)) =
        (message.direction, message.channel, &message.external_id, message.urn)
    else {
        return Ok(());
    };
    let known = sql::one(
        conn,
        "SELECT 1 FROM (SELECT text FROM message
             WHERE channel_id = $1 AND external_id = $2 AND urn_id = $3 AND direction = 'in'
             ORDER BY id DESC LIMIT $4) AS recent
         WHERE text = $5",
        &[&channel.0, &external.as_str(), &urn.0, &MAX_SAME_ID, &message.text.as_str()],
        |row| row.get::<i64>(0),
    )?;
    if known.is_none() { Ok(()) } else { Err(UnitError::Duplicate) }
}

pub(super) fn check_pending(
    conn: &Connection,
    workspace: WorkspaceId,
    message: MessageId,
) -> Result<(), UnitError> {
    match standing(conn, workspace, &MessageRef::Id(message))? {
        Some(before) if before.status == MessageStatus::Pending => Ok(()),
        Some(_) | None => Err(UnitError::Gone),
    }
}

/// The part of a message that its status and its count depend on.
struct Standing {
    id: i64,
    status: MessageStatus,
    direction: Direction,
    day: i32,
    channel: Option<i64>,
    created_on: i64,
    sent_on: Option<i64>,
    contact: i64,
}

impl Standing {
    const COLUMNS: &'static str = "id, status, direction, day, channel_id, created_on, sent_on, contact_id";

    fn read(row: &Row<'_>) -> sql::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            status: sql::word(row, 1, MessageStatus::parse)?,
            direction: sql::word(row, 2, Direction::parse)?,
            day: row.get(3)?,
            channel: row.get(4)?,
            created_on: row.get(5)?,
            sent_on: row.get(6)?,
            contact: row.get(7)?,
        })
    }

    /// Moves the count to another status, on the day of the message, and counts how long it took.
    fn count(&self, workspace: WorkspaceId, next: MessageStatus, at: Timestamp, side: &mut SideEffects) {
        let place = (workspace, self.day, self.channel);
        side.tallies.moved(
            place,
            self.direction,
            (self.status, next),
            Moments { created_on: self.created_on, sent_on: self.sent_on, at: at.as_microsecond() },
        );
    }
}

fn standing(
    conn: &Connection,
    workspace: WorkspaceId,
    message: &MessageRef,
) -> sql::Result<Option<Standing>> {
    let columns = Standing::COLUMNS;
    match message {
        MessageRef::Id(id) => sql::one(
            conn,
            &format!("SELECT {columns} FROM message WHERE id = $1 AND workspace_id = $2"),
            &[&id.0, &workspace.0],
            Standing::read,
        ),
        MessageRef::Uuid(channel, uuid) => sql::one(
            conn,
            &format!(
                "SELECT {columns} FROM message
                 WHERE uuid = $1 AND workspace_id = $2 AND channel_id = $3 AND direction = 'out'"
            ),
            &[&uuid.0, &workspace.0, &channel.0],
            Standing::read,
        ),
        MessageRef::External(channel, external) => sql::one(
            conn,
            &format!(
                "SELECT {columns} FROM message
                 WHERE channel_id = $1 AND external_id = $2 AND workspace_id = $3 AND direction = 'out'
                 ORDER BY id DESC LIMIT 1"
            ),
            &[&channel.0, &external.as_str(), &workspace.0],
            Standing::read,
        ),
    }
}

pub(super) fn status(
    conn: &Connection,
    change: &StatusChange,
    side: &mut SideEffects,
) -> Result<StatusResult, UnitError> {
    let Some(before) = standing(conn, change.workspace, &change.message)? else {
        apply_early::keep(conn, change)?;
        return Ok(StatusResult::Unknown);
    };
    let result = settle(conn, change, &before, side)?;
    // The carrier may have reported on it before its identifier was written down here.
    if let (Some(external), Some(channel)) = (&change.external_id, before.channel)
        && let Some(report) = apply_early::take(conn, change.workspace, channel, external)?
    {
        let message = MessageRef::Id(MessageId(before.id));
        // It took effect no earlier than the record that it had to wait for.
        let (status, reason, at) = (report.status, report.reason, report.created_on.max(change.at));
        let report =
            StatusChange { workspace: change.workspace, message, status, external_id: None, reason, at };
        self::status(conn, &report, side)?;
    }
    Ok(result)
}

/// What a status makes of a message.
fn settle(
    conn: &Connection,
    change: &StatusChange,
    before: &Standing,
    side: &mut SideEffects,
) -> Result<StatusResult, UnitError> {
    let id = MessageId(before.id);
    if !before.status.may_become(change.status) {
        // The carrier's report may overtake its answer to our request: the id that the answer brings is still news.
        if let Some(external) = &change.external_id {
            sql::exec(
                conn,
                "UPDATE message SET external_id = $1 WHERE id = $2 AND workspace_id = $3 AND external_id IS NULL",
                &[&external.as_str(), &before.id, &change.workspace.0],
            )?;
        }
        return Ok(StatusResult::Ignored(id));
    }
    let errors = i64::from(matches!(change.status, MessageStatus::Errored));
    sql::exec(
        conn,
        "UPDATE message SET status = $1, modified_on = $2, external_id = coalesce($3, external_id),
             reason = $4, error_count = error_count + $5,
             sent_on = CASE WHEN $6 = 1 THEN coalesce(sent_on, $2) ELSE sent_on END
         WHERE id = $7 AND workspace_id = $8",
        &[
            &change.status.as_str(),
            &change.at.as_microsecond(),
            &change.external_id.as_deref(),
            &change.reason,
            &errors,
            &change.status.has_reached_carrier(),
            &before.id,
            &change.workspace.0,
        ],
    )?;
    side.feed.status(change.workspace.0, before.contact, before.id, change.at.as_microsecond());
    before.count(change.workspace, change.status, change.at, side);
    Ok(StatusResult::Applied(id))
}

/// A message that failed is to be sent after all.
pub(super) fn queue_again(
    conn: &Connection,
    (workspace, message): (WorkspaceId, MessageId),
    at: Timestamp,
    side: &mut SideEffects,
) -> Result<(), UnitError> {
    let before = standing(conn, workspace, &MessageRef::Id(message))?.ok_or(UnitError::Gone)?;
    sql::exec(
        conn,
        "UPDATE message SET status = 'queued', reason = NULL, modified_on = $1 WHERE id = $2 AND workspace_id = $3",
        &[&at.as_microsecond(), &message.0, &workspace.0],
    )?;
    before.count(workspace, MessageStatus::Queued, at, side);
    Ok(())
}

/// A pending message has had its turn.
pub(super) fn handled(
    conn: &Connection,
    (workspace, message): (WorkspaceId, MessageId),
    flow: Option<FlowId>,
    reason: Option<&str>,
    at: Timestamp,
    side: &mut SideEffects,
) -> Result<(), UnitError> {
    let before = standing(conn, workspace, &MessageRef::Id(message))?.ok_or(UnitError::Gone)?;
    if before.status != MessageStatus::Pending {
        return Err(UnitError::Gone);
    }
    sql::exec(
        conn,
        "UPDATE message SET status = 'handled', flow_id = $1, reason = $2, modified_on = $3
         WHERE id = $4 AND workspace_id = $5",
        &[&flow.map(|id| id.0), &reason, &at.as_microsecond(), &message.0, &workspace.0],
    )?;
    before.count(workspace, MessageStatus::Handled, at, side);
    Ok(())
}

pub(super) fn label(conn: &Connection, label: &NewMessageLabel) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO message_label (workspace_id, message_id, label_id) VALUES ($1, $2, $3)
         ON CONFLICT (label_id, message_id) DO NOTHING",
        &[&label.workspace.0, &label.message.0, &label.label.0],
    )?;
    Ok(())
}

/// A label is taken off a message.
pub(super) fn unlabel(conn: &Connection, label: &NewMessageLabel) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "DELETE FROM message_label WHERE label_id = $1 AND message_id = $2 AND workspace_id = $3",
        &[&label.label.0, &label.message.0, &label.workspace.0],
    )?;
    Ok(())
}

/// An incoming message is put away, taken back, or emptied for good; one that was emptied stays so.
pub(super) fn visibility(
    conn: &Connection,
    (workspace, message): (WorkspaceId, MessageId),
    visibility: Visibility,
    at: Timestamp,
) -> Result<(), UnitError> {
    let text = match visibility {
        Visibility::Visible | Visibility::Archived => {
            "UPDATE message SET visibility = $1, modified_on = $2
             WHERE id = $3 AND workspace_id = $4 AND direction = 'in' AND visibility <> 'deleted'"
        }
        Visibility::Deleted => {
            "UPDATE message SET visibility = $1, modified_on = $2, text = '', attachments = NULL, detail = NULL
             WHERE id = $3 AND workspace_id = $4 AND direction = 'in' AND visibility <> 'deleted'"
        }
    };
    sql::exec(conn, text, &[&visibility.as_str(), &at.as_microsecond(), &message.0, &workspace.0])?;
    if visibility == Visibility::Deleted {
        message_search::forget(conn, message.0)?;
        let text = "DELETE FROM message_label WHERE message_id = $1 AND workspace_id = $2";
        sql::exec(conn, text, &[&message.0, &workspace.0])?;
    }
    Ok(())
}

/// All that a contact wrote is put away.
pub(super) fn archive_all(
    conn: &Connection,
    workspace: WorkspaceId,
    contact: ContactId,
    at: Timestamp,
) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "UPDATE message SET visibility = 'archived', modified_on = $1
         WHERE contact_id = $2 AND workspace_id = $3 AND direction = 'in' AND visibility = 'visible'",
        &[&at.as_microsecond(), &contact.0, &workspace.0],
    )?;
    Ok(())
}
