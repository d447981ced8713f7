//! Reads and writes programmes: message sets, messages, subscriptions.

use domain::{ChannelId, ContactId, MessageId, MessageSetId, SubscriptionId, WorkspaceId};
use jiff::{Timestamp, civil::Date};

use super::{Rows, apply::unless_taken, sql};
use crate::{
    CatchUp, ContentType, DeliveryRow, MessageSetRow, ProgrammeEventKind, ProgrammeEventRow,
    ProgrammeMessageRow, StoreError, SubscriptionRow, SubscriptionStatus, SubscriptionsOf, TimerKind,
    UnitError, Walk,
    sql::{Connection, Row},
};

const SUBSCRIPTION: &str = "id, workspace_id, uuid, contact_id, about_id, set_id, language, schedule, anchor,
    initial_sequence, next_sequence, status, reason, previous_id, begun_on, last_run, next_due, sent, left_out, steps,
    created_on, modified_on, ended_on";

fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Rows<'_> {
    pub(super) fn message_sets(&self, workspace: WorkspaceId) -> Result<Vec<MessageSetRow>, StoreError> {
        let text =
            "SELECT id, uuid, short_name, programme, stage, content_type, schedule, placement, anchor, weeks,
                 switches, next_set_id, channel_id, base_language, catch_up, created_on, modified_on
             FROM message_set WHERE workspace_id = $1 ORDER BY name_key";
        sql::all(self.conn, text, &[&workspace.0], |row| {
            Ok(MessageSetRow {
                id: MessageSetId(row.get(0)?),
                uuid: sql::uuid(row, 1)?.into(),
                short_name: row.get(2)?,
                programme: row.get(3)?,
                stage: row.get(4)?,
                content_type: sql::word(row, 5, ContentType::parse)?,
                schedule: row.get(6)?,
                placement: row.get(7)?,
                anchor: row.get(8)?,
                weeks: sql::json(row, 9)?,
                switches: row.get(10)?,
                next_set: row.get::<Option<i64>>(11)?.map(MessageSetId),
                channel: row.get::<Option<i64>>(12)?.map(ChannelId),
                base_language: row.get(13)?,
                catch_up: sql::word(row, 14, CatchUp::parse)?,
                created_on: sql::time(row, 15)?,
                modified_on: sql::time(row, 16)?,
            })
        })
    }

    pub(crate) fn programme_messages(
        &self,
        workspace: WorkspaceId,
        set: MessageSetId,
        after: u32,
        limit: usize,
    ) -> Result<Vec<ProgrammeMessageRow>, StoreError> {
        let text = "SELECT set_id, sequence, language, text, media FROM programme_message
             WHERE set_id = $1 AND sequence > $2 AND workspace_id = $3 ORDER BY sequence, language LIMIT $4";
        sql::all(self.conn, text, &[&set.0, &after, &workspace.0, &limit_of(limit)], message_row)
    }

    pub(crate) fn programme_message(
        &self,
        workspace: WorkspaceId,
        set: MessageSetId,
        sequence: u32,
    ) -> Result<Vec<ProgrammeMessageRow>, StoreError> {
        let text = "SELECT set_id, sequence, language, text, media FROM programme_message
             WHERE set_id = $1 AND sequence = $2 AND workspace_id = $3 ORDER BY language";
        sql::all(self.conn, text, &[&set.0, &sequence, &workspace.0], message_row)
    }

    pub(crate) fn subscription(
        &self,
        workspace: WorkspaceId,
        id: SubscriptionId,
    ) -> Result<Option<SubscriptionRow>, StoreError> {
        let text = format!("SELECT {SUBSCRIPTION} FROM subscription WHERE id = $1 AND workspace_id = $2");
        Ok(sql::one(self.conn, &text, &[&id.0, &workspace.0], subscription_row)?)
    }

    pub(crate) fn contact_subscriptions(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
    ) -> Result<Vec<SubscriptionRow>, StoreError> {
        let text = format!(
            "SELECT {SUBSCRIPTION} FROM subscription WHERE contact_id = $1 AND workspace_id = $2 ORDER BY id"
        );
        sql::all(self.conn, &text, &[&contact.0, &workspace.0], subscription_row)
    }

    pub(crate) fn household_subscriptions(
        &self,
        workspace: WorkspaceId,
        about: ContactId,
    ) -> Result<Vec<SubscriptionRow>, StoreError> {
        let text = format!(
            "SELECT {SUBSCRIPTION} FROM subscription
             WHERE about_id = $1 AND about_id <> contact_id AND workspace_id = $2 AND status = 'active' ORDER BY id"
        );
        sql::all(self.conn, &text, &[&about.0, &workspace.0], subscription_row)
    }

    pub(crate) fn active_subscriptions(
        &self,
        workspace: WorkspaceId,
        after: SubscriptionId,
        limit: usize,
    ) -> Result<Vec<SubscriptionRow>, StoreError> {
        let text = format!(
            "SELECT {SUBSCRIPTION} FROM subscription
             WHERE workspace_id = $1 AND id > $2 AND status = 'active' ORDER BY id LIMIT $3"
        );
        sql::all(self.conn, &text, &[&workspace.0, &after.0, &limit_of(limit)], subscription_row)
    }

    pub(crate) fn list_subscriptions(
        &self,
        workspace: WorkspaceId,
        of: SubscriptionsOf,
        walk: Walk,
    ) -> Result<Vec<SubscriptionRow>, StoreError> {
        let (beyond, order) = (walk.beyond(), walk.order());
        let text = |which: &str, id: &str, limit: &str| {
            format!(
                "SELECT {SUBSCRIPTION} FROM subscription WHERE workspace_id = $1 {which} AND id {beyond} {id}
                 ORDER BY id {order} LIMIT {limit}"
            )
        };
        let ((_, id), rows) = (walk.place(), walk.rows());
        match of {
            SubscriptionsOf::Everybody => {
                let text = text("", "$2", "$3");
                sql::all(self.conn, &text, &[&workspace.0, &id, &rows], subscription_row)
            }
            SubscriptionsOf::Contact(contact) => {
                let text = text("AND contact_id = $2", "$3", "$4");
                sql::all(self.conn, &text, &[&workspace.0, &contact.0, &id, &rows], subscription_row)
            }
            SubscriptionsOf::Uuid(uuid) => {
                let text = text("AND uuid = $2", "$3", "$4");
                sql::all(self.conn, &text, &[&workspace.0, &uuid.0, &id, &rows], subscription_row)
            }
        }
    }

    pub(crate) fn deliveries(
        &self,
        workspace: WorkspaceId,
        subscription: SubscriptionId,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        let text = "SELECT workspace_id, subscription_id, sequence, run, message_id, created_on FROM programme_delivery
             WHERE subscription_id = $1 AND workspace_id = $2 ORDER BY run, sequence";
        sql::all(self.conn, text, &[&subscription.0, &workspace.0], |row| {
            Ok(DeliveryRow {
                workspace: WorkspaceId(row.get(0)?),
                subscription: SubscriptionId(row.get(1)?),
                sequence: row.get(2)?,
                run: sql::time(row, 3)?,
                message: row.get::<Option<i64>>(4)?.map(MessageId),
                created_on: sql::time(row, 5)?,
            })
        })
    }

    pub(crate) fn programme_events(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
    ) -> Result<Vec<ProgrammeEventRow>, StoreError> {
        let text = "SELECT id, workspace_id, contact_id, subscription_id, kind, reason, detail, created_on
             FROM programme_event WHERE contact_id = $1 AND workspace_id = $2 ORDER BY id";
        sql::all(self.conn, text, &[&contact.0, &workspace.0], |row| {
            Ok(ProgrammeEventRow {
                id: row.get(0)?,
                workspace: WorkspaceId(row.get(1)?),
                contact: ContactId(row.get(2)?),
                subscription: row.get::<Option<i64>>(3)?.map(SubscriptionId),
                kind: sql::word(row, 4, ProgrammeEventKind::parse)?,
                reason: row.get(5)?,
                detail: row.get(6)?,
                created_on: sql::time(row, 7)?,
            })
        })
    }
}

