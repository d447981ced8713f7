//! `statistics.json`: messages of each line by day, from the counts.

use std::collections::BTreeMap;

use jiff::civil::Date;
use node::limits;
use operations::{date_of, day_number};
use serde_json::{Value, json};
use store::TallyKind;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::shape::{Prop, Shape, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "statistics",
    alias: None,
    about: "Messages of each line by day of the workspace's zone.",
    limit: &limits::API,
    endpoints: &[Endpoint::one(Roles::READERS, "Messages of each line by day", PROPS, |call| {
        Box::pin(show(call))
    })
    .with_query(&[
        param("since", Shape::Day, "The first day; 30 days before the last if it is left out"),
        param("until", Shape::Day, "The last day; today if it is left out"),
    ])],
};

/// Days of one answer.
const MAX_DAYS: i32 = 366;
/// Days if nothing is said.
const USUAL_DAYS: i32 = 30;

const DAY: Shape = Shape::Object(&[
    prop("date", Shape::Day, "The day"),
    prop("channels", COUNTS, "Counts by line and by direction and status, such as `out/delivered`"),
]);
const COUNTS: Shape = Shape::Map(&Shape::Map(&Shape::Int));

const PROPS: &[Prop] =
    &[prop("results", Shape::List(&DAY), "Days on which there was something, the latest first")];

/// The first and the last day that are asked for.
pub(super) fn days(call: &Call) -> Result<(i32, i32), ApiError> {
    let today = call.ctx().now().to_zoned(call.ws.zone().clone()).date();
    let until = day_number(day(call, "until")?.unwrap_or(today));
    let since = day(call, "since")?.map_or(until - USUAL_DAYS, day_number);
    if since > until {
        return Err(ApiError::query("since must not be later than until."));
    }
    if until - since > MAX_DAYS {
        return Err(ApiError::query(format!("Ask for at most {MAX_DAYS} days at once.")));
    }
    Ok((since, until))
}

async fn show(call: &Call) -> Result<Reply, ApiError> {
    let (since, until) = days(call)?;
    let rows = call.ctx().store.for_reports();
    let rows = rows.tallies(call.workspace(), vec![TallyKind::Message], since, until).await?;
    let mut days: BTreeMap<i32, BTreeMap<String, BTreeMap<String, i64>>> = BTreeMap::new();
    for row in rows {
        let channel = call.definitions().channels.iter().find(|channel| channel.id.0 == row.subject);
        let channel = channel.map_or_else(|| "none".to_owned(), |channel| channel.uuid.to_string());
        let counts = days.entry(row.day).or_default().entry(channel).or_default();
        *counts.entry(row.name.to_string()).or_default() += row.count;
    }
    let shown = |(day, channels): (i32, _)| json!({"date": date_of(day).to_string(), "channels": channels});
    let results: Vec<Value> = days.into_iter().rev().map(shown).collect();
    Ok(Reply::One(json!({"results": results})))
}

fn day(call: &Call, name: &str) -> Result<Option<Date>, ApiError> {
    let wrong = |_| ApiError::query(format!("{name} is not a day; write it as 2026-05-01."));
    call.query.text(name).map(|text| text.parse::<Date>().map_err(wrong)).transpose()
}
