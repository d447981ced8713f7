//! Reads and writes what happened on lines beside messages.

use domain::{ChannelEventId, ChannelId, ContactId, WorkspaceId};

use super::{Rows, sql};
use crate::{
    ChannelEventList, ChannelEventRow, ChannelEventsOf, ListedChannelEvent, StoreError, UnitError,
    sql::{Connection, Param},
};

impl Rows<'_> {
    pub(crate) fn channel_events(
        &self,
        workspace: WorkspaceId,
        list: ChannelEventList,
    ) -> Result<Vec<ListedChannelEvent>, StoreError> {
        let (named, of): (&str, Option<i64>) = match list.of {
            ChannelEventsOf::Everything => ("", None),
            ChannelEventsOf::Contact(id) => ("AND e.contact_id = $5", Some(id.0)),
            ChannelEventsOf::Id(id) => ("AND e.id = $5", Some(id.0)),
        };
        let text = format!(
            "SELECT e.id, e.kind, e.contact_id, e.channel_id, e.extra, e.occurred_on, e.created_on, c.uuid, c.name
             FROM channel_event AS e JOIN contact AS c ON c.id = e.contact_id
             WHERE e.workspace_id = $1 AND e.id {beyond} $2 AND e.created_on >= $3 AND e.created_on <= $4 {named}
             ORDER BY e.id {order} LIMIT ${limit}",
            beyond = list.walk.beyond(),
            order = list.walk.order(),
            limit = if of.is_some() { 6 } else { 5 },
        );
        let (id, _) = list.walk.place();
        let rows = list.walk.rows();
        let mut params: Vec<&dyn Param> = vec![&workspace.0, &id, &list.after, &list.before];
        params.extend(of.iter().map(|id| id as &dyn Param));
        params.push(&rows);
        sql::all(self.conn, &text, &params, |row| {
            Ok(ListedChannelEvent {
                row: ChannelEventRow {
                    id: ChannelEventId(row.get(0)?),
                    workspace,
                    kind: sql::text(row, 1)?,
                    contact: ContactId(row.get(2)?),
                    channel: ChannelId(row.get(3)?),
                    extra: row.get(4)?,
                    occurred_on: sql::time(row, 5)?,
                    created_on: sql::time(row, 6)?,
                },
                person: (sql::uuid(row, 7)?.into(), sql::text(row, 8)?),
            })
        })
    }
}

pub(super) fn insert(conn: &Connection, row: &ChannelEventRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO channel_event (id, workspace_id, kind, contact_id, channel_id, extra, occurred_on, created_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            &row.id.0,
            &row.workspace.0,
            &row.kind.as_str(),
            &row.contact.0,
            &row.channel.0,
            &row.extra,
            &row.occurred_on.as_microsecond(),
            &row.created_on.as_microsecond(),
        ],
    )?;
    Ok(())
}