fn message_row(row: &Row<'_>) -> sql::Result<ProgrammeMessageRow> {
    Ok(ProgrammeMessageRow {
        set: MessageSetId(row.get(0)?),
        sequence: row.get(1)?,
        language: row.get(2)?,
        text: row.get(3)?,
        media: sql::json(row, 4)?,
    })
}

fn subscription_row(row: &Row<'_>) -> sql::Result<SubscriptionRow> {
    let day = |text: &str| text.parse::<Date>().ok();
    Ok(SubscriptionRow {
        id: SubscriptionId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        uuid: sql::uuid(row, 2)?.into(),
        contact: ContactId(row.get(3)?),
        about: ContactId(row.get(4)?),
        set: MessageSetId(row.get(5)?),
        language: row.get(6)?,
        schedule: row.get(7)?,
        anchor: if row.is_null(8)? { None } else { Some(sql::word(row, 8, day)?) },
        initial: row.get(9)?,
        next: row.get(10)?,
        status: sql::word(row, 11, SubscriptionStatus::parse)?,
        reason: row.get(12)?,
        previous: row.get::<Option<i64>>(13)?.map(SubscriptionId),
        begun_on: sql::time(row, 14)?,
        last_run: sql::time_opt(row, 15)?,
        next_due: sql::time_opt(row, 16)?,
        sent: row.get(17)?,
        left_out: row.get(18)?,
        steps: row.get(19)?,
        created_on: sql::time(row, 20)?,
        modified_on: sql::time(row, 21)?,
        ended_on: sql::time_opt(row, 22)?,
    })
}

