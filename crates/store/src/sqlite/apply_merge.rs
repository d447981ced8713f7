//! Two contacts become one: what is known of the one goes over to the other. Comes behind the guards of both, which
//! hold them as they were read, and before what the one who stays becomes.

use domain::ContactId;

use super::{consents::keep_latest_notes, sql};
use crate::{MergeContacts, UnitError, sql::Connection};

/// What goes over as it is.
const MOVED: &[&str] = &[
    "UPDATE contact_urn SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3",
    // Sessions have no index by contact; each has a run.
    "UPDATE session SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3 AND id IN (
         SELECT session_id FROM run WHERE contact_id = $2 AND workspace_id = $3)",
    "UPDATE run SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3",
    "UPDATE message SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3",
    "UPDATE event SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3",
    "UPDATE outbox SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3",
    "UPDATE channel_event SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3",
    "UPDATE ticket SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3",
    "UPDATE outcome SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3",
    "UPDATE programme_event SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3",
    "UPDATE contact_note SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3",
    "UPDATE consent SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3",
    "UPDATE registration SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3",
    "UPDATE code SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3",
    // Nobody belongs to a household twice, and nobody to their own.
    "DELETE FROM household_member WHERE household_id IN (
         SELECT m.household_id FROM household_member AS m WHERE m.contact_id = $1
         UNION ALL SELECT h.id FROM household AS h WHERE h.contact_id = $1)
         AND contact_id = $2 AND workspace_id = $3",
    "UPDATE household_member SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3",
    "DELETE FROM household_member WHERE contact_id IN (
         SELECT m.contact_id FROM household_member AS m JOIN household AS h ON h.id = m.household_id
         WHERE h.contact_id = $1 UNION ALL SELECT CAST($1 AS BIGINT))
         AND household_id IN (SELECT h.id FROM household AS h WHERE h.contact_id = $2) AND workspace_id = $3",
    "UPDATE household_member SET household_id = (SELECT h.id FROM household AS h WHERE h.contact_id = $1)
         WHERE household_id IN (SELECT h.id FROM household AS h WHERE h.contact_id = $2) AND workspace_id = $3
         AND EXISTS (SELECT 1 FROM household AS h WHERE h.contact_id = $1)",
    "UPDATE household SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3
         AND NOT EXISTS (SELECT 1 FROM household AS h WHERE h.contact_id = $1)",
    // A reminder that both have is the survivor's.
    "DELETE FROM timer WHERE kind = 'reminder' AND scope IN (
         SELECT r.id FROM reminder AS s JOIN reminder AS r ON r.key = s.key
         WHERE s.contact_id = $1 AND r.contact_id = $2) AND contact_id = $2 AND workspace_id = $3",
    "DELETE FROM reminder WHERE key IN (SELECT s.key FROM reminder AS s WHERE s.contact_id = $1)
         AND contact_id = $2 AND workspace_id = $3",
    "UPDATE reminder SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3",
    "UPDATE timer SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3
         AND kind IN ('effect_deadline', 'reminder', 'programme')",
    "UPDATE timer SET contact_id = $1 WHERE contact_id = $2 AND workspace_id = $3 AND kind = 'window_end'
         AND NOT EXISTS (SELECT 1 FROM timer AS t WHERE t.contact_id = $1 AND t.kind = 'window_end')",
];

/// What is not needed any more: the survivor's is planned anew.
const GONE: &[&str] = &[
    "DELETE FROM timer WHERE contact_id = $1 AND workspace_id = $2",
    "DELETE FROM household WHERE contact_id = $1 AND workspace_id = $2",
    "DELETE FROM search_later WHERE contact_id = $1 AND workspace_id = $2",
    "DELETE FROM contact_group_member WHERE contact_id = $1 AND workspace_id = $2",
];

pub(super) fn merge(conn: &Connection, merged: &MergeContacts) -> Result<(), UnitError> {
    let MergeContacts { workspace, from, into, at } = *merged;
    let micros = at.as_microsecond();
    end_doubled_subscriptions(conn, merged)?;
    for text in MOVED {
        sql::exec(conn, text, &[&into.0, &from.0, &workspace.0])?;
    }
    // Who gets something, and whom it is about. In two steps: those about others meet no rule of uniqueness.
    for column in ["contact_id", "about_id"] {
        let text = format!("UPDATE subscription SET {column} = $1 WHERE {column} = $2 AND workspace_id = $3");
        sql::exec(conn, &text, &[&into.0, &from.0, &workspace.0])?;
    }
    for text in GONE {
        sql::exec(conn, text, &[&from.0, &workspace.0])?;
    }
    keep_latest_notes(conn, workspace, into)?;
    let text = "UPDATE contact SET merged_into = $1 WHERE merged_into = $2 AND workspace_id = $3";
    sql::exec(conn, text, &[&into.0, &from.0, &workspace.0])?;
    let text = "UPDATE contact SET merged_into = $1, deleted_on = $2 WHERE id = $3 AND workspace_id = $4";
    sql::exec(conn, text, &[&into.0, &micros, &from.0, &workspace.0])?;
    Ok(())
}

/// Ends what would be got twice.
fn end_doubled_subscriptions(conn: &Connection, merged: &MergeContacts) -> Result<(), UnitError> {
    let MergeContacts { workspace, from, into, at } = *merged;
    let rows: Vec<(i64, i64, ContactId, ContactId)> = sql::all::<_, UnitError>(
        conn,
        "SELECT id, set_id, contact_id, about_id FROM subscription
         WHERE workspace_id = $1 AND status = 'active' AND (contact_id IN ($2, $3) OR about_id IN ($2, $3))
         ORDER BY CASE WHEN contact_id = $2 THEN 0 ELSE 1 END, id",
        &[&workspace.0, &into.0, &from.0],
        |row| Ok((row.get(0)?, row.get(1)?, ContactId(row.get(2)?), ContactId(row.get(3)?))),
    )?;
    let mut seen = std::collections::BTreeSet::new();
    let one = |id: ContactId| if id == from { into } else { id };
    for (id, set, contact, about) in rows {
        if seen.insert((one(contact), one(about), set)) {
            continue;
        }
        let text =
            "UPDATE subscription SET status = 'stopped', reason = 'merged', ended_on = $1, modified_on = $1,
                 next_due = NULL, steps = steps + 1
             WHERE id = $2 AND workspace_id = $3";
        sql::exec(conn, text, &[&at.as_microsecond(), &id, &workspace.0])?;
        let text = "DELETE FROM timer WHERE contact_id = $1 AND workspace_id = $2 AND kind = 'programme' AND scope = $3";
        sql::exec(conn, text, &[&contact.0, &workspace.0, &id])?;
    }
    Ok(())
}
