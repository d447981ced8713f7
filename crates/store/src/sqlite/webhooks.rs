//! Reads and writes webhooks and what they are told.

use domain::{ContactId, DeliveryId, WebhookId, WebhookUuid, WorkspaceId};
use jiff::Timestamp;

use super::{Rows, sql};
use crate::{
    DeliveryOut, FeedCursor, ResthookEventRow, Secret, StoreError, UnitError, Walk, WebhookChange,
    WebhookRow, WebhookStatus,
    sql::{Connection, Row},
    webhook::DeliveryStatus,
};

const COLUMNS: &str = "id, workspace_id, uuid, name, target_url, events, secret, status, tx, place, failures,
    failing_since, rests_until, error, last_success, steps, created_on, modified_on";

const DELIVERY: &str =
    "d.id, d.workspace_id, d.webhook_id, d.tx, d.place, d.lane, d.body, d.status, d.attempts,
    d.next_attempt, d.answer_status, d.answer, d.took_ms, d.created_on, d.modified_on";

/// What is removed at once.
const FORGOTTEN: i64 = 5_000;

fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

impl Rows<'_> {
    /// The webhooks of a workspace, or all that may be called, the oldest first.
    pub(crate) fn webhooks(&self, workspace: Option<WorkspaceId>) -> Result<Vec<WebhookRow>, StoreError> {
        let (of, param) = match workspace {
            Some(workspace) => ("workspace_id = $1", workspace.0.to_string()),
            None => ("status = $1", WebhookStatus::Active.as_str().to_owned()),
        };
        let text = format!("SELECT {COLUMNS} FROM webhook WHERE {of} ORDER BY id");
        match workspace {
            Some(workspace) => sql::all(self.conn, &text, &[&workspace.0], webhook_row),
            None => sql::all(self.conn, &text, &[&param], webhook_row),
        }
    }

    /// What a webhook may be told now: of each lane the first, if its moment has come.
    pub(crate) fn due_deliveries(
        &self,
        webhook: WebhookId,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<DeliveryOut>, StoreError> {
        let text = format!(
            "SELECT {DELIVERY} FROM webhook_delivery AS d
             WHERE d.webhook_id = $1 AND d.status = 'waiting' AND d.next_attempt <= $2
               AND NOT EXISTS (SELECT 1 FROM webhook_delivery AS e
                   WHERE e.webhook_id = d.webhook_id AND e.lane = d.lane AND e.id < d.id AND e.status = 'waiting')
             ORDER BY d.id LIMIT $3"
        );
        sql::all(self.conn, &text, &[&webhook.0, &now.as_microsecond(), &limit_of(limit)], delivery_row)
    }

    /// How much a webhook is still to be told, and what was refused too often.
    pub(crate) fn delivery_counts(&self, webhook: WebhookId) -> Result<(u64, u64), StoreError> {
        let count = |status: &str| {
            let text = "SELECT count(*) FROM webhook_delivery WHERE webhook_id = $1 AND status = $2";
            sql::one(self.conn, text, &[&webhook.0, &status], |row| row.get::<i64>(0))
        };
        let number = |found: Option<i64>| u64::try_from(found.unwrap_or_default()).unwrap_or_default();
        Ok((number(count("waiting")?), number(count("dead")?)))
    }

    /// A page of what a webhook was told or is to be told.
    pub(crate) fn list_deliveries(
        &self,
        workspace: WorkspaceId,
        webhook: WebhookId,
        status: Option<DeliveryStatus>,
        walk: Walk,
    ) -> Result<Vec<DeliveryOut>, StoreError> {
        let text = format!(
            "SELECT {DELIVERY} FROM webhook_delivery AS d
             WHERE d.webhook_id = $1 AND d.workspace_id = $2 AND ($3 = '' OR d.status = $3) AND d.id {beyond} $4
             ORDER BY d.id {order} LIMIT $5",
            beyond = walk.beyond(),
            order = walk.order(),
        );
        let (_, id) = walk.place();
        let status = status.map_or("", DeliveryStatus::as_str);
        sql::all(self.conn, &text, &[&webhook.0, &workspace.0, &status, &id, &walk.rows()], delivery_row)
    }

    /// A page of what flows called.
    pub(crate) fn list_resthook_events(
        &self,
        workspace: WorkspaceId,
        slug: Option<smol_str::SmolStr>,
        walk: Walk,
    ) -> Result<Vec<ResthookEventRow>, StoreError> {
        let text = format!(
            "SELECT id, workspace_id, slug, data, created_on FROM resthook_event
             WHERE workspace_id = $1 AND ($2 = '' OR slug = $2) AND id {beyond} $3 ORDER BY id {order} LIMIT $4",
            beyond = walk.beyond(),
            order = walk.order(),
        );
        let (_, id) = walk.place();
        let slug = slug.unwrap_or_default();
        sql::all(self.conn, &text, &[&workspace.0, &slug.as_str(), &id, &walk.rows()], |row| {
            Ok(ResthookEventRow {
                id: row.get(0)?,
                workspace: WorkspaceId(row.get(1)?),
                slug: sql::text(row, 2)?,
                data: row.get(3)?,
                created_on: sql::time(row, 4)?,
            })
        })
    }

    /// The place in the feed before all that was committed since a moment. Some entries do not say when they were.
    pub(crate) fn feed_place_at(&self, at: Timestamp) -> Result<FeedCursor, StoreError> {
        let text = "SELECT tx, first FROM feed WHERE created_on >= $1 ORDER BY tx, first LIMIT 1";
        let first = sql::one(self.conn, text, &[&at.as_microsecond()], |row| {
            Ok(FeedCursor { tx: row.get(0)?, place: row.get::<i64>(1)? - 1 })
        })?;
        match first {
            Some(place) => Ok(place),
            None => self.feed_head(),
        }
    }
}

