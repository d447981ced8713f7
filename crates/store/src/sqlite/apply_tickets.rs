//! Writes tickets: new ones, and what becomes of them.

use domain::WorkspaceId;
use jiff::Timestamp;

use super::{sql, tallies::day_of, writer::SideEffects};
use crate::sql::Connection;
use crate::{Tally, TallyKind, TallyName, TicketChange, TicketEdit, TicketRow, TicketStatus, UnitError};

pub(super) fn insert(conn: &Connection, ticket: &TicketRow, side: &mut SideEffects) -> Result<(), UnitError> {
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
            &ticket.closed_on.map(Timestamp::as_microsecond),
        ],
    )?;
    count(conn, ticket.workspace, ticket.opened_on, "opened", side)
}

fn count(
    conn: &Connection,
    workspace: WorkspaceId,
    at: Timestamp,
    word: &'static str,
    side: &mut SideEffects,
) -> Result<(), UnitError> {
    let (day, name) = (day_of(conn, workspace, at)?, TallyName::Word(word));
    side.tallies.add(Tally { workspace, day, kind: TallyKind::Ticket, subject: 0, name }, 1);
    Ok(())
}

/// Counts that a ticket is closed or open again, if it was not.
fn count_status(
    conn: &Connection,
    change: &TicketChange,
    status: TicketStatus,
    side: &mut SideEffects,
) -> Result<(), UnitError> {
    let before = sql::one(
        conn,
        "SELECT status FROM ticket WHERE uuid = $1 AND contact_id = $2 AND workspace_id = $3",
        &[&change.ticket.0, &change.contact.0, &change.workspace.0],
        |row| sql::word(row, 0, TicketStatus::parse),
    )?;
    let word = match (before, status) {
        (Some(TicketStatus::Open), TicketStatus::Closed) => "closed",
        (Some(TicketStatus::Closed), TicketStatus::Open) => "reopened",
        (None, _)
        | (Some(TicketStatus::Open), TicketStatus::Open)
        | (Some(TicketStatus::Closed), TicketStatus::Closed) => return Ok(()),
    };
    count(conn, change.workspace, change.at, word, side)
}

pub(super) fn change(
    conn: &Connection,
    change: &TicketChange,
    side: &mut SideEffects,
) -> Result<(), UnitError> {
    if let TicketEdit::Status(status) = &change.edit {
        count_status(conn, change, *status, side)?;
    }
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
