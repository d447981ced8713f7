//! Lists of messages: a page by an index, then what is shown beside them, for all of the page in one statement each.

use std::collections::HashMap;

use domain::{ChannelId, FlowId, JobId, LabelId, MessageId, UserId, WorkspaceId};

use super::{Rows, sql};
use crate::{
    Direction, ListedMessage, MessageList, MessageStatus, MessagesOf, StoreError, Visibility,
    sql::{Connection, Param, Row},
};

/// The part of the index of lists that a range is in.
const WITHOUT_FLOW: &str = "CASE WHEN m.flow_id IS NULL THEN 0 ELSE 1 END = 0";
const WITH_FLOW: &str = "CASE WHEN m.flow_id IS NULL THEN 0 ELSE 1 END = 1";

/// What nothing happens with any more: not even somebody tries to send it again who looks into the dead set.
const SETTLED: &str = "m.visibility <> 'deleted' AND m.status NOT IN ('pending', 'queued', 'errored')
    AND NOT EXISTS (SELECT 1 FROM outbox AS o WHERE o.contact_id = m.contact_id AND o.message_id = m.id)";
const EMPTIED: &str = "m.visibility = 'deleted' AND m.status NOT IN ('pending', 'queued', 'errored')
    AND NOT EXISTS (SELECT 1 FROM outbox AS o WHERE o.contact_id = m.contact_id AND o.message_id = m.id)";

/// The statement of a page: row numbers and the moments by which it is in order.
struct Page {
    text: String,
    /// What it is asked for beside workspace, place and span.
    of: Option<Box<dyn Param>>,
}

impl Rows<'_> {
    pub(crate) fn list_messages(
        &self,
        workspace: WorkspaceId,
        list: MessageList,
    ) -> Result<Vec<ListedMessage>, StoreError> {
        let page = page(&list);
        let (at, id) = list.walk.place();
        let limit = list.walk.rows();
        let mut params: Vec<&dyn Param> = vec![&workspace.0, &at, &id, &list.after, &list.before];
        params.extend(page.of.iter().map(|one| &**one));
        params.push(&limit);
        listed(self.conn, &page.text, &params, list.walk.order())
    }
}

/// The messages of a page with what is shown beside them. The page is a statement of their numbers and places.
pub(super) fn listed(
    conn: &Connection<'_>,
    page: &str,
    params: &[&dyn Param],
    order: &str,
) -> Result<Vec<ListedMessage>, StoreError> {
    let text = format!(
            "SELECT page.place, m.id, m.uuid, c.uuid, c.name, u.scheme, u.path, m.channel_id, m.flow_id, m.job_id,
                 m.direction, m.status, m.visibility, m.text, m.attachments, m.quick_replies, m.created_on,
                 m.modified_on, m.sent_on, m.user_id
             FROM ({page}) AS page JOIN message AS m ON m.id = page.id JOIN contact AS c ON c.id = m.contact_id
             LEFT JOIN contact_urn AS u ON u.id = m.urn_id AND u.contact_id = m.contact_id
             ORDER BY page.place {order}, page.id {order}"
        );
    let mut listed = sql::all::<_, StoreError>(conn, &text, params, message_row)?;
    let place: HashMap<MessageId, usize> =
        listed.iter().enumerate().map(|(place, one)| (one.id, place)).collect();
    let text = format!(
            "SELECT l.message_id, l.label_id FROM ({page}) AS page JOIN message_label AS l ON l.message_id = page.id
             ORDER BY l.message_id, l.label_id"
        );
    let labels = sql::all::<_, StoreError>(conn, &text, params, |row| {
        Ok((MessageId(row.get(0)?), LabelId(row.get(1)?)))
    })?;
    for (message, label) in labels {
        if let Some(place) = place.get(&message) {
            listed[*place].labels.push(label);
        }
    }
    Ok(listed)
}

