//! Writes messages of former times, many with one statement: there are millions of them, and a round trip for each
//! would take days.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{apply_messages, message_search, sql, writer::SideEffects};
use crate::{
    Direction, MessageStatus, NewMessageLabel, PastMessage, Tally, TallyKind, TallyName, TimeBucket,
    UnitError,
    sql::{Connection, Param},
};

/// Messages of one statement: few enough for the parameters that SQLite takes.
const AT_ONCE: usize = 100;
const COLUMNS: &str = "id, workspace_id, uuid, contact_id, urn_id, channel_id, flow_id, direction, status, text,
     attachments, quick_replies, detail, external_id, reason, error_count, day, created_on, modified_on, sent_on,
     visibility, job_id";
/// How many columns these are.
const WIDTH: usize = 22;

pub(super) fn messages(
    conn: &Connection,
    past: &[PastMessage],
    side: &mut SideEffects,
) -> Result<(), UnitError> {
    for part in past.chunks(AT_ONCE) {
        insert(conn, part)?;
    }
    if let Some(first) = past.iter().map(|one| one.message.id.0).min() {
        message_search::look_again(conn, first)?;
    }
    for one in past {
        count(one, side);
        let (workspace, message) = (one.message.workspace, one.message.id);
        for label in &one.labels {
            apply_messages::label(conn, &NewMessageLabel { workspace, message, label: *label })?;
        }
    }
    Ok(())
}

fn insert(conn: &Connection, part: &[PastMessage]) -> Result<(), UnitError> {
    let mut text = format!("INSERT INTO message ({COLUMNS}) VALUES ");
    for row in 0..part.len() {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 1..=WIDTH {
            let comma = if column > 1 { ", " } else { "" };
            write!(text, "{comma}${}", row * WIDTH + column).expect("a text can always be written to");
        }
        text.push(')');
    }
    let rows = part.iter().map(Cells::of).collect::<sql::Result<Vec<_>>>()?;
    let params: Vec<&dyn Param> = part.iter().zip(&rows).flat_map(|(one, cells)| cells.params(one)).collect();
    sql::exec(conn, &text, &params)?;
    Ok(())
}

/// Cells that are made for the statement.
struct Cells<'p> {
    urn: Option<i64>,
    channel: Option<i64>,
    flow: Option<i64>,
    job: Option<i64>,
    direction: &'static str,
    status: &'static str,
    visibility: &'static str,
    text: &'p str,
    attachments: Option<String>,
    external_id: Option<&'p str>,
    created_on: i64,
    modified_on: i64,
    sent_on: Option<i64>,
}

impl<'p> Cells<'p> {
    fn of(past: &'p PastMessage) -> sql::Result<Self> {
        let message = &past.message;
        Ok(Self {
            urn: message.urn.map(|id| id.0),
            channel: message.channel.map(|id| id.0),
            flow: message.flow.map(|id| id.0),
            job: message.job.map(|id| id.0),
            direction: message.direction.as_str(),
            status: message.status.as_str(),
            visibility: past.visibility.as_str(),
            text: message.text.as_str(),
            attachments: sql::list_json(&message.attachments)?,
            external_id: message.external_id.as_deref(),
            created_on: message.created_on.as_microsecond(),
            modified_on: past.modified_on.as_microsecond(),
            sent_on: past.sent_on.map(Timestamp::as_microsecond),
        })
    }

    /// In the order of the columns.
    fn params<'c>(&'c self, past: &'c PastMessage) -> [&'c dyn Param; WIDTH] {
        let message = &past.message;
        [
            &message.id.0,
            &message.workspace.0,
            &message.uuid.0,
            &message.contact.0,
            &self.urn,
            &self.channel,
            &self.flow,
            &self.direction,
            &self.status,
            &self.text,
            &self.attachments,
            &message.quick_replies,
            &message.detail,
            &self.external_id,
            &message.reason,
            &past.error_count,
            &message.day,
            &self.created_on,
            &self.modified_on,
            &self.sent_on,
            &self.visibility,
            &self.job,
        ]
    }
}

/// Counts it as what it became. How long its delivery took is not known; that it was delivered is.
fn count(past: &PastMessage, side: &mut SideEffects) {
    let message = &past.message;
    let (workspace, day, channel) = (message.workspace, message.day, message.channel.map(|id| id.0));
    side.tallies.message((workspace, day, channel), message.direction, message.status, 1);
    if message.direction != Direction::Out {
        return;
    }
    let mut took = |kind, from: Timestamp, to: Timestamp| {
        let name = TallyName::Time(TimeBucket::of(to.as_microsecond() - from.as_microsecond()));
        side.tallies.add(Tally { workspace, day, kind, subject: channel.unwrap_or(0), name }, 1);
    };
    if let Some(sent_on) = past.sent_on {
        took(TallyKind::CarrierTime, message.created_on, sent_on);
    }
    if matches!(message.status, MessageStatus::Delivered | MessageStatus::Read) {
        let sent_on = past.sent_on.unwrap_or(past.modified_on);
        took(TallyKind::DeliveryTime, sent_on, past.modified_on);
    }
}
