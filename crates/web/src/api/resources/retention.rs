//! `retention.json`: for how many days rows are kept.

use node::limits;
use operations::{KEPT_DAYS_MAX, KEPT_DAYS_MIN, RetentionError, retention, set_retention};
use serde_json::{Value, json};
use store::RetentionRow;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::shape::{Prop, Shape, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "retention",
    alias: None,
    about: "For how many days rows are kept; null for good.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::one(Roles::ADMINISTRATORS, "What applies", PROPS, |call| Box::pin(show(call))),
        Endpoint::save(
            Roles::ADMINISTRATORS,
            "Changes what is named; what is too old goes within the hour",
            &[],
            PROPS,
            PROPS,
            |call| Box::pin(save(call)),
        ),
    ],
};

const PROPS: &[Prop] = &[
    prop("messages", Shape::Int, "Messages, which go into archives then: 7 to 36,500 days").or_null(),
    prop("runs", Shape::Int, "Runs that ended, which go into archives then").or_null(),
    prop("events", Shape::Int, "Entries of contacts' histories, which go for good").or_null(),
    prop("audit", Shape::Int, "Rows of the log of who changed what, which go for good").or_null(),
    prop(
        "channel_events",
        Shape::Int,
        "Calls, opened conversations and the like on lines, which go for good",
    )
    .or_null(),
];

async fn show(call: &Call) -> Result<Reply, ApiError> {
    Ok(Reply::One(shown(&retention(call.ctx(), call.workspace()).await?)))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let mut row = retention(call.ctx(), call.workspace()).await?;
    let mut given = Given::of(&call.body);
    for (name, kept) in [
        ("messages", &mut row.messages),
        ("runs", &mut row.runs),
        ("events", &mut row.events),
        ("audit", &mut row.audit),
        ("channel_events", &mut row.channel_events),
    ] {
        if !given.has(name) {
            continue;
        }
        if given.value(name).is_none() {
            *kept = None;
            continue;
        }
        match given.int(name).map(u32::try_from) {
            Some(Ok(days)) if (KEPT_DAYS_MIN..=KEPT_DAYS_MAX).contains(&days) => *kept = Some(days),
            Some(_) => given.wrong(name, RetentionError::Days.to_string()),
            None => {}
        }
    }
    given.done()?;
    set_retention(call.ctx(), row.clone()).await.map_err(|error| match error {
        RetentionError::Days => ApiError::whole(error.to_string()),
        RetentionError::Store(error) => error.into(),
    })?;
    Ok(Reply::One(shown(&row)))
}

fn shown(row: &RetentionRow) -> Value {
    json!({
        "messages": row.messages,
        "runs": row.runs,
        "events": row.events,
        "audit": row.audit,
        "channel_events": row.channel_events,
    })
}