fn webhook_row(row: &Row<'_>) -> sql::Result<WebhookRow> {
    Ok(WebhookRow {
        id: WebhookId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        uuid: WebhookUuid(sql::uuid(row, 2)?),
        name: sql::text(row, 3)?,
        target_url: sql::text(row, 4)?,
        events: sql::json(row, 5)?,
        secret: Secret::new(row.get(6)?),
        status: sql::word(row, 7, WebhookStatus::parse)?,
        cursor: FeedCursor { tx: row.get(8)?, place: row.get(9)? },
        failures: row.get(10)?,
        failing_since: sql::time_opt(row, 11)?,
        rests_until: sql::time(row, 12)?,
        error: row.get(13)?,
        last_success: sql::time_opt(row, 14)?,
        steps: row.get(15)?,
        created_on: sql::time(row, 16)?,
        modified_on: sql::time(row, 17)?,
    })
}

fn delivery_row(row: &Row<'_>) -> sql::Result<DeliveryOut> {
    Ok(DeliveryOut {
        id: DeliveryId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        webhook: WebhookId(row.get(2)?),
        cursor: FeedCursor { tx: row.get(3)?, place: row.get(4)? },
        lane: ContactId(row.get(5)?),
        body: row.get(6)?,
        status: sql::word(row, 7, DeliveryStatus::parse)?,
        attempts: row.get(8)?,
        next_attempt: sql::time(row, 9)?,
        answer_status: row.get(10)?,
        answer: row.get(11)?,
        took_ms: row.get(12)?,
        created_on: sql::time(row, 13)?,
        modified_on: sql::time(row, 14)?,
    })
}

pub(super) fn apply(conn: &Connection, change: &WebhookChange) -> Result<(), UnitError> {
    match change {
        WebhookChange::New(row) => insert(conn, row),
        WebhookChange::Update(row) => update(conn, row),
        WebhookChange::Remove(workspace, id) => remove(conn, *workspace, *id),
        WebhookChange::Deliveries(rows) => rows.iter().try_for_each(|row| deliver(conn, row)),
        WebhookChange::Answered(rows) => rows.iter().try_for_each(|row| answered(conn, row)),
        WebhookChange::Rewind(workspace, id, cursor) => rewind(conn, *workspace, *id, *cursor),
        WebhookChange::Revive(workspace, id, at) => revive(conn, *workspace, *id, *at),
        WebhookChange::Forget(told, refused) => forget(conn, *told, *refused),
        WebhookChange::Called(row) => called(conn, row),
    }
}

fn insert(conn: &Connection, row: &WebhookRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO webhook (id, workspace_id, uuid, name, target_url, events, secret, status, tx, place,
             rests_until, created_on, modified_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)",
        &[
            &row.id.0,
            &row.workspace.0,
            &row.uuid.0,
            &row.name,
            &row.target_url,
            &sql::to_json(&row.events)?,
            &row.secret.reveal(),
            &row.status.as_str(),
            &row.cursor.tx,
            &row.cursor.place,
            &row.rests_until.as_microsecond(),
            &row.created_on.as_microsecond(),
        ],
    )?;
    Ok(())
}

