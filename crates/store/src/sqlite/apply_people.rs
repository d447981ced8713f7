//! Writes contacts, their addresses and their groups.

use crate::sql::Connection;
use domain::{ContactId, GroupId, UrnId, WorkspaceId};
use jiff::Timestamp;

use super::{apply::unless_taken, apply_search, sql, writer::SideEffects};
use crate::{ContactUpdate, NewContact, NewUrn, UnitError, UrnRow, contact::fields_json, search_keys};

pub(super) fn new_contact(conn: &Connection, new: &NewContact, search_later: bool) -> Result<(), UnitError> {
    let contact = &new.contact;
    let created = contact.created_on.as_microsecond();
    sql::exec(
        conn,
        "INSERT INTO contact (id, workspace_id, uuid, version, name, language, status, timezone, fields,
             session_id, flow_id, created_on, modified_on, last_seen_on, groups_as_of)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $14)",
        &[
            &contact.id.0,
            &contact.workspace.0,
            &contact.uuid.0,
            &contact.version,
            &contact.name.as_str(),
            &contact.language.as_deref(),
            &sql::status_word(contact.status),
            &contact.timezone.as_deref(),
            &fields_json(&contact.fields).map_err(sql::Error::from)?,
            &contact.session.map(|id| id.0),
            &contact.flow.map(|id| id.0),
            &created,
            &contact.last_seen_on.map(Timestamp::as_microsecond),
            &contact.groups_as_of,
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Conflict))?;
    if search_later {
        apply_search::new_contact_later(conn, contact)?;
    } else {
        apply_search::new_contact(conn, contact)?;
    }
    for urn in &new.urns {
        insert_urn(conn, contact.workspace, contact.id, urn)?;
    }
    Ok(())
}

pub(super) fn check_version(conn: &Connection, update: &ContactUpdate) -> Result<(), UnitError> {
    let contact = &update.contact;
    let version = sql::one(
        conn,
        "SELECT version FROM contact WHERE id = $1 AND workspace_id = $2",
        &[&contact.id.0, &contact.workspace.0],
        |row| row.get::<i64>(0),
    )?;
    if version == Some(contact.version) { Ok(()) } else { Err(UnitError::Conflict) }
}

pub(super) fn check_urn_free(
    conn: &Connection,
    workspace: WorkspaceId,
    urn: &UrnRow,
) -> Result<(), UnitError> {
    let taken = sql::one(
        conn,
        "SELECT id FROM contact_urn WHERE workspace_id = $1 AND scheme = $2 AND path = $3",
        &[&workspace.0, &urn.scheme.as_str(), &urn.path.as_str()],
        |row| row.get::<i64>(0),
    )?;
    if taken.is_none() { Ok(()) } else { Err(UnitError::Conflict) }
}

