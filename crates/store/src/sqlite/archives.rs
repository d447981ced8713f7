//! Retention and files of old rows: read and written, and rows removed that lie in files. What removed rows were counted
//! as is added up in `archived_count`, so that kept counts can be checked for good.

use std::collections::BTreeSet;

use domain::{ArchiveId, ArchiveUuid, ContactId, ContactUuid, EventId, WorkspaceId};
use jiff::Timestamp;

use super::{Rows, message_search, recount::Recount, sql};
use crate::{
    ArchiveKind, ArchivePeriod, ArchiveRow, KeptLog, OldEvent, Past, RetentionRow, StoreError, UnitError,
    sql::{Connection, Param, Row},
};

/// Rows that one statement removes.
const AT_ONCE: usize = 100;

const COLUMNS: &str =
    "id, workspace_id, uuid, kind, period, start_day, records, bytes, md5, file, rollup_id, steps,
    created_on, changed_on";

impl Rows<'_> {
    pub(crate) fn retentions(&self) -> Result<Vec<RetentionRow>, StoreError> {
        let text =
            "SELECT workspace_id, messages, runs, events, audit, channel_events, looked_on FROM retention
             ORDER BY workspace_id";
        let days = |row: &Row<'_>, column| {
            Ok::<_, sql::Error>(row.get::<Option<i64>>(column)?.and_then(|days| u32::try_from(days).ok()))
        };
        sql::all(self.conn, text, &[], |row| {
            Ok(RetentionRow {
                workspace: WorkspaceId(row.get(0)?),
                messages: days(row, 1)?,
                runs: days(row, 2)?,
                events: days(row, 3)?,
                audit: days(row, 4)?,
                channel_events: days(row, 5)?,
                looked_on: row.get::<Option<i64>>(6)?.and_then(|day| i32::try_from(day).ok()),
            })
        })
    }

    pub(crate) fn archives(&self, workspace: WorkspaceId) -> Result<Vec<ArchiveRow>, StoreError> {
        let text = format!(
            "SELECT {COLUMNS} FROM archive WHERE workspace_id = $1 ORDER BY start_day DESC, kind, period"
        );
        sql::all(self.conn, &text, &[&workspace.0], archive_row)
    }

    pub(crate) fn archive(&self, uuid: ArchiveUuid) -> Result<Option<ArchiveRow>, StoreError> {
        let text = format!("SELECT {COLUMNS} FROM archive WHERE uuid = $1");
        Ok(sql::one(self.conn, &text, &[&uuid.0], archive_row)?)
    }

    pub(crate) fn archive_erasures(&self, workspace: WorkspaceId) -> Result<Vec<ContactUuid>, StoreError> {
        let text = "SELECT contact_uuid FROM archive_erasure WHERE workspace_id = $1 ORDER BY asked_on";
        sql::all(self.conn, text, &[&workspace.0], |row| Ok(sql::uuid(row, 0)?.into()))
    }

    pub(crate) fn workspaces_with_erasures(&self) -> Result<Vec<WorkspaceId>, StoreError> {
        let text = "SELECT DISTINCT workspace_id FROM archive_erasure ORDER BY workspace_id";
        sql::all(self.conn, text, &[], |row| Ok(WorkspaceId(row.get(0)?)))
    }

    pub(crate) fn logged_before(
        &self,
        workspace: WorkspaceId,
        log: KeptLog,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<i64>, StoreError> {
        // Numbers rise with time, so the first that is young enough ends the search; several rows may have one.
        let text = format!(
            "SELECT id, created_on FROM {} WHERE workspace_id = $1 ORDER BY id LIMIT $2",
            log.table()
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = sql::all::<_, StoreError>(self.conn, &text, &[&workspace.0, &limit], |row| {
            Ok((row.get::<i64>(0)?, sql::time(row, 1)?))
        })?;
        let mut old: Vec<i64> =
            rows.into_iter().take_while(|(_, at)| *at < before).map(|(id, _)| id).collect();
        old.dedup();
        Ok(old)
    }

    pub(crate) fn events_after(&self, after: EventId, limit: usize) -> Result<Vec<OldEvent>, StoreError> {
        let text = "SELECT id, workspace_id, created_on FROM event WHERE id > $1 ORDER BY id LIMIT $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        sql::all(self.conn, text, &[&after.0, &limit], |row| {
            Ok(OldEvent {
                id: EventId(row.get(0)?),
                workspace: WorkspaceId(row.get(1)?),
                created_on: sql::time(row, 2)?,
            })
        })
    }
}

