//! Writes tickets: new ones, and what becomes of them.

use domain::{MessageId, UserId, WorkspaceId};
use jiff::Timestamp;

use super::{sql, tallies::day_of, writer::SideEffects};
use crate::sql::Connection;
use crate::{
    Tally, TallyKind, TallyName, TicketChange, TicketEdit, TicketRow, TicketStatus, TimeBucket, UnitError,
};

pub(super) fn insert(conn: &Connection, ticket: &TicketRow, side: &mut SideEffects) -> Result<(), UnitError> {
    sql::exec(
        conn,
        "INSERT INTO ticket (id, workspace_id, uuid, contact_id, status, topic_id, assignee_id, note, flow_id,
             run_id, opened_on, modified_on, closed_on, replied_on, replied_by_id, opened_by_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
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
            &ticket.replied_on.map(Timestamp::as_microsecond),
            &ticket.replied_by.map_or(0, |id| id.0),
            &ticket.opened_by.map_or(0, |id| id.0),
        ],
    )?;
    let took = |until: Timestamp, who: Option<UserId>| Took {
        workspace: ticket.workspace,
        since: ticket.opened_on.as_microsecond(),
        until,
        user: who.map_or(0, |id| id.0),
    };
    if let Some(at) = ticket.replied_on {
        took(at, ticket.replied_by).count(conn, TallyKind::FirstReplyTime, side)?;
    }
    if let Some(at) = ticket.closed_on {
        took(at, ticket.assignee).count(conn, TallyKind::ResolutionTime, side)?;
    }
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

/// How long something took, and who did it: the row number of a user, or 0.
struct Took {
    workspace: WorkspaceId,
    since: i64,
    until: Timestamp,
    user: i64,
}

impl Took {
    fn count(self, conn: &Connection, kind: TallyKind, side: &mut SideEffects) -> Result<(), UnitError> {
        let Self { workspace, since, until, user: subject } = self;
        let day = day_of(conn, workspace, until)?;
        let name = TallyName::Time(TimeBucket::of(until.as_microsecond() - since));
        side.tallies.add(Tally { workspace, day, kind, subject, name }, 1);
        Ok(())
    }
}

/// What of a ticket is counted from: where it stands, who deals with it, when it was opened, whether it was answered.
struct Before {
    id: i64,
    status: TicketStatus,
    assignee: i64,
    opened_on: i64,
    replied: bool,
}

fn before(conn: &Connection, change: &TicketChange) -> sql::Result<Option<Before>> {
    sql::one(
        conn,
        "SELECT id, status, assignee_id, opened_on, replied_on FROM ticket
         WHERE uuid = $1 AND contact_id = $2 AND workspace_id = $3",
        &[&change.ticket.0, &change.contact.0, &change.workspace.0],
        |row| {
            Ok(Before {
                id: row.get(0)?,
                status: sql::word(row, 1, TicketStatus::parse)?,
                assignee: row.get(2)?,
                opened_on: row.get(3)?,
                replied: !row.is_null(4)?,
            })
        },
    )
}

/// Counts that a ticket is closed or open again, if it was not, and how long it took.
fn count_status(
    conn: &Connection,
    change: &TicketChange,
    status: TicketStatus,
    side: &mut SideEffects,
) -> Result<(), UnitError> {
    let Some(before) = before(conn, change)? else { return Ok(()) };
    let (workspace, until) = (change.workspace, change.at);
    match (before.status, status) {
        (TicketStatus::Open, TicketStatus::Closed) => {
            let took = Took { workspace, since: before.opened_on, until, user: before.assignee };
            took.count(conn, TallyKind::ResolutionTime, side)?;
            count(conn, workspace, until, "closed", side)
        }
        (TicketStatus::Closed, TicketStatus::Open) => count(conn, workspace, until, "reopened", side),
        (TicketStatus::Open, TicketStatus::Open) | (TicketStatus::Closed, TicketStatus::Closed) => Ok(()),
    }
}

/// Keeps who wrote a message in a ticket, and of the first one when that was.
fn reply(
    conn: &Connection,
    change: &TicketChange,
    (message, user, goes_out): (MessageId, Option<UserId>, bool),
    side: &mut SideEffects,
) -> Result<usize, UnitError> {
    let Some(before) = before(conn, change)? else { return Ok(0) };
    sql::exec(
        conn,
        "UPDATE message SET user_id = $1, ticket_id = $2 WHERE id = $3 AND contact_id = $4 AND workspace_id = $5",
        &[&user.map(|id| id.0), &before.id, &message.0, &change.contact.0, &change.workspace.0],
    )?;
    if !goes_out {
        return Ok(0);
    }
    let (workspace, until, subject) = (change.workspace, change.at, user.map_or(0, |id| id.0));
    let (day, kind) = (day_of(conn, workspace, until)?, TallyKind::TicketReply);
    side.tallies.add(Tally { workspace, day, kind, subject, name: TallyName::Word("") }, 1);
    if !before.replied {
        let took = Took { workspace, since: before.opened_on, until, user: subject };
        took.count(conn, TallyKind::FirstReplyTime, side)?;
    }
    let at = until.as_microsecond();
    // Who it was is said before the moment, so that both are of the first answer.
    Ok(sql::exec(
        conn,
        "UPDATE ticket SET replied_by_id = CASE WHEN replied_on IS NULL THEN $1 ELSE replied_by_id END,
             replied_on = coalesce(replied_on, $2), modified_on = $3 WHERE id = $4 AND workspace_id = $5",
        &[&subject, &at, &at, &before.id, &workspace.0],
    )?)
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
        TicketEdit::Reply { message, user, goes_out } => {
            reply(conn, change, (*message, *user, *goes_out), side)?
        }
    };
    Ok(())
}
