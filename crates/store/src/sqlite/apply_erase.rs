//! Erases what is known of a person. Rows that are counted stay, with nothing in them that says who it was.

use domain::{ContactId, MediaUuid, WorkspaceId};
use jiff::Timestamp;
use serde_json::{Value, json};
use smol_str::SmolStr;

use super::{archives, message_search, sql};
use crate::{UnitError, sql::Connection, tally::event_tally};

/// Members of a kept result that say what was answered; name and category, which are counted, stay.
const ANSWERED: [&str; 4] = ["value", "input", "extra", "category_localized"];

pub(super) fn erase(
    conn: &Connection,
    workspace: WorkspaceId,
    contact: ContactId,
    at: Timestamp,
) -> Result<(), UnitError> {
    let whose: [&dyn sql::Param; 2] = [&contact.0, &workspace.0];
    let text = "UPDATE contact SET deleted_on = $1 WHERE id = $2 AND workspace_id = $3";
    sql::exec(conn, text, &[&at.as_microsecond(), &contact.0, &workspace.0])?;
    files(conn, workspace, contact)?;
    archives::to_be_erased(conn, workspace, contact, at)?;
    let text = "SELECT id FROM message WHERE contact_id = $1 AND workspace_id = $2 ORDER BY id";
    for message in sql::all::<i64, UnitError>(conn, text, &whose, |row| row.get(0))? {
        message_search::forget(conn, message)?;
    }
    for text in [
        "DELETE FROM message_label WHERE message_id IN (
             SELECT id FROM message WHERE contact_id = $1 AND workspace_id = $2)",
        "UPDATE message SET text = '', attachments = NULL, quick_replies = NULL, detail = NULL,
             visibility = 'deleted' WHERE contact_id = $1 AND workspace_id = $2",
        "UPDATE subscription SET anchor = NULL WHERE contact_id = $1 AND workspace_id = $2",
        "UPDATE programme_event SET detail = NULL WHERE contact_id = $1 AND workspace_id = $2",
        "UPDATE channel_event SET extra = NULL WHERE contact_id = $1 AND workspace_id = $2",
        "UPDATE ticket SET note = NULL WHERE contact_id = $1 AND workspace_id = $2",
        "UPDATE consent SET shown = NULL, reason = NULL WHERE contact_id = $1 AND workspace_id = $2",
        "UPDATE registration SET detail = NULL WHERE contact_id = $1 AND workspace_id = $2",
        "UPDATE code SET name = '', active = 0 WHERE contact_id = $1 AND workspace_id = $2",
        "DELETE FROM household_member WHERE (contact_id = $1 OR household_id IN (
             SELECT h.id FROM household AS h WHERE h.contact_id = $1)) AND workspace_id = $2",
        "DELETE FROM household WHERE contact_id = $1 AND workspace_id = $2",
        "DELETE FROM contact_note WHERE contact_id = $1 AND workspace_id = $2",
        "DELETE FROM reminder WHERE contact_id = $1 AND workspace_id = $2",
        "DELETE FROM timer WHERE contact_id = $1 AND workspace_id = $2",
        "DELETE FROM outbox WHERE contact_id = $1 AND workspace_id = $2",
        "DELETE FROM search_later WHERE contact_id = $1 AND workspace_id = $2",
        "UPDATE session SET state = NULL, pins = '' WHERE id IN (
             SELECT session_id FROM run WHERE contact_id = $1 AND workspace_id = $2) AND ended_on IS NOT NULL",
        "UPDATE job_left_out SET what = '', reason = '' WHERE contact_id = $1 AND workspace_id = $2",
    ] {
        sql::exec(conn, text, &whose)?;
    }
    // The log of who changed what goes on saying that they did, and no more.
    let text = "UPDATE audit SET subject = '', before = NULL, after = NULL WHERE workspace_id = $1
         AND subject_uuid = (SELECT uuid FROM contact WHERE id = $2)";
    sql::exec(conn, text, &[&workspace.0, &contact.0])?;
    // What calls were answered may name them; who asks again is told that it was done.
    let text = "UPDATE kept_call SET status = NULL, answer = NULL
         WHERE workspace_id = $1 AND status IS NOT NULL";
    sql::exec(conn, text, &[&workspace.0])?;
    runs(conn, workspace, contact)?;
    events(conn, workspace, contact)
}

/// Their files can be asked for no more. What lies in the folder of media under the same content may be somebody
/// else's too.
fn files(conn: &Connection, workspace: WorkspaceId, contact: ContactId) -> Result<(), UnitError> {
    let text = "SELECT attachments FROM message
         WHERE contact_id = $1 AND workspace_id = $2 AND attachments IS NOT NULL ORDER BY id";
    let attached = sql::all::<_, UnitError>(conn, text, &[&contact.0, &workspace.0], |row| {
        sql::json::<Vec<SmolStr>>(row, 0)
    })?;
    for one in attached.iter().flatten() {
        let uuid = one.split_once(":/media/").and_then(|(_, uuid)| uuid.parse::<MediaUuid>().ok());
        if let Some(uuid) = uuid {
            let text = "DELETE FROM media WHERE uuid = $1 AND workspace_id = $2";
            sql::exec(conn, text, &[&uuid.0, &workspace.0])?;
        }
    }
    Ok(())
}

fn runs(conn: &Connection, workspace: WorkspaceId, contact: ContactId) -> Result<(), UnitError> {
    let text = "SELECT id, results FROM run WHERE contact_id = $1 AND workspace_id = $2 ORDER BY id";
    let runs = sql::all::<_, UnitError>(conn, text, &[&contact.0, &workspace.0], |row| {
        Ok((row.get::<i64>(0)?, sql::json::<Value>(row, 1)?))
    })?;
    for (id, mut results) in runs {
        for result in results.as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
            if let Some(members) = result.as_object_mut() {
                members.retain(|name, _| !ANSWERED.contains(&name.as_str()));
                members.insert("value".to_owned(), json!(""));
            }
        }
        let text = "UPDATE run SET results = $1 WHERE id = $2 AND workspace_id = $3";
        sql::exec(conn, text, &[&results.to_string(), &id, &workspace.0])?;
    }
    Ok(())
}

fn events(conn: &Connection, workspace: WorkspaceId, contact: ContactId) -> Result<(), UnitError> {
    let text = "SELECT id, kind, body FROM event WHERE contact_id = $1 AND workspace_id = $2 ORDER BY id";
    let events = sql::all::<_, UnitError>(conn, text, &[&contact.0, &workspace.0], |row| {
        Ok((row.get::<i64>(0)?, sql::text(row, 1)?, row.get::<String>(2)?))
    })?;
    for (id, kind, body) in events {
        if event_tally(&kind, &body, false).is_none() {
            let text = "DELETE FROM event WHERE id = $1 AND workspace_id = $2";
            sql::exec(conn, text, &[&id, &workspace.0])?;
            continue;
        }
        let known: Value = serde_json::from_str(&body).unwrap_or_default();
        let mut left = json!({"type": kind});
        if let Some(status) = known.get("status").and_then(Value::as_str) {
            left["status"] = json!(status);
        }
        let text = "UPDATE event SET body = $1 WHERE id = $2 AND workspace_id = $3";
        sql::exec(conn, text, &[&left.to_string(), &id, &workspace.0])?;
    }
    Ok(())
}
