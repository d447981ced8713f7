//! Reads and writes consents and notes.

use smol_str::SmolStr;

use domain::{
    ChannelId, ConsentId, ContactId, ContactUuid, MessageId, MessageUuid, NoteId, UserId, WorkspaceId,
};

use super::{Rows, read_contacts::qualified, sql};
use crate::{
    ConsentRow, ConsentSource, ConsentsOf, ListedConsent, MAX_NOTES, NoteRow, StoreError, UnitError, Walk,
    sql::{Connection, Param, Row},
};

const COLUMNS: &str =
    "id, workspace_id, uuid, contact_id, purpose, given, source, channel_id, message_id, user_id,
    shown, reason, happened_on, created_on";

impl Rows<'_> {
    pub(crate) fn list_consents(
        &self,
        workspace: WorkspaceId,
        of: ConsentsOf,
        walk: Walk,
    ) -> Result<Vec<ListedConsent>, StoreError> {
        let (named, param): (&str, Option<Box<dyn Param>>) = match of {
            ConsentsOf::Everybody => ("", None),
            ConsentsOf::Contact(id) => ("AND k.contact_id = $3", Some(Box::new(id.0))),
            ConsentsOf::Uuid(uuid) => ("AND k.uuid = $3", Some(Box::new(uuid.0))),
        };
        let text = format!(
            "SELECT {columns}, c.uuid, c.name, m.uuid FROM consent AS k JOIN contact AS c ON c.id = k.contact_id
             LEFT JOIN message AS m ON m.id = k.message_id
             WHERE k.workspace_id = $1 AND k.id {beyond} $2 {named} ORDER BY k.id {order} LIMIT ${limit}",
            limit = if param.is_some() { 4 } else { 3 },
            columns = qualified(COLUMNS, "k"),
            beyond = walk.beyond(),
            order = walk.order(),
        );
        let ((_, id), rows) = (walk.place(), walk.rows());
        let mut params: Vec<&dyn Param> = vec![&workspace.0, &id];
        params.extend(param.iter().map(|one| &**one));
        params.push(&rows);
        sql::all(self.conn, &text, &params, |row| {
            Ok(ListedConsent {
                consent: consent_row(row)?,
                contact: (sql::uuid(row, 14)?.into(), sql::text(row, 15)?),
                message: if row.is_null(16)? { None } else { Some(MessageUuid(sql::uuid(row, 16)?)) },
            })
        })
    }

    /// Which of these people agreed to something and did not take it back.
    pub(crate) fn agreed(
        &self,
        workspace: WorkspaceId,
        purpose: SmolStr,
        ids: Vec<ContactId>,
    ) -> Result<Vec<ContactUuid>, StoreError> {
        let mut agreed = Vec::new();
        for some in ids.chunks(ASKED_AT_ONCE) {
            let numbers: Vec<i64> = some.iter().map(|id| id.0).collect();
            let places: Vec<String> = (3..3 + some.len()).map(|number| format!("${number}")).collect();
            let text = format!(
                "SELECT c.uuid, k.given FROM contact AS c JOIN consent AS k ON k.contact_id = c.id
                 WHERE c.workspace_id = $1 AND k.purpose = $2 AND c.id IN ({})
                     AND NOT EXISTS (SELECT 1 FROM consent AS later WHERE later.contact_id = c.id
                         AND later.purpose = k.purpose AND later.id > k.id)",
                places.join(", ")
            );
            let mut params: Vec<&dyn Param> = vec![&workspace.0, &purpose];
            params.extend(numbers.iter().map(|number| -> &dyn Param { number }));
            let found = sql::all::<_, StoreError>(self.conn, &text, &params, |row| {
                Ok((ContactUuid(sql::uuid(row, 0)?), row.get::<bool>(1)?))
            })?;
            agreed.extend(found.into_iter().filter(|(_, given)| *given).map(|(uuid, _)| uuid));
        }
        Ok(agreed)
    }
}

/// People who are asked for with one statement.
const ASKED_AT_ONCE: usize = 100;

fn consent_row(row: &Row<'_>) -> sql::Result<ConsentRow> {
    let present = |id: i64| (id != 0).then_some(id);
    Ok(ConsentRow {
        id: ConsentId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        uuid: sql::uuid(row, 2)?.into(),
        contact: ContactId(row.get(3)?),
        purpose: sql::text(row, 4)?,
        given: row.get(5)?,
        source: sql::word(row, 6, ConsentSource::parse)?,
        channel: present(row.get(7)?).map(ChannelId),
        message: present(row.get(8)?).map(MessageId),
        user: present(row.get(9)?).map(UserId),
        shown: row.get(10)?,
        reason: row.get(11)?,
        happened_on: sql::time(row, 12)?,
        created_on: sql::time(row, 13)?,
    })
}

pub(super) fn insert(conn: &Connection, row: &ConsentRow) -> Result<(), UnitError> {
    let text = format!(
        "INSERT INTO consent ({COLUMNS})
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
    );
    sql::exec(
        conn,
        &text,
        &[
            &row.id.0,
            &row.workspace.0,
            &row.uuid.0,
            &row.contact.0,
            &row.purpose.as_str(),
            &i64::from(row.given),
            &row.source.as_str(),
            &row.channel.map_or(0, |id| id.0),
            &row.message.map_or(0, |id| id.0),
            &row.user.map_or(0, |id| id.0),
            &row.shown,
            &row.reason,
            &row.happened_on.as_microsecond(),
            &row.created_on.as_microsecond(),
        ],
    )?;
    Ok(())
}

pub(super) fn insert_note(conn: &Connection, row: &NoteRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO contact_note (id, workspace_id, contact_id, text, user_id, created_on)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            &row.id.0,
            &row.workspace.0,
            &row.contact.0,
            &row.text,
            &row.user.0,
            &row.created_on.as_microsecond(),
        ],
    )?;
    keep_latest_notes(conn, row.workspace, row.contact)
}

pub(super) fn keep_latest_notes(
    conn: &Connection,
    workspace: WorkspaceId,
    contact: ContactId,
) -> Result<(), UnitError> {
    let text = "DELETE FROM contact_note WHERE contact_id = $1 AND workspace_id = $2 AND id NOT IN (
             SELECT id FROM contact_note WHERE contact_id = $1 AND workspace_id = $2 ORDER BY id DESC LIMIT $3)";
    sql::exec(conn, text, &[&contact.0, &workspace.0, &MAX_NOTES])?;
    Ok(())
}

pub(super) fn note_row(row: &Row<'_>) -> sql::Result<NoteRow> {
    Ok(NoteRow {
        id: NoteId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        contact: ContactId(row.get(2)?),
        text: row.get(3)?,
        user: UserId(row.get(4)?),
        created_on: sql::time(row, 5)?,
    })
}
