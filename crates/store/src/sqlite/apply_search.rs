//! Keeps what contact queries look for in step with the contacts: the same unit writes both.

use std::collections::{BTreeMap, BTreeSet};

use domain::{ContactId, FieldValue, WorkspaceId};
use smol_str::SmolStr;

use crate::sql::{self, Connection, Param};
use crate::{
    ContactRow,
    search_keys::{self, Term},
};

/// Terms that one statement writes. Contacts have about two for each field.
const TERMS_PER_STATEMENT: usize = 32;
/// Contacts that are taken at a time when an older database is brought up to date.
const FILL_SLICE: i64 = 1_000;

/// What a contact is found by, as stored or as it shall be.
struct Findable {
    name: SmolStr,
    language: Option<SmolStr>,
    fields: BTreeMap<SmolStr, FieldValue>,
}

impl Findable {
    fn read(row: &sql::Row<'_>, from: usize) -> sql::Result<Self> {
        Ok(Self {
            name: sql::text(row, from)?,
            language: sql::text_opt(row, from + 1)?,
            fields: sql::json(row, from + 2)?,
        })
    }

    fn terms(&self) -> BTreeSet<Term> {
        search_keys::terms(&self.name, self.language.as_deref(), &self.fields)
    }
}

/// Writes what a new contact is found by.
pub(super) fn new_contact(conn: &Connection<'_>, contact: &ContactRow) -> sql::Result<()> {
    let terms = search_keys::terms(&contact.name, contact.language.as_deref(), &contact.fields);
    add(conn, contact.workspace, contact.id, &Vec::from_iter(&terms))
}

/// Brings what a contact is found by up to date; call it before the contact itself is written.
pub(super) fn contact(conn: &Connection<'_>, contact: &ContactRow, later: bool) -> sql::Result<()> {
    let stored = sql::one(
        conn,
        "SELECT name, language, fields FROM contact WHERE id = $1 AND workspace_id = $2 AND version = $3",
        &[&contact.id.0, &contact.workspace.0, &contact.version],
        |row| Findable::read(row, 0),
    )?;
    let Some(stored) = stored else { return Ok(()) };
    if stored.name == contact.name && stored.language == contact.language && stored.fields == contact.fields {
        return Ok(());
    }
    if later {
        return leave(conn, contact);
    }
    let new = search_keys::terms(&contact.name, contact.language.as_deref(), &contact.fields);
    replace(conn, (contact.workspace, contact.id), &stored.terms(), &new)
}

/// Leaves the keys of a new contact for later.
pub(super) fn new_contact_later(conn: &Connection<'_>, contact: &ContactRow) -> sql::Result<()> {
    let text = "INSERT INTO search_later (contact_id, workspace_id) VALUES ($1, $2) ON CONFLICT (contact_id) DO NOTHING";
    sql::exec(conn, text, &[&contact.id.0, &contact.workspace.0]).map(drop)
}

/// Leaves the keys of a contact for later, and notes what they are made of until then: unless that is noted already,
/// from the first change since.
fn leave(conn: &Connection<'_>, contact: &ContactRow) -> sql::Result<()> {
    sql::exec(
        conn,
        "INSERT INTO search_later (contact_id, workspace_id, name, language, fields)
         SELECT id, workspace_id, name, language, CAST(fields AS TEXT) FROM contact WHERE id = $1 AND workspace_id = $2
         ON CONFLICT (contact_id) DO NOTHING",
        &[&contact.id.0, &contact.workspace.0],
    )
    .map(drop)
}

/// Makes the keys that were left for later. Whatever changed in the meantime, with or without keys: what the contact was
/// found by before the first of these changes and is no more goes, what it is to be found by now is there.
pub(super) fn catch_up(conn: &Connection<'_>, workspace: WorkspaceId, contact: ContactId) -> sql::Result<()> {
    // Nobody changes the contact until this is committed.
    let lock = "UPDATE contact SET version = version WHERE id = $1 AND workspace_id = $2";
    let there = sql::exec(conn, lock, &[&contact.0, &workspace.0])?;
    let before = sql::one(
        conn,
        "SELECT name IS NOT NULL, coalesce(name, ''), language, fields FROM search_later
         WHERE contact_id = $1 AND workspace_id = $2",
        &[&contact.0, &workspace.0],
        |row| Ok((row.get::<bool>(0)?, Findable::read(row, 1)?)),
    )?;
    let Some((was_found, before)) = before else { return Ok(()) };
    let text = "DELETE FROM search_later WHERE contact_id = $1 AND workspace_id = $2";
    sql::exec(conn, text, &[&contact.0, &workspace.0])?;
    let now = sql::one(
        conn,
        "SELECT name, language, fields FROM contact WHERE id = $1 AND workspace_id = $2",
        &[&contact.0, &workspace.0],
        |row| Findable::read(row, 0),
    )?;
    let new = now.filter(|_| there > 0).map(|now| now.terms()).unwrap_or_default();
    let old = if was_found { before.terms() } else { BTreeSet::new() };
    replace(conn, (workspace, contact), &old, &new)
}