pub(super) fn contact(
    conn: &Connection,
    update: &ContactUpdate,
    search_later: bool,
) -> Result<(), UnitError> {
    let contact = &update.contact;
    apply_search::contact(conn, contact, search_later)?;
    let changed = sql::exec(
        conn,
        "UPDATE contact SET version = $1, name = $2, language = $3, status = $4, timezone = $5,
             fields = $6, session_id = $7, flow_id = $8, modified_on = $9, last_seen_on = $10, groups_as_of = $11
         WHERE id = $12 AND workspace_id = $13 AND version = $14",
        &[
            &update.version,
            &contact.name.as_str(),
            &contact.language.as_deref(),
            &sql::status_word(contact.status),
            &contact.timezone.as_deref(),
            &fields_json(&contact.fields).map_err(sql::Error::from)?,
            &contact.session.map(|id| id.0),
            &contact.flow.map(|id| id.0),
            &update.modified_on.as_microsecond(),
            &contact.last_seen_on.map(Timestamp::as_microsecond),
            &contact.groups_as_of,
            &contact.id.0,
            &contact.workspace.0,
            &contact.version,
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(UnitError::Conflict) }
}

/// Notes that a contact is told something; answers whether they may be, `None` if there is no such contact.
pub(super) fn told(
    conn: &Connection,
    workspace: WorkspaceId,
    contact: ContactId,
    version: i64,
) -> Result<Option<bool>, UnitError> {
    let text = "SELECT status FROM contact WHERE id = $1 AND workspace_id = $2";
    let active = sql::one(conn, text, &[&contact.0, &workspace.0], |row| Ok(row.str(0)? == "active"))?;
    if active.is_some() {
        sql::exec(
            conn,
            "UPDATE contact SET version = CASE WHEN version < $1 THEN $1 ELSE version + 1 END
             WHERE id = $2 AND workspace_id = $3",
            &[&version, &contact.0, &workspace.0],
        )?;
    }
    Ok(active)
}

pub(super) fn new_urn(conn: &Connection, new: &NewUrn) -> Result<(), UnitError> {
    insert_urn(conn, new.workspace, new.contact, &new.urn)
}

fn insert_urn(
    conn: &Connection,
    workspace: WorkspaceId,
    contact: ContactId,
    urn: &UrnRow,
) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO contact_urn
             (id, workspace_id, contact_id, scheme, path, path_key, display, priority, channel_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            &urn.id.0,
            &workspace.0,
            &contact.0,
            &urn.scheme.as_str(),
            &urn.path.as_str(),
            &search_keys::fold(&urn.path),
            &urn.display.as_deref(),
            &urn.priority,
            &urn.channel.map(|id| id.0),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Conflict))?;
    Ok(())
}

pub(super) fn urn(
    conn: &Connection,
    workspace: WorkspaceId,
    contact: ContactId,
    urn: &UrnRow,
) -> Result<(), UnitError> {
    let changed = sql::exec(
        conn,
        "UPDATE contact_urn SET display = $1, priority = $2, channel_id = $3
         WHERE id = $4 AND workspace_id = $5 AND contact_id = $6",
        &[
            &urn.display.as_deref(),
            &urn.priority,
            &urn.channel.map(|id| id.0),
            &urn.id.0,
            &workspace.0,
            &contact.0,
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(UnitError::Conflict) }
}

pub(super) fn remove_urn(
    conn: &Connection,
    workspace: WorkspaceId,
    contact: ContactId,
    urn: UrnId,
) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "DELETE FROM contact_urn WHERE id = $1 AND workspace_id = $2 AND contact_id = $3",
        &[&urn.0, &workspace.0, &contact.0],
    )?;
    Ok(())
}

pub(super) fn join_group(
    conn: &Connection,
    workspace: WorkspaceId,
    contact: ContactId,
    group: GroupId,
    at: Timestamp,
) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO contact_group_member (workspace_id, contact_id, group_id, joined_on)
         VALUES ($1, $2, $3, $4) ON CONFLICT (contact_id, group_id) DO NOTHING",
        &[&workspace.0, &contact.0, &group.0, &at.as_microsecond()],
    )?;
    Ok(())
}

pub(super) fn leave_group(
    conn: &Connection,
    workspace: WorkspaceId,
    contact: ContactId,
    group: GroupId,
) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "DELETE FROM contact_group_member WHERE workspace_id = $1 AND contact_id = $2 AND group_id = $3",
        &[&workspace.0, &contact.0, &group.0],
    )?;
    Ok(())
}

/// A person was there on a day.
pub(super) fn seen(
    conn: &Connection,
    workspace: WorkspaceId,
    contact: ContactId,
    day: i32,
    side: &mut SideEffects,
) -> Result<(), UnitError> {
    let added = sql::exec(
        conn,
        "INSERT INTO contact_day (workspace_id, day, contact_id) VALUES ($1, $2, $3)
         ON CONFLICT (workspace_id, day, contact_id) DO NOTHING",
        &[&workspace.0, &day, &contact.0],
    )?;
    side.tallies.active(workspace, day, added as i64);
    Ok(())
}
