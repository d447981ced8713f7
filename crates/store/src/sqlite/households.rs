//! Reads and writes households and registrations.

use std::collections::BTreeMap;

use domain::{ContactId, HouseholdId, RegistrationId, UserId, WorkspaceId};

use super::{Rows, apply::unless_taken, sql};
use crate::{
    HouseholdChange, HouseholdMember, HouseholdsOf, ListedHousehold, NewMember, RegistrationRow,
    RegistrationsOf, StoreError, UnitError, Walk,
    sql::{Connection, Param, Row},
};

const REGISTRATION: &str =
    "id, workspace_id, uuid, contact_id, source, detail, call_key, user_id, created_on";

impl Rows<'_> {
    pub(crate) fn list_households(
        &self,
        workspace: WorkspaceId,
        of: HouseholdsOf,
        walk: Walk,
    ) -> Result<Vec<ListedHousehold>, StoreError> {
        let (named, param): (&str, Option<Box<dyn Param>>) = match of {
            HouseholdsOf::Everybody => ("", None),
            HouseholdsOf::About(id) => ("AND h.contact_id = $3", Some(Box::new(id.0))),
            HouseholdsOf::Uuid(uuid) => ("AND h.uuid = $3", Some(Box::new(uuid.0))),
            HouseholdsOf::Contact(id) => (
                "AND h.id IN (SELECT o.id FROM household AS o WHERE o.contact_id = $3
                     UNION ALL SELECT m.household_id FROM household_member AS m WHERE m.contact_id = $3)",
                Some(Box::new(id.0)),
            ),
        };
        let text = format!(
            "SELECT h.id, h.uuid, h.created_on, h.modified_on, c.id, c.uuid, c.name
             FROM household AS h JOIN contact AS c ON c.id = h.contact_id
             WHERE h.workspace_id = $1 AND h.id {beyond} $2 {named} ORDER BY h.id {order} LIMIT ${limit}",
            limit = if param.is_some() { 4 } else { 3 },
            beyond = walk.beyond(),
            order = walk.order(),
        );
        let ((_, id), rows) = (walk.place(), walk.rows());
        let mut params: Vec<&dyn Param> = vec![&workspace.0, &id];
        params.extend(param.iter().map(|one| &**one));
        params.push(&rows);
        let mut found = sql::all::<_, StoreError>(self.conn, &text, &params, |row| {
            Ok(ListedHousehold {
                id: HouseholdId(row.get(0)?),
                uuid: sql::uuid(row, 1)?.into(),
                about: person(row, 4)?,
                members: Vec::new(),
                created_on: sql::time(row, 2)?,
                modified_on: sql::time(row, 3)?,
            })
        })?;
        self.with_members(workspace, &mut found)?;
        Ok(found)
    }

    /// Adds the members of a whole page with one statement.
    fn with_members(&self, workspace: WorkspaceId, found: &mut [ListedHousehold]) -> Result<(), StoreError> {
        if found.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = found.iter().map(|one| one.id.0).collect();
        let places: Vec<String> = (1..=ids.len()).map(|number| format!("${number}")).collect();
        let text = format!(
            "SELECT m.household_id, m.role, m.created_on, c.id, c.uuid, c.name
             FROM household_member AS m JOIN contact AS c ON c.id = m.contact_id
             WHERE m.household_id IN ({}) AND m.workspace_id = ${}
             ORDER BY m.household_id, m.created_on, m.contact_id",
            places.join(", "),
            ids.len() + 1,
        );
        let mut params: Vec<&dyn Param> = ids.iter().map(|id| id as &dyn Param).collect();
        params.push(&workspace.0);
        let mut members: BTreeMap<i64, Vec<HouseholdMember>> = BTreeMap::new();
        let rows = sql::all::<_, StoreError>(self.conn, &text, &params, |row| {
            let member = HouseholdMember {
                contact: person(row, 3)?,
                role: sql::text(row, 1)?,
                created_on: sql::time(row, 2)?,
            };
            Ok((row.get::<i64>(0)?, member))
        })?;
        for (household, member) in rows {
            members.entry(household).or_default().push(member);
        }
        for one in found {
            one.members = members.remove(&one.id.0).unwrap_or_default();
        }
        Ok(())
    }

    pub(crate) fn list_registrations(
        &self,
        workspace: WorkspaceId,
        of: RegistrationsOf,
        walk: Walk,
    ) -> Result<Vec<RegistrationRow>, StoreError> {
        let (named, param): (&str, Option<Box<dyn Param>>) = match of {
            RegistrationsOf::Everybody => ("", None),
            RegistrationsOf::Contact(id) => ("AND contact_id = $3", Some(Box::new(id.0))),
            RegistrationsOf::Uuid(uuid) => ("AND uuid = $3", Some(Box::new(uuid.0))),
            RegistrationsOf::Key(key) => ("AND call_key = $3", Some(Box::new(key))),
        };
        let text = format!(
            "SELECT {REGISTRATION} FROM registration WHERE workspace_id = $1 AND id {beyond} $2 {named}
             ORDER BY id {order} LIMIT ${limit}",
            limit = if param.is_some() { 4 } else { 3 },
            beyond = walk.beyond(),
            order = walk.order(),
        );
        let ((_, id), rows) = (walk.place(), walk.rows());
        let mut params: Vec<&dyn Param> = vec![&workspace.0, &id];
        params.extend(param.iter().map(|one| &**one));
        params.push(&rows);
        sql::all(self.conn, &text, &params, |row| {
            let user: i64 = row.get(7)?;
            Ok(RegistrationRow {
                id: RegistrationId(row.get(0)?),
                workspace: WorkspaceId(row.get(1)?),
                uuid: sql::uuid(row, 2)?.into(),
                contact: ContactId(row.get(3)?),
                source: sql::text(row, 4)?,
                detail: row.get(5)?,
                key: row.get(6)?,
                user: (user != 0).then_some(UserId(user)),
                created_on: sql::time(row, 8)?,
            })
        })
    }
}