fn archive_row(row: &Row<'_>) -> sql::Result<ArchiveRow> {
    Ok(ArchiveRow {
        id: ArchiveId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        uuid: sql::uuid(row, 2)?.into(),
        kind: sql::word(row, 3, ArchiveKind::parse)?,
        period: sql::word(row, 4, ArchivePeriod::parse)?,
        start_day: row.get(5)?,
        records: row.get(6)?,
        bytes: row.get(7)?,
        md5: sql::text(row, 8)?,
        file: row.get(9)?,
        rollup: row.get::<Option<i64>>(10)?.map(ArchiveId),
        steps: row.get(11)?,
        created_on: sql::time(row, 12)?,
        changed_on: sql::time(row, 13)?,
    })
}

pub(super) fn retain(conn: &Connection<'_>, row: &RetentionRow) -> Result<(), UnitError> {
    let days = |days: Option<u32>| days.map(i64::from);
    sql::exec(
        conn,
        "INSERT INTO retention (workspace_id, messages, runs, events, audit, channel_events, looked_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (workspace_id) DO UPDATE SET messages = excluded.messages, runs = excluded.runs,
             events = excluded.events, audit = excluded.audit, channel_events = excluded.channel_events,
             looked_on = excluded.looked_on",
        &[
            &row.workspace.0,
            &days(row.messages),
            &days(row.runs),
            &days(row.events),
            &days(row.audit),
            &days(row.channel_events),
            &row.looked_on.map(i64::from),
        ],
    )?;
    Ok(())
}

pub(super) fn save(conn: &Connection<'_>, row: &ArchiveRow) -> Result<(), UnitError> {
    let (start, steps) = (i64::from(row.start_day), row.steps + 1);
    let (created, changed) = (row.created_on.as_microsecond(), row.changed_on.as_microsecond());
    let written = sql::exec(
        conn,
        "INSERT INTO archive (id, workspace_id, uuid, kind, period, start_day, records, bytes, md5, file, rollup_id,
             steps, created_on, changed_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
         ON CONFLICT (id) DO UPDATE SET records = excluded.records, bytes = excluded.bytes, md5 = excluded.md5,
             file = excluded.file, rollup_id = excluded.rollup_id, steps = excluded.steps,
             changed_on = excluded.changed_on
         WHERE archive.steps = excluded.steps - 1 AND archive.workspace_id = excluded.workspace_id",
        &[
            &row.id.0,
            &row.workspace.0,
            &row.uuid.0,
            &row.kind.as_str(),
            &row.period.as_str(),
            &start,
            &row.records,
            &row.bytes,
            &row.md5.as_str(),
            &row.file,
            &row.rollup.map(|id| id.0),
            &steps,
            &created,
            &changed,
        ],
    )?;
    if written == 1 { Ok(()) } else { Err(UnitError::Gone) }
}

/// Somebody was erased: what files there are, or are being made, are to be emptied of them.
pub(super) fn to_be_erased(
    conn: &Connection<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    at: Timestamp,
) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO archive_erasure (workspace_id, contact_uuid, asked_on)
         SELECT c.workspace_id, c.uuid, CAST($1 AS BIGINT) FROM contact AS c
         WHERE c.id = $2 AND c.workspace_id = $3
             AND (EXISTS (SELECT 1 FROM archive AS a WHERE a.workspace_id = c.workspace_id)
                 OR EXISTS (SELECT 1 FROM job AS j WHERE j.workspace_id = c.workspace_id AND j.kind = 'archive'
                     AND j.ended_on IS NULL))
         ON CONFLICT (workspace_id, contact_uuid) DO NOTHING",
        &[&at.as_microsecond(), &contact.0, &workspace.0],
    )?;
    Ok(())
}

pub(super) fn erased(
    conn: &Connection<'_>,
    workspace: WorkspaceId,
    contacts: &[ContactUuid],
) -> Result<(), UnitError> {
    for contact in contacts {
        let text = "DELETE FROM archive_erasure WHERE workspace_id = $1 AND contact_uuid = $2";
        sql::exec(conn, text, &[&workspace.0, &contact.0])?;
    }
    Ok(())
}

