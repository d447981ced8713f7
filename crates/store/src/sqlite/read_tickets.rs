//! Reads tickets.

use domain::{ContactId, FlowId, RunId, TicketId, TicketUuid, TopicId, UserId, WorkspaceId};

use super::{Rows, sql};
use crate::sql::Row;
use crate::{StoreError, TicketRow, TicketStatus};

pub(crate) const TICKET_COLUMNS: &str =
    "id, workspace_id, uuid, contact_id, status, topic_id, assignee_id, note,
    flow_id, run_id, opened_on, modified_on, closed_on";

impl Rows<'_> {
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