fn page(list: &MessageList) -> Page {
    const THERE: &str = "m.visibility <> 'deleted'";
    let ranges = |ranges: &[(&str, &str)], and: &str| Page { text: by_time(list, ranges, and), of: None };
    let incoming = "m.direction = 'in'";
    let outgoing = "m.direction = 'out'";
    let all =
        [(incoming, WITHOUT_FLOW), (incoming, WITH_FLOW), (outgoing, WITHOUT_FLOW), (outgoing, WITH_FLOW)];
    match list.of {
        MessagesOf::Everything => ranges(&all, THERE),
        MessagesOf::Settled => ranges(&all, SETTLED),
        MessagesOf::Emptied => ranges(&all, EMPTIED),
        MessagesOf::Inbox => ranges(&[(incoming, WITHOUT_FLOW)], "m.visibility = 'visible'"),
        MessagesOf::Flows => ranges(&[(incoming, WITH_FLOW)], "m.visibility = 'visible'"),
        MessagesOf::Sent => ranges(
            &[(outgoing, WITHOUT_FLOW), (outgoing, WITH_FLOW)],
            "m.status IN ('wired', 'sent', 'delivered', 'read') AND m.visibility <> 'deleted'",
        ),
        MessagesOf::Archived => ranges(&[("m.visibility = 'archived'", incoming)], THERE),
        MessagesOf::Failed => ranges(&[("m.failed = 1", outgoing)], THERE),
        MessagesOf::Outbox => by_number(
            list,
            (
                "outbox AS o CROSS JOIN message AS m",
                "o.workspace_id = m.workspace_id AND o.message_id = m.id",
            ),
            "m.status IN ('queued', 'errored') AND m.visibility <> 'deleted'",
            None,
        ),
        MessagesOf::Contact(id) => {
            by_number(list, ("message AS m", "m.contact_id = $6"), THERE, Some(Box::new(id.0)))
        }
        MessagesOf::Job(id) => {
            by_number(list, ("message AS m", "m.job_id = $6"), THERE, Some(Box::new(id.0)))
        }
        MessagesOf::Uuid(uuid) => {
            by_number(list, ("message AS m", "m.uuid = $6"), THERE, Some(Box::new(uuid.0)))
        }
        MessagesOf::Id(id) => by_number(list, ("message AS m", "m.id = $6"), THERE, Some(Box::new(id.0))),
        MessagesOf::Label(id) => by_number(
            list,
            ("message_label AS l CROSS JOIN message AS m", "l.message_id = m.id AND l.label_id = $6"),
            THERE,
            Some(Box::new(id.0)),
        ),
    }
}

/// The first rows of each range of an index that is in order of time, put together.
fn by_time(list: &MessageList, ranges: &[(&str, &str)], and: &str) -> String {
    let (beyond, order) = (list.walk.beyond(), list.walk.order());
    let ranges = ranges.iter().enumerate().map(|(number, (one, other))| {
        format!(
            "SELECT id, place FROM (SELECT m.id AS id, m.created_on AS place FROM message AS m
             WHERE m.workspace_id = $1 AND (m.created_on, m.id) {beyond} ($2, $3)
                 AND m.created_on >= $4 AND m.created_on <= $5 AND {one} AND {other} AND {and}
             ORDER BY m.created_on {order}, m.id {order} LIMIT $6) AS range{number}"
        )
    });
    let ranges: Vec<String> = ranges.collect();
    format!(
        "SELECT id, place FROM ({}) AS ranges ORDER BY place {order}, id {order} LIMIT $6",
        ranges.join(" UNION ALL ")
    )
}

/// Rows by their numbers, which rise with time.
fn by_number(list: &MessageList, (from, named): (&str, &str), and: &str, of: Option<Box<dyn Param>>) -> Page {
    let (beyond, order) = (list.walk.beyond(), list.walk.order());
    // By the column of the table that is walked along, so that it is walked along its index.
    let number = match list.of {
        MessagesOf::Label(_) => "l.message_id",
        MessagesOf::Outbox => "o.message_id",
        _ => "m.id",
    };
    let limit = if of.is_some() { 7 } else { 6 };
    let text = format!(
        "SELECT m.id AS id, m.id AS place FROM {from}
         WHERE m.workspace_id = $1 AND {number} {beyond} $2 AND {number} {beyond} $3
             AND m.created_on >= $4 AND m.created_on <= $5 AND {named} AND {and}
         ORDER BY {number} {order} LIMIT ${limit}"
    );
    Page { text, of }
}

fn message_row(row: &Row<'_>) -> sql::Result<ListedMessage> {
    let urn = sql::text_opt(row, 5)?;
    let id = row.get(1)?;
    Ok(ListedMessage {
        place: (row.get(0)?, id),
        id: MessageId(id),
        uuid: sql::uuid(row, 2)?.into(),
        contact: (sql::uuid(row, 3)?.into(), sql::text(row, 4)?),
        urn: match urn {
            Some(scheme) => Some((scheme, sql::text(row, 6)?)),
            None => None,
        },
        channel: row.get::<Option<i64>>(7)?.map(ChannelId),
        flow: row.get::<Option<i64>>(8)?.map(FlowId),
        job: row.get::<Option<i64>>(9)?.map(JobId),
        direction: sql::word(row, 10, Direction::parse)?,
        status: sql::word(row, 11, MessageStatus::parse)?,
        visibility: sql::word(row, 12, Visibility::parse)?,
        text: sql::text(row, 13)?,
        attachments: sql::json(row, 14)?,
        quick_replies: row.get(15)?,
        user: row.get::<Option<i64>>(19)?.map(UserId),
        labels: Vec::new(),
        created_on: sql::time(row, 16)?,
        modified_on: sql::time(row, 17)?,
        sent_on: sql::time_opt(row, 18)?,
    })
}
