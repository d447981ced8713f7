//! `archives.json`: files into which old messages and runs were put.

use jiff::{Timestamp, tz::TimeZone};
use node::limits;
use operations::{archive_date, archive_link};
use serde_json::{Value, json};
use store::ArchiveRow;

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{AFTER, Answer, BEFORE, Endpoint, Method, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::shape::{Prop, Shape, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "archives",
    alias: None,
    about: "Files of old messages and runs.",
    limit: &limits::API,
    endpoints: &[Endpoint {
        method: Method::Get,
        roles: Roles::READERS,
        about: "Archives",
        query: &[
            param("type", TYPE, "Only those of this type"),
            param("archive_type", TYPE, "The same, from older clients"),
            param("period", PERIOD, "Only those of this period"),
            param("limit", Shape::Int, "So many at most"),
            param("offset", Shape::Int, "Without so many first ones"),
            BEFORE,
            AFTER,
        ],
        one_of: &[],
        needs: &[],
        body: &[],
        file: false,
        upload: false,
        answer: Answer::Counted(PROPS),
        run: |call| Box::pin(list(call)),
    }],
};

/// Files of one page.
const PAGE: usize = 250;

const TYPE: Shape = Shape::Word(&["message", "run"]);
const PERIOD: Shape = Shape::Word(&["daily", "monthly"]);

const PROPS: &[Prop] = &[
    prop("type", TYPE, "What is in it"),
    prop("archive_type", TYPE, "The same, for older clients"),
    prop("start_date", Shape::Day, "The first day"),
    prop("period", PERIOD, "How long it is"),
    prop("record_count", Shape::Int, "How many records"),
    prop("size", Shape::Int, "Bytes"),
    prop("hash", Shape::Text, "MD5 of the file, in hex"),
    prop("download_url", Shape::Text, "Where it is, for an hour"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let nothing = Reply::Counted { count: 0, from: 0, limit: PAGE, results: Vec::new() };
    let number = |name| match call.query.int(name) {
        Asked::This(number) => usize::try_from(number).ok(),
        Asked::Nothing | Asked::Unreadable => None,
    };
    let limit = number("limit").filter(|limit| *limit > 0).unwrap_or(PAGE).min(PAGE);
    let from = number("offset").unwrap_or_default();
    let Some(span) = call.query.span() else { return Ok(nothing) };
    let kind = call.query.text("type").or_else(|| call.query.text("archive_type"));
    let period = call.query.text("period");
    let mut all = call.ctx().store.archives(call.workspace()).await?;
    all.retain(|row| {
        row.rollup.is_none()
            && kind.is_none_or(|kind| kind == row.kind.as_str())
            && period.is_none_or(|period| period == row.period.as_str())
            && start(row).is_some_and(|start| span.holds(start))
    });
    let results = all.iter().skip(from).take(limit).map(|row| shown(call, row)).collect();
    Ok(Reply::Counted { count: all.len(), from, limit, results })
}

/// The first moment of a file's span.
fn start(row: &ArchiveRow) -> Option<Timestamp> {
    let date = archive_date(row.start_day).to_zoned(TimeZone::UTC).ok()?;
    Some(date.timestamp())
}

fn shown(call: &Call, row: &ArchiveRow) -> Value {
    let (until, signature) = archive_link(&call.ws.row, row.uuid, call.ctx().now());
    json!({
        "type": row.kind.as_str(),
        "archive_type": row.kind.as_str(),
        "start_date": archive_date(row.start_day).to_string(),
        "period": row.period.as_str(),
        "record_count": row.records,
        "size": row.bytes,
        "hash": row.md5,
        "download_url": format!("{}/archives/{}?until={until}&signature={signature}", call.base, row.uuid),
    })
}