/// Number, identifier and name of a contact.
fn person(row: &Row<'_>, from: usize) -> sql::Result<(ContactId, domain::ContactUuid, smol_str::SmolStr)> {
    Ok((ContactId(row.get(from)?), sql::uuid(row, from + 1)?.into(), sql::text(row, from + 2)?))
}

pub(super) fn apply(conn: &Connection, change: &HouseholdChange) -> Result<(), UnitError> {
    match change {
        HouseholdChange::Join(member) => join(conn, member),
        HouseholdChange::Leave(workspace, about, contact) => {
            let text = "DELETE FROM household_member WHERE contact_id = $1 AND workspace_id = $2
                 AND household_id IN (SELECT id FROM household WHERE contact_id = $3)";
            sql::exec(conn, text, &[&contact.0, &workspace.0, &about.0])?;
            Ok(())
        }
    }
}

fn join(conn: &Connection, member: &NewMember) -> Result<(), UnitError> {
    let NewMember { workspace, about, id, uuid, contact, role, on } = member;
    let on = on.as_microsecond();
    sql::exec(
        conn,
        "INSERT INTO household (id, workspace_id, uuid, contact_id, created_on, modified_on)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (contact_id) DO UPDATE SET modified_on = excluded.modified_on",
        &[&id.0, &workspace.0, &uuid.0, &about.0, &on, &on],
    )?;
    sql::exec(
        conn,
        "INSERT INTO household_member (household_id, contact_id, workspace_id, role, created_on)
         SELECT h.id, CAST($1 AS BIGINT), h.workspace_id, CAST($2 AS TEXT), CAST($3 AS BIGINT)
         FROM household AS h WHERE h.contact_id = $4 AND h.workspace_id = $5
         ON CONFLICT (household_id, contact_id) DO UPDATE SET role =
             CASE WHEN excluded.role = '' THEN household_member.role ELSE excluded.role END",
        &[&contact.0, role, &on, &about.0, &workspace.0],
    )?;
    Ok(())
}

pub(super) fn register(conn: &Connection, row: &RegistrationRow) -> Result<(), UnitError> {
    let text =
        format!("INSERT INTO registration ({REGISTRATION}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    sql::exec(
        conn,
        &text,
        &[
            &row.id.0,
            &row.workspace.0,
            &row.uuid.0,
            &row.contact.0,
            &row.source,
            &row.detail,
            &row.key,
            &row.user.map_or(0, |user| user.0),
            &row.created_on.as_microsecond(),
        ],
    )
    .map_err(|error| unless_taken(error, UnitError::Gone))?;
    Ok(())
}