pub(super) fn set(conn: &Connection, workspace: WorkspaceId, row: &MessageSetRow) -> Result<(), UnitError> {
    let changed = sql::exec(
        conn,
        "INSERT INTO message_set (id, workspace_id, uuid, short_name, name_key, programme, stage, content_type,
             schedule, placement, anchor, weeks, switches, next_set_id, channel_id, base_language, catch_up, created_on,
             modified_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
         ON CONFLICT (id) DO UPDATE SET short_name = excluded.short_name, name_key = excluded.name_key,
             programme = excluded.programme, stage = excluded.stage, content_type = excluded.content_type,
             schedule = excluded.schedule, placement = excluded.placement, anchor = excluded.anchor,
             weeks = excluded.weeks, switches = excluded.switches, next_set_id = excluded.next_set_id,
             channel_id = excluded.channel_id, base_language = excluded.base_language, catch_up = excluded.catch_up,
             modified_on = excluded.modified_on
         WHERE message_set.workspace_id = excluded.workspace_id",
        &[
            &row.id.0,
            &workspace.0,
            &row.uuid.0,
            &row.short_name,
            &row.short_name.to_lowercase(),
            &row.programme,
            &row.stage,
            &row.content_type.as_str(),
            &row.schedule,
            &row.placement,
            &row.anchor,
            &sql::to_json(&row.weeks)?,
            &row.switches,
            &row.next_set.map(|id| id.0),
            &row.channel.map(|id| id.0),
            &row.base_language,
            &row.catch_up.as_str(),
            &row.created_on.as_microsecond(),
            &row.modified_on.as_microsecond(),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Taken("the name of the message set")))?;
    if changed == 1 { Ok(()) } else { Err(UnitError::Taken("the row number")) }
}

pub(super) fn message(
    conn: &Connection,
    workspace: WorkspaceId,
    row: &ProgrammeMessageRow,
) -> Result<(), UnitError> {
    let changed = sql::exec(
        conn,
        "INSERT INTO programme_message (set_id, sequence, language, workspace_id, text, media)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (set_id, sequence, language) DO UPDATE SET text = excluded.text, media = excluded.media
         WHERE programme_message.workspace_id = excluded.workspace_id",
        &[&row.set.0, &row.sequence, &row.language, &workspace.0, &row.text, &sql::list_json(&row.media)?],
    )?;
    if changed == 1 { Ok(()) } else { Err(UnitError::Taken("the message")) }
}

pub(super) fn clear_messages(
    conn: &Connection,
    workspace: WorkspaceId,
    set: MessageSetId,
) -> Result<(), UnitError> {
    let text = "DELETE FROM programme_message WHERE set_id = $1 AND workspace_id = $2";
    sql::exec(conn, text, &[&set.0, &workspace.0])?;
    Ok(())
}