/// Removes rows, and adds up what they were counted as.
pub(super) fn drop_past(conn: &Connection<'_>, workspace: WorkspaceId, past: &Past) -> Result<(), UnitError> {
    let mut gone = Recount::empty(conn, workspace)?;
    match past {
        Past::Messages(ids, until) => {
            let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
            for part in numbers.chunks(AT_ONCE) {
                messages(conn, workspace, (part, *until), &mut gone)?;
            }
        }
        Past::Runs(ids, until) => {
            let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
            for part in numbers.chunks(AT_ONCE) {
                runs(conn, workspace, (part, *until), &mut gone)?;
            }
        }
        Past::Events(ids) => {
            let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
            let text = format!(
                "DELETE FROM event WHERE workspace_id = $1 AND id IN ({})
                 RETURNING workspace_id, kind, body, session_id, created_on",
                places(2)
            );
            for part in numbers.chunks(AT_ONCE) {
                let part = padded(part);
                let params = with(&[&workspace.0], &part);
                sql::all::<_, UnitError>(conn, &text, &params, |row| gone.event(row))?;
            }
        }
        Past::Logged(log, numbers) => {
            let text =
                format!("DELETE FROM {} WHERE workspace_id = $1 AND id IN ({})", log.table(), places(2));
            for part in numbers.chunks(AT_ONCE) {
                let part = padded(part);
                sql::exec(conn, &text, &with(&[&workspace.0], &part))?;
            }
        }
    }
    add_up(conn, &gone)
}

fn messages(
    conn: &Connection<'_>,
    workspace: WorkspaceId,
    (ids, until): (&[i64], Timestamp),
    gone: &mut Recount,
) -> Result<(), UnitError> {
    let text = format!(
        "DELETE FROM message WHERE workspace_id = $1 AND modified_on < $2 AND id IN ({})
         RETURNING workspace_id, day, coalesce(channel_id, 0), direction, status, created_on, sent_on, id",
        places(3)
    );
    let (until, ids) = (until.as_microsecond(), padded(ids));
    let removed = sql::all::<_, UnitError>(conn, &text, &with(&[&workspace.0, &until], &ids), |row| {
        gone.message(row)?;
        row.get::<i64>(7)
    })?;
    for id in &removed {
        message_search::forget(conn, *id)?;
    }
    let text = format!("DELETE FROM message_label WHERE workspace_id = $1 AND message_id IN ({})", places(2));
    let removed = padded(&removed);
    sql::exec(conn, &text, &with(&[&workspace.0], &removed))?;
    Ok(())
}

fn runs(
    conn: &Connection<'_>,
    workspace: WorkspaceId,
    (ids, until): (&[i64], Timestamp),
    gone: &mut Recount,
) -> Result<(), UnitError> {
    let text = format!(
        "DELETE FROM run WHERE workspace_id = $1 AND modified_on < $2 AND exited_on IS NOT NULL AND id IN ({})
         RETURNING workspace_id, flow_id, status, created_on, exited_on, results, session_id, contact_id",
        places(3)
    );
    let (until, ids) = (until.as_microsecond(), padded(ids));
    let sessions = sql::all::<_, UnitError>(conn, &text, &with(&[&workspace.0, &until], &ids), |row| {
        gone.run(row)?;
        Ok((row.get::<i64>(6)?, row.get::<i64>(7)?))
    })?;
    let text = "DELETE FROM session WHERE id = $1 AND workspace_id = $2 AND ended_on IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM run AS r WHERE r.contact_id = $3 AND r.session_id = session.id)";
    for (session, contact) in sessions.into_iter().collect::<BTreeSet<_>>() {
        sql::exec(conn, text, &[&session, &workspace.0, &contact])?;
    }
    Ok(())
}

/// `$2, $3, …`: so many as one statement takes, so that its text is always the same and is prepared once.
fn places(first: usize) -> String {
    (first..first + AT_ONCE).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

/// Row numbers, and 0 in the places that are left: no row has it.
fn padded(ids: &[i64]) -> Vec<i64> {
    let mut ids = ids.to_vec();
    ids.resize(AT_ONCE, 0);
    ids
}

fn with<'p>(first: &[&'p dyn Param], ids: &'p [i64]) -> Vec<&'p dyn Param> {
    first.iter().copied().chain(ids.iter().map(|id| id as &dyn Param)).collect()
}

fn add_up(conn: &Connection<'_>, gone: &Recount) -> Result<(), UnitError> {
    let text = "INSERT INTO archived_count (workspace_id, day, kind, subject, name, count)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (workspace_id, day, kind, subject, name)
             DO UPDATE SET count = archived_count.count + excluded.count";
    for ((workspace, day, kind, subject, name), count) in &gone.days {
        sql::exec(conn, text, &[workspace, day, &kind.as_str(), subject, &name.as_str(), count])?;
    }
    Ok(())
}
