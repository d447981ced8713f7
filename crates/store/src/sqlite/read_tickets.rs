//! Reads tickets.

use domain::{ContactId, FlowId, RunId, TicketId, TicketUuid, TopicId, UserId, WorkspaceId};

use super::{Rows, read_contacts::qualified, sql};
use crate::sql::Row;
use crate::{ListedTicket, StoreError, TicketList, TicketRow, TicketStatus, TicketsOf};

pub(crate) const TICKET_COLUMNS: &str =
    "id, workspace_id, uuid, contact_id, status, topic_id, assignee_id, note,
    flow_id, run_id, opened_on, modified_on, closed_on";

impl Rows<'_> {
    /// The lists of open and closed ones are each in order; the page is the first rows of both.
    pub(crate) fn list_tickets(
        &self,
        workspace: WorkspaceId,
        list: TicketList,
    ) -> Result<Vec<ListedTicket>, StoreError> {
        let (beyond, order) = (list.walk.beyond(), list.walk.order());
        let (named, of): (&str, Option<Box<dyn sql::Param>>) = match list.of {
            TicketsOf::Everybody => ("", None),
            TicketsOf::Contact(id) => ("AND t.contact_id = $4", Some(Box::new(id.0))),
            TicketsOf::Uuid(uuid) => ("AND t.uuid = $4", Some(Box::new(uuid.0))),
        };
        let limit = if of.is_some() { 5 } else { 4 };
        let range = |status: &str| {
            format!(
                "SELECT id FROM (SELECT t.id AS id FROM ticket AS t
                 WHERE t.workspace_id = $1 AND t.status = '{status}' AND (t.modified_on, t.id) {beyond} ($2, $3) {named}
                 ORDER BY t.modified_on {order}, t.id {order} LIMIT ${limit}) AS {status}_ones"
            )
        };
        let columns = qualified(TICKET_COLUMNS, "t");
        let text = format!(
            "SELECT {columns}, c.uuid, c.name FROM ({} UNION ALL {}) AS page JOIN ticket AS t ON t.id = page.id
             JOIN contact AS c ON c.id = t.contact_id
             ORDER BY t.modified_on {order}, t.id {order} LIMIT ${limit}",
            range("open"),
            range("closed"),
        );
        let ((at, id), rows) = (list.walk.place(), list.walk.rows());
        let mut params: Vec<&dyn sql::Param> = vec![&workspace.0, &at, &id];
        params.extend(of.iter().map(|one| &**one));
        params.push(&rows);
        sql::all(self.conn, &text, &params, |row| {
            Ok(ListedTicket {
                ticket: ticket_row(row)?,
                contact: (sql::uuid(row, 13)?.into(), sql::text(row, 14)?),
            })
        })
    }

    /// The open tickets of a contact, the oldest first.
    pub(super) fn open_tickets(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
    ) -> Result<Vec<TicketRow>, sql::Error> {
        sql::all(
            self.conn,
            &format!(
                "SELECT {TICKET_COLUMNS} FROM ticket WHERE contact_id = $1 AND workspace_id = $2 AND status = 'open' ORDER BY id"
            ),
            &[&contact.0, &workspace.0],
            ticket_row,
        )
    }

    pub(crate) fn ticket(
        &self,
        workspace: WorkspaceId,
        uuid: TicketUuid,
    ) -> Result<Option<TicketRow>, StoreError> {
        Ok(sql::one(
            self.conn,
            &format!("SELECT {TICKET_COLUMNS} FROM ticket WHERE uuid = $1 AND workspace_id = $2"),
            &[&uuid.0, &workspace.0],
            ticket_row,
        )?)
    }

    pub(crate) fn contact_tickets(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
    ) -> Result<Vec<TicketRow>, StoreError> {
        sql::all(
            self.conn,
            &format!(
                "SELECT {TICKET_COLUMNS} FROM ticket WHERE contact_id = $1 AND workspace_id = $2 ORDER BY id"
            ),
            &[&contact.0, &workspace.0],
            ticket_row,
        )
    }
}

pub(crate) fn ticket_row(row: &Row<'_>) -> sql::Result<TicketRow> {
    let present = |id: i64| (id != 0).then_some(id);
    Ok(TicketRow {
        id: TicketId(row.get(0)?),
        workspace: WorkspaceId(row.get(1)?),
        uuid: sql::uuid(row, 2)?.into(),
        contact: ContactId(row.get(3)?),
        status: sql::word(row, 4, TicketStatus::parse)?,
        topic: present(row.get(5)?).map(TopicId),
        assignee: present(row.get(6)?).map(UserId),
        note: row.get(7)?,
        flow: present(row.get(8)?).map(FlowId),
        run: present(row.get(9)?).map(RunId),
        opened_on: sql::time(row, 10)?,
        modified_on: sql::time(row, 11)?,
        closed_on: sql::time_opt(row, 12)?,
    })
}
