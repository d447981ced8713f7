//! `ticket_statistics.json`: how tickets went by day, user and team, from the counts.

use node::limits;
use operations::{Days, Spread, TicketCounts, date_of, ticket_report};
use serde_json::{Value, json};

use super::statistics;
use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::shape::{Prop, REF, Shape, prop};
use crate::api::words::reference;

pub(crate) static RESOURCE: Resource = Resource {
    name: "ticket_statistics",
    alias: None,
    about: "How tickets went: by day of the workspace's zone, and by who dealt with them.",
    limit: &limits::API,
    endpoints: &[Endpoint::one(
        Roles::READERS,
        "Tickets opened and closed, and how long answers took",
        PROPS,
        |call| Box::pin(show(call)),
    )
    .with_query(&[
        param("since", Shape::Day, "The first day; 30 days before the last if it is left out"),
        param("until", Shape::Day, "The last day; today if it is left out"),
    ])],
};

const SPREAD: Shape = Shape::Object(&[
    prop("count", Shape::Int, "How many"),
    prop("median_seconds", Shape::Int, "Half of them took no longer, to within a fifth or so"),
    prop("p95_seconds", Shape::Int, "95 of a hundred took no longer"),
]);

const USER: Shape =
    Shape::Object(&[prop("email", Shape::Text, "E-mail address"), prop("name", Shape::Text, "Name")]);

const DAY: Shape = Shape::Object(&[
    prop("date", Shape::Day, "The day"),
    prop("opened", Shape::Int, "Tickets opened"),
    prop("closed", Shape::Int, "Tickets closed"),
    prop("reopened", Shape::Int, "Tickets opened again"),
    prop("replies", Shape::Int, "Answers that people wrote"),
    FIRST_REPLY,
    RESOLUTION,
]);

const FIRST_REPLY: Prop = prop("first_reply", SPREAD, "From opening until somebody first answered").or_null();
const RESOLUTION: Prop = prop("resolution", SPREAD, "From opening until closing").or_null();
const REPLIES: Prop = prop("replies", Shape::Int, "Answers that they wrote");

const BY_USER: Shape = Shape::Object(&[prop("user", USER, "Who"), REPLIES, FIRST_REPLY, RESOLUTION]);
const BY_TEAM: Shape = Shape::Object(&[prop("team", REF, "Which"), REPLIES, FIRST_REPLY, RESOLUTION]);

const PROPS: &[Prop] = &[
    prop("results", Shape::List(&DAY), "Days on which there was something, the latest first"),
    prop("users", Shape::List(&BY_USER), "By who answered, and who dealt with a ticket when it was closed"),
    prop("teams", Shape::List(&BY_TEAM), "The same by the teams in which they are now"),
];

async fn show(call: &Call) -> Result<Reply, ApiError> {
    let (from, to) = statistics::days(call)?;
    let definitions = call.definitions();
    let report = ticket_report(call.ctx(), call.workspace(), definitions, Days { from, to }).await?;
    let days = report.days.iter().rev().map(|(day, counts)| {
        let more = json!({
            "date": date_of(*day).to_string(),
            "opened": counts.opened,
            "closed": counts.closed,
            "reopened": counts.reopened,
        });
        with(more, counts)
    });
    let users = definitions.users.iter().filter_map(|user| {
        let counts = report.users.get(&user.id)?;
        Some(with(json!({"user": {"email": user.email, "name": user.name}}), counts))
    });
    let teams = definitions.teams.iter().filter_map(|team| {
        let counts = report.teams.get(&team.id)?;
        Some(with(json!({"team": reference(team.uuid, &team.name)}), counts))
    });
    Ok(Reply::One(json!({
        "results": days.collect::<Vec<_>>(),
        "users": users.collect::<Vec<_>>(),
        "teams": teams.collect::<Vec<_>>(),
    })))
}

fn with(mut shown: Value, counts: &TicketCounts) -> Value {
    shown["replies"] = json!(counts.replies);
    shown["first_reply"] = counts.first_reply().map_or(Value::Null, spread);
    shown["resolution"] = counts.resolution().map_or(Value::Null, spread);
    shown
}

fn spread(spread: Spread) -> Value {
    let seconds = |millis: f64| (millis / 1_000.0).round() as i64;
    json!({
        "count": spread.count,
        "median_seconds": seconds(spread.p50_ms),
        "p95_seconds": seconds(spread.p95_ms),
    })
}
