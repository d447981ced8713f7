//! Lists of contacts: a page by the index of their last changes, then what is shown beside them, for all of the page in
//! one statement each.

use std::collections::HashMap;

use domain::{ContactId, GroupId, WorkspaceId};

use super::{
    Rows,
    consents::note_row,
    read_conversations::{CONTACT_COLUMNS, URN_COLUMNS, contact_row, urn_row},
    sql,
};
use crate::{
    ContactList, ContactNamed, ContactsOf, ListedContact, MAX_LISTED, NamedContact, StoreError,
    sql::{Param, Row},
};

/// Groups of so many members are sorted; of larger ones it is looked, contact by contact, who is in them.
const SORTED: i64 = 2_000;

/// The statement of a page, and what it is asked with beside workspace, place and span.
struct Page {
    text: String,
    more: Vec<Box<dyn Param>>,
}

impl Rows<'_> {
    pub(crate) fn list_contacts(
        &self,
        workspace: WorkspaceId,
        list: ContactList,
    ) -> Result<Vec<ListedContact>, StoreError> {
        let page = self.page_of_contacts(workspace, &list)?;
        let (at, id) = list.walk.place();
        let limit = list.walk.rows();
        let mut params: Vec<&dyn Param> = vec![&workspace.0, &at, &id, &list.after, &list.before];
        params.extend(page.more.iter().map(|one| &**one));
        params.push(&limit);
        let columns = qualified(CONTACT_COLUMNS, "c");
        let text = format!(
            "SELECT {columns}, c.id, c.modified_on, c.deleted_on FROM ({}) AS page
             JOIN contact AS c ON c.id = page.id ORDER BY c.modified_on {order}, c.id {order}",
            page.text,
            order = list.walk.order(),
        );
        let mut listed: Vec<ListedContact> =
            sql::all::<_, StoreError>(self.conn, &text, &params, |row| listed(row, workspace))?;
        let place: HashMap<ContactId, usize> =
            listed.iter().enumerate().map(|(place, one)| (one.contact.id, place)).collect();
        let columns = qualified(URN_COLUMNS, "u");
        let text = format!(
            "SELECT {columns}, u.contact_id FROM ({}) AS page JOIN contact_urn AS u ON u.contact_id = page.id
             ORDER BY u.contact_id, u.priority DESC, u.id",
            page.text
        );
        let urns = sql::all::<_, StoreError>(self.conn, &text, &params, |row| {
            Ok((ContactId(row.get(6)?), urn_row(row)?))
        })?;
        for (contact, urn) in urns {
            if let Some(place) = place.get(&contact) {
                listed[*place].urns.push(urn);
            }
        }
        let text = format!(
            "SELECT g.contact_id, g.group_id FROM ({}) AS page
             JOIN contact_group_member AS g ON g.contact_id = page.id
             ORDER BY g.contact_id, g.joined_on, g.group_id",
            page.text
        );
        let groups = sql::all::<_, StoreError>(self.conn, &text, &params, |row| {
            Ok((ContactId(row.get(0)?), GroupId(row.get(1)?)))
        })?;
        for (contact, group) in groups {
            if let Some(place) = place.get(&contact) {
                listed[*place].groups.push(group);
            }
        }
        let columns = qualified("id, workspace_id, contact_id, text, user_id, created_on", "n");
        let text = format!(
            "SELECT {columns} FROM ({}) AS page JOIN contact_note AS n ON n.contact_id = page.id
             ORDER BY n.contact_id, n.id DESC",
            page.text
        );
        for note in sql::all::<_, StoreError>(self.conn, &text, &params, note_row)? {
            if let Some(place) = place.get(&note.contact) {
                listed[*place].notes.push(note);
            }
        }
        Ok(listed)
    }

    pub(crate) fn named_contacts(
        &self,
        workspace: WorkspaceId,
        named: Vec<ContactNamed>,
    ) -> Result<Vec<Option<NamedContact>>, StoreError> {
        const SELECT: &str = "SELECT id, uuid, name, status FROM contact";
        // Whoever was merged into somebody is them.
        let whole = format!(
            "{SELECT} WHERE id = (SELECT coalesce(n.merged_into, n.id) FROM contact AS n WHERE n.uuid = $1)
                 AND workspace_id = $2 AND deleted_on IS NULL"
        );
        let by_id = format!("{SELECT} WHERE id = $1 AND workspace_id = $2 AND deleted_on IS NULL");
        let by_urn = format!(
            "{SELECT} WHERE id = (
                 SELECT contact_id FROM contact_urn WHERE scheme = $1 AND path = $2 AND workspace_id = $3)"
        );
        let found = named.iter().map(|named| match named {
            ContactNamed::Uuid(uuid) => sql::one(self.conn, &whole, &[&uuid.0, &workspace.0], named_row),
            ContactNamed::Id(id) => sql::one(self.conn, &by_id, &[&id.0, &workspace.0], named_row),
            ContactNamed::Urn(urn) => {
                let (scheme, path) = (urn.scheme.as_str(), urn.path.as_str());
                sql::one(self.conn, &by_urn, &[&scheme, &path, &workspace.0], named_row)
            }
        });
        Ok(found.collect::<sql::Result<_>>()?)
    }

    fn page_of_contacts(&self, workspace: WorkspaceId, list: &ContactList) -> Result<Page, StoreError> {
        let (beyond, order) = (list.walk.beyond(), list.walk.order());
        let place = format!(
            "c.workspace_id = $1 AND (c.modified_on, c.id) {beyond} ($2, $3)
             AND c.modified_on >= $4 AND c.modified_on <= $5 AND c.modified_minute {beyond}= $2 / 60000000
             AND c.modified_minute >= $4 / 60000000 AND c.modified_minute <= $5 / 60000000"
        );
        let these: String;
        let (from, and, more): (&str, &str, Vec<Box<dyn Param>>) = match &list.of {
            ContactsOf::Everybody => ("contact AS c", "c.deleted_on IS NULL", Vec::new()),
            ContactsOf::Erased => ("contact AS c", "c.deleted_on IS NOT NULL", Vec::new()),
            // Whoever was merged into somebody is them.
            ContactsOf::Uuid(uuid) => (
                "contact AS c",
                "c.merged_into IS NULL AND c.id IN (
                     SELECT coalesce(n.merged_into, n.id) FROM contact AS n WHERE n.uuid = $6)",
                vec![Box::new(uuid.0)],
            ),
            ContactsOf::These(ids) => {
                // Always as many places, so that it is one statement however many there are.
                let places: Vec<String> = (6..6 + MAX_LISTED).map(|place| format!("${place}")).collect();
                let padded = ids.iter().map(|id| id.0).chain(std::iter::repeat(0)).take(MAX_LISTED);
                let ids = padded.map(|id| Box::new(id) as Box<dyn Param>).collect();
                these = format!("c.deleted_on IS NULL AND c.id IN ({})", places.join(", "));
                ("contact AS c", these.as_str(), ids)
            }
            ContactsOf::Urn(urn) => (
                "contact_urn AS a CROSS JOIN contact AS c",
                "a.workspace_id = c.workspace_id AND a.contact_id = c.id AND a.scheme = $6 AND a.path = $7",
                vec![Box::new(urn.scheme.to_string()), Box::new(urn.path.to_string())],
            ),
            // Who sorts a large group for each page waits for it; who looks through everybody for a small one too.
            ContactsOf::Group(group) if self.is_small(workspace, *group)? => (
                "contact_group_member AS m CROSS JOIN contact AS c",
                "m.contact_id = c.id AND c.deleted_on IS NULL AND m.group_id = $6",
                vec![Box::new(group.0)],
            ),
            ContactsOf::Group(group) => (
                "contact AS c",
                "c.deleted_on IS NULL AND EXISTS (
                     SELECT 1 FROM contact_group_member AS m WHERE m.contact_id = c.id AND m.group_id = $6)",
                vec![Box::new(group.0)],
            ),
        };
        let limit = 6 + more.len();
        let text = format!(
            "SELECT c.id FROM {from} WHERE {place} AND {and}
             ORDER BY c.modified_minute {order}, c.modified_on {order}, c.id {order} LIMIT ${limit}"
        );
        Ok(Page { text, more })
    }

    fn is_small(&self, workspace: WorkspaceId, group: GroupId) -> Result<bool, StoreError> {
        let text = "SELECT count(*) FROM (SELECT 1 AS one FROM contact_group_member
             WHERE group_id = $1 AND workspace_id = $2 LIMIT $3) AS counted";
        let limit = SORTED + 1;
        let count = sql::one(self.conn, text, &[&group.0, &workspace.0, &limit], |row| row.get::<i64>(0))?;
        Ok(count.unwrap_or_default() <= SORTED)
    }
}

fn named_row(row: &Row<'_>) -> sql::Result<NamedContact> {
    Ok(NamedContact {
        id: ContactId(row.get(0)?),
        uuid: sql::uuid(row, 1)?.into(),
        name: sql::text(row, 2)?,
        status: sql::word(row, 3, sql::contact_status)?,
    })
}

fn listed(row: &Row<'_>, workspace: WorkspaceId) -> sql::Result<ListedContact> {
    Ok(ListedContact {
        contact: contact_row(row, workspace, ContactId(row.get(12)?))?,
        urns: Vec::new(),
        groups: Vec::new(),
        notes: Vec::new(),
        modified_on: sql::time(row, 13)?,
        is_erased: !row.is_null(14)?,
    })
}

/// Columns of a table under another name.
pub(super) fn qualified(columns: &str, name: &str) -> String {
    columns.split(',').map(|column| format!("{name}.{}", column.trim())).collect::<Vec<_>>().join(", ")
}
