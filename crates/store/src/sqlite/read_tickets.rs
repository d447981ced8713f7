//! Reads tickets.

use domain::{ContactId, EventId, FlowId, RunId, TicketId, TicketUuid, TopicId, UserId, WorkspaceId};

use smol_str::SmolStr;

use super::{Rows, read_contacts::qualified, sql};
use crate::sql::Row;
use crate::{ListedTicket, SeenBy, StoreError, TicketList, TicketRow, TicketStatus, TicketsOf};

pub(crate) const TICKET_COLUMNS: &str =
    "id, workspace_id, uuid, contact_id, status, topic_id, assignee_id, note,
    flow_id, run_id, opened_on, modified_on, closed_on, replied_on, replied_by_id, opened_by_id";

impl Rows<'_> {
    /// The lists of open and closed ones are each in order, and so are those of a topic and of whoever deals with them;
    /// the page is the first rows of all that are asked for.
    pub(crate) fn list_tickets(
        &self,
        workspace: WorkspaceId,
        list: TicketList,
    ) -> Result<Vec<ListedTicket>, StoreError> {
        let (beyond, order) = (list.walk.beyond(), list.walk.order());
        let ((at, id), rows) = (list.walk.place(), list.walk.rows());
        let statuses = list.status.map_or(vec![TicketStatus::Open, TicketStatus::Closed], |one| vec![one]);
        let mut params: Vec<Box<dyn sql::Param>> = vec![Box::new(workspace.0), Box::new(at), Box::new(id)];
        let (mut ranges, mut limit): (Vec<String>, Option<usize>) = (Vec::new(), None);
        for scope in scopes(&list) {
            let named = scope.written(&mut params);
            // Parameters stand in the order in which they are first used.
            let limit = *limit.get_or_insert_with(|| {
                params.push(Box::new(rows));
                params.len()
            });
            for status in &statuses {
                let (status, number) = (status.as_str(), ranges.len());
                ranges.push(format!(
                    "SELECT id FROM (SELECT t.id AS id FROM ticket AS t
                     WHERE t.workspace_id = $1 AND t.status = '{status}'
                         AND (t.modified_on, t.id) {beyond} ($2, $3) {named}
                     ORDER BY t.modified_on {order}, t.id {order} LIMIT ${limit}) AS range_{number}"
                ));
            }
        }
        let Some(limit) = limit else { return Ok(Vec::new()) };
        // One may be in several.
        let columns = qualified(TICKET_COLUMNS, "t");
        let text = format!(
            "SELECT {columns}, c.uuid, c.name FROM ({}) AS page JOIN ticket AS t ON t.id = page.id
             JOIN contact AS c ON c.id = t.contact_id
             ORDER BY t.modified_on {order}, t.id {order} LIMIT ${limit}",
            ranges.join(" UNION "),
        );
        let params: Vec<&dyn sql::Param> = params.iter().map(|param| &**param).collect();
        sql::all(self.conn, &text, &params, |row| {
            Ok(ListedTicket {
                ticket: ticket_row(row)?,
                contact: (sql::uuid(row, 16)?.into(), sql::text(row, 17)?),
            })
        })
    }

    /// What became of a contact's tickets, the latest first.
    pub(crate) fn ticket_events(
        &self,
        workspace: WorkspaceId,
        contact: ContactId,
    ) -> Result<Vec<(EventId, SmolStr, String)>, StoreError> {
        let text = "SELECT id, kind, body FROM event WHERE contact_id = $1 AND workspace_id = $2
             AND kind IN ('ticket_opened', 'ticket_closed', 'ticket_reopened', 'ticket_note_added',
                 'ticket_topic_changed', 'ticket_assignee_changed')
             ORDER BY id DESC LIMIT 1000";
        sql::all(self.conn, text, &[&contact.0, &workspace.0], |row| {
            Ok((EventId(row.get(0)?), sql::text(row, 1)?, row.get(2)?))
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

/// What a range of a list is narrowed to: a column, its value, and by what somebody sees.
struct Scope<'l> {
    column: &'static str,
    value: Option<Box<dyn sql::Param>>,
    seen_by: Option<&'l SeenBy>,
}

/// The ranges of a list, so that each has an index in its order.
fn scopes(list: &TicketList) -> Vec<Scope<'_>> {
    let is = |column, id: i64, seen_by| Scope { column, value: Some(Box::new(id)), seen_by };
    let seen_by = list.seen_by.as_ref();
    match (&list.of, seen_by) {
        (TicketsOf::Contact(id), _) => vec![is("contact_id", id.0, seen_by)],
        (TicketsOf::Assignee(id), _) => vec![is("assignee_id", id.map_or(0, |id| id.0), seen_by)],
        (TicketsOf::Topics(topics), _) => {
            topics.iter().map(|topic| is("topic_id", topic.0, seen_by)).collect()
        }
        (TicketsOf::Uuid(uuid), _) => vec![Scope { column: "uuid", value: Some(Box::new(uuid.0)), seen_by }],
        (TicketsOf::Everybody, None) => vec![Scope { column: "", value: None, seen_by: None }],
        (TicketsOf::Everybody, Some(by)) => {
            let topics = by.topics.iter().map(|topic| is("topic_id", topic.0, None));
            std::iter::once(is("assignee_id", by.user.0, None)).chain(topics).collect()
        }
    }
}

impl Scope<'_> {
    fn written(self, params: &mut Vec<Box<dyn sql::Param>>) -> String {
        let mut place = |param: Box<dyn sql::Param>| {
            params.push(param);
            params.len()
        };
        let mut text = String::new();
        if let Some(value) = self.value {
            text = format!("AND t.{} = ${}", self.column, place(value));
        }
        if let Some(by) = self.seen_by {
            let user = place(Box::new(by.user.0));
            let topics: Vec<String> =
                by.topics.iter().map(|topic| format!("${}", place(Box::new(topic.0)))).collect();
            text += &match topics.is_empty() {
                true => format!(" AND t.assignee_id = ${user}"),
                false => format!(" AND (t.assignee_id = ${user} OR t.topic_id IN ({}))", topics.join(", ")),
            };
        }
        text
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
        replied_on: sql::time_opt(row, 13)?,
        replied_by: present(row.get(14)?).map(UserId),
        opened_by: present(row.get(15)?).map(UserId),
    })
}