pub(super) fn insert(conn: &Connection, new: &SubscriptionRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO subscription (id, workspace_id, uuid, contact_id, about_id, set_id, language, schedule, anchor,
             initial_sequence, next_sequence, status, reason, previous_id, begun_on, last_run, next_due, sent, left_out,
             created_on, modified_on, ended_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)",
        &[
            &new.id.0,
            &new.workspace.0,
            &new.uuid.0,
            &new.contact.0,
            &new.about.0,
            &new.set.0,
            &new.language,
            &new.schedule,
            &new.anchor.map(|day| day.to_string()),
            &new.initial,
            &new.next,
            &new.status.as_str(),
            &new.reason,
            &new.previous.map(|id| id.0),
            &new.begun_on.as_microsecond(),
            &new.last_run.map(Timestamp::as_microsecond),
            &new.next_due.map(Timestamp::as_microsecond),
            &new.sent,
            &new.left_out,
            &new.created_on.as_microsecond(),
            &new.modified_on.as_microsecond(),
            &new.ended_on.map(Timestamp::as_microsecond),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Taken("the place in this message set")))?;
    Ok(())
}

pub(super) fn update(conn: &Connection, row: &SubscriptionRow) -> Result<(), UnitError> {
    let changed = sql::exec(
        conn,
        "UPDATE subscription SET language = $1, schedule = $2, anchor = $3, next_sequence = $4, status = $5,
             reason = $6, last_run = $7, next_due = $8, sent = $9, left_out = $10, modified_on = $11, ended_on = $12,
             steps = steps + 1
         WHERE id = $13 AND workspace_id = $14 AND steps = $15",
        &[
            &row.language,
            &row.schedule,
            &row.anchor.map(|day| day.to_string()),
            &row.next,
            &row.status.as_str(),
            &row.reason,
            &row.last_run.map(Timestamp::as_microsecond),
            &row.next_due.map(Timestamp::as_microsecond),
            &row.sent,
            &row.left_out,
            &row.modified_on.as_microsecond(),
            &row.ended_on.map(Timestamp::as_microsecond),
            &row.id.0,
            &row.workspace.0,
            &row.steps,
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(UnitError::Conflict) }
}

pub(super) fn check(conn: &Connection, row: &SubscriptionRow) -> Result<(), UnitError> {
    let text = "SELECT id FROM subscription WHERE id = $1 AND workspace_id = $2 AND steps = $3";
    let found = sql::one(conn, text, &[&row.id.0, &row.workspace.0, &row.steps], |row| row.get::<i64>(0))?;
    if found.is_some() { Ok(()) } else { Err(UnitError::Conflict) }
}

/// Ends whatever somebody is subscribed to, with its timers.
pub(super) fn end_all(
    conn: &Connection,
    workspace: WorkspaceId,
    contact: ContactId,
    reason: &str,
    at: Timestamp,
) -> Result<(), UnitError> {
    let at = at.as_microsecond();
    let ended = sql::exec(
        conn,
        "UPDATE subscription SET status = 'stopped', reason = $1, next_due = NULL, ended_on = $2, modified_on = $2,
             steps = steps + 1
         WHERE contact_id = $3 AND workspace_id = $4 AND status = 'active'",
        &[&reason, &at, &contact.0, &workspace.0],
    )?;
    if ended > 0 {
        let text = "DELETE FROM timer WHERE contact_id = $1 AND kind = $2 AND workspace_id = $3";
        sql::exec(conn, text, &[&contact.0, &TimerKind::Programme.as_str(), &workspace.0])?;
    }
    Ok(())
}

pub(super) fn delivery(conn: &Connection, row: &DeliveryRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO programme_delivery (subscription_id, sequence, run, workspace_id, message_id, created_on)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            &row.subscription.0,
            &row.sequence,
            &row.run.as_microsecond(),
            &row.workspace.0,
            &row.message.map(|id| id.0),
            &row.created_on.as_microsecond(),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Gone))?;
    Ok(())
}

pub(super) fn event(conn: &Connection, row: &ProgrammeEventRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO programme_event (id, workspace_id, contact_id, subscription_id, kind, reason, detail, created_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            &row.id,
            &row.workspace.0,
            &row.contact.0,
            &row.subscription.map(|id| id.0),
            &row.kind.as_str(),
            &row.reason,
            &row.detail,
            &row.created_on.as_microsecond(),
        ],
    )?;
    Ok(())
}