/// Writes the difference between what a contact was found by and what it is to be found by.
fn replace(
    conn: &Connection<'_>,
    (workspace, contact): (WorkspaceId, ContactId),
    old: &BTreeSet<Term>,
    new: &BTreeSet<Term>,
) -> sql::Result<()> {
    for term in old.difference(new) {
        sql::exec(
            conn,
            "DELETE FROM contact_term
             WHERE workspace_id = $1 AND property = $2 AND kind = $3 AND value = $4 AND contact_id = $5",
            &[&workspace.0, &term.property.as_str(), &term.kind.code(), &term.value.as_str(), &contact.0],
        )?;
    }
    add(conn, workspace, contact, &Vec::from_iter(new.difference(old)))
}

fn add(
    conn: &Connection<'_>,
    workspace: WorkspaceId,
    contact: ContactId,
    terms: &[&Term],
) -> sql::Result<()> {
    for chunk in terms.chunks(TERMS_PER_STATEMENT) {
        let mut text = String::from(
            "INSERT INTO contact_term (workspace_id, property, kind, value, rest, contact_id) VALUES ",
        );
        let codes: Vec<&str> = chunk.iter().map(|term| term.kind.code()).collect();
        let mut params: Vec<&dyn Param> = Vec::with_capacity(chunk.len() * 6);
        for (term, code) in chunk.iter().zip(&codes) {
            let at = params.len();
            let comma = if at == 0 { "" } else { ", " };
            let places: Vec<String> = (at + 1..=at + 6).map(|number| format!("${number}")).collect();
            text.push_str(&format!("{comma}({})", places.join(", ")));
            params.extend::<[&dyn Param; 6]>([
                &workspace.0,
                &term.property,
                code,
                &term.value,
                &term.rest,
                &contact.0,
            ]);
        }
        // A row may be there already if a later version makes keys in another way than the one that wrote it.
        text.push_str(
            " ON CONFLICT (workspace_id, property, kind, value, contact_id) DO UPDATE SET rest = excluded.rest",
        );
        sql::exec(conn, &text, &params)?;
    }
    Ok(())
}

/// Writes what all contacts are found by, for a database that was made before these keys were kept.
pub(crate) fn fill(conn: &Connection<'_>) -> sql::Result<()> {
    let mut after = ContactId(i64::MIN);
    loop {
        let slice: sql::Result<Vec<(ContactId, WorkspaceId, Findable)>> = sql::all(
            conn,
            "SELECT id, workspace_id, name, language, fields FROM contact WHERE id > $1 ORDER BY id LIMIT $2",
            &[&after.0, &FILL_SLICE],
            |row| Ok((ContactId(row.get(0)?), WorkspaceId(row.get(1)?), Findable::read(row, 2)?)),
        );
        let slice = slice?;
        let Some((last, ..)) = slice.last() else { break };
        after = *last;
        for (contact, workspace, findable) in &slice {
            add(conn, *workspace, *contact, &Vec::from_iter(&findable.terms()))?;
        }
    }
    fill_paths(conn)
}

fn fill_paths(conn: &Connection<'_>) -> sql::Result<()> {
    let mut after = i64::MIN;
    loop {
        let slice: sql::Result<Vec<(i64, SmolStr)>> = sql::all(
            conn,
            "SELECT id, path FROM contact_urn WHERE id > $1 ORDER BY id LIMIT $2",
            &[&after, &FILL_SLICE],
            |row| Ok((row.get(0)?, sql::text(row, 1)?)),
        );
        let slice = slice?;
        let Some((last, _)) = slice.last() else { return Ok(()) };
        after = *last;
        for (id, path) in &slice {
            let key = search_keys::fold(path);
            sql::exec(conn, "UPDATE contact_urn SET path_key = $1 WHERE id = $2", &[&key, id])?;
        }
    }
}
