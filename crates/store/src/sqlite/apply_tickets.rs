//! Writes tickets: new ones, and what becomes of them.

use super::sql;
use crate::sql::Connection;
use crate::{TicketChange, TicketEdit, TicketRow, TicketStatus, UnitError};

pub(super) fn insert(conn: &Connection, ticket: &TicketRow) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO ticket (id, workspace_id, uuid, contact_id, status, topic_id, assignee_id, note, flow_id,
             run_id, opened_on, modified_on, closed_on)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &[
            &ticket.id.0,
            &ticket.workspace.0,
            &ticket.uuid.0,
            &ticket.contact.0,
            &ticket.status.as_str(),
            &ticket.topic.map_or(0, |id| id.0),
            &ticket.assignee.map_or(0, |id| id.0),
            &ticket.note,
            &ticket.flow.map_or(0, |id| id.0),
            &ticket.run.map_or(0, |id| id.0),
            &ticket.opened_on.as_microsecond(),
            &ticket.modified_on.as_microsecond(),
            &ticket.closed_on.map(jiff::Timestamp::as_microsecond),
        ],
    )?;
    Ok(())
}

pub(super) fn change(conn: &Connection, change: &TicketChange) -> Result<(), UnitError> {
    let (at, ticket) = (change.at.as_microsecond(), change.ticket.0);
    let (contact, workspace) = (change.contact.0, change.workspace.0);
    match &change.edit {
        TicketEdit::Status(status) => sql::exec(
            conn,
            "UPDATE ticket SET status = $1, closed_on = $2, modified_on = $3
             WHERE uuid = $4 AND contact_id = $5 AND workspace_id = $6",
            &[
                &status.as_str(),
                &(*status == TicketStatus::Closed).then_some(at),
                &at,
                &ticket,
                &contact,
                &workspace,
            ],
        )?,
        TicketEdit::Topic(topic) => sql::exec(
            conn,
            "UPDATE ticket SET topic_id = $1, modified_on = $2
             WHERE uuid = $3 AND contact_id = $4 AND workspace_id = $5",
            &[&topic.map_or(0, |id| id.0), &at, &ticket, &contact, &workspace],
        )?,
        TicketEdit::Assignee(user) => sql::exec(
            conn,
            "UPDATE ticket SET assignee_id = $1, modified_on = $2
             WHERE uuid = $3 AND contact_id = $4 AND workspace_id = $5",
            &[&user.map_or(0, |id| id.0), &at, &ticket, &contact, &workspace],
        )?,
        TicketEdit::Note(note) => sql::exec(
            conn,
            "UPDATE ticket SET note = coalesce(note, $1), modified_on = $2
             WHERE uuid = $3 AND contact_id = $4 AND workspace_id = $5",
            &[note, &at, &ticket, &contact, &workspace],
        )?,
    };
    Ok(())
}