fn update(conn: &Connection, row: &WebhookRow) -> Result<(), UnitError> {
    let changed = sql::exec(
        conn,
        "UPDATE webhook SET name = $1, target_url = $2, events = $3, secret = $4, status = $5, tx = $6, place = $7,
             failures = $8, failing_since = $9, rests_until = $10, error = $11, last_success = $12,
             modified_on = $13, steps = steps + 1
         WHERE id = $14 AND workspace_id = $15 AND steps = $16",
        &[
            &row.name,
            &row.target_url,
            &sql::to_json(&row.events)?,
            &row.secret.reveal(),
            &row.status.as_str(),
            &row.cursor.tx,
            &row.cursor.place,
            &row.failures,
            &row.failing_since.map(Timestamp::as_microsecond),
            &row.rests_until.as_microsecond(),
            &row.error,
            &row.last_success.map(Timestamp::as_microsecond),
            &row.modified_on.as_microsecond(),
            &row.id.0,
            &row.workspace.0,
            &row.steps,
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(UnitError::Gone) }
}

fn remove(conn: &Connection, workspace: WorkspaceId, id: WebhookId) -> Result<(), UnitError> {
    for (table, column) in [("webhook_delivery", "webhook_id"), ("webhook", "id")] {
        let text = format!("DELETE FROM {table} WHERE {column} = $1 AND workspace_id = $2");
        sql::exec(conn, &text, &[&id.0, &workspace.0])?;
    }
    Ok(())
}

fn deliver(conn: &Connection, row: &DeliveryOut) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO webhook_delivery (id, workspace_id, webhook_id, tx, place, lane, body, status, attempts,
             next_attempt, created_on, modified_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        &[
            &row.id.0,
            &row.workspace.0,
            &row.webhook.0,
            &row.cursor.tx,
            &row.cursor.place,
            &row.lane.0,
            &row.body,
            &row.status.as_str(),
            &row.attempts,
            &row.next_attempt.as_microsecond(),
            &row.created_on.as_microsecond(),
        ],
    )?;
    Ok(())
}

/// One that was forgotten meanwhile stays so.
fn answered(conn: &Connection, row: &DeliveryOut) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "UPDATE webhook_delivery SET status = $1, attempts = $2, next_attempt = $3, answer_status = $4, answer = $5,
             took_ms = $6, modified_on = $7
         WHERE id = $8 AND workspace_id = $9 AND status = 'waiting'",
        &[
            &row.status.as_str(),
            &row.attempts,
            &row.next_attempt.as_microsecond(),
            &row.answer_status,
            &row.answer,
            &row.took_ms,
            &row.modified_on.as_microsecond(),
            &row.id.0,
            &row.workspace.0,
        ],
    )?;
    Ok(())
}

fn rewind(
    conn: &Connection,
    workspace: WorkspaceId,
    id: WebhookId,
    cursor: FeedCursor,
) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "DELETE FROM webhook_delivery WHERE webhook_id = $1 AND workspace_id = $2 AND status = 'waiting'
           AND (tx > $3 OR (tx = $3 AND place > $4))",
        &[&id.0, &workspace.0, &cursor.tx, &cursor.place],
    )?;
    Ok(())
}

fn revive(conn: &Connection, workspace: WorkspaceId, id: WebhookId, at: Timestamp) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "UPDATE webhook_delivery SET status = 'waiting', attempts = 0, next_attempt = $1
         WHERE webhook_id = $2 AND workspace_id = $3 AND status = 'dead'",
        &[&at.as_microsecond(), &id.0, &workspace.0],
    )?;
    Ok(())
}

fn forget(conn: &Connection, told: Timestamp, refused: Timestamp) -> Result<(), UnitError> {
    let delivered = "DELETE FROM webhook_delivery WHERE id IN (SELECT id FROM webhook_delivery
         WHERE status <> 'waiting' AND modified_on < $1 AND (status = 'delivered' OR modified_on < $2)
         ORDER BY modified_on LIMIT $3)";
    sql::exec(conn, delivered, &[&told.as_microsecond(), &refused.as_microsecond(), &FORGOTTEN])?;
    let called = "DELETE FROM resthook_event WHERE id IN (SELECT id FROM resthook_event
         WHERE created_on < $1 ORDER BY created_on LIMIT $2)";
    sql::exec(conn, called, &[&told.as_microsecond(), &FORGOTTEN])?;
    Ok(())
}

fn called(conn: &Connection, row: &ResthookEventRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO resthook_event (id, workspace_id, slug, data, created_on) VALUES ($1, $2, $3, $4, $5)",
        &[&row.id, &row.workspace.0, &row.slug, &row.data, &row.created_on.as_microsecond()],
    )?;
    Ok(())
}
