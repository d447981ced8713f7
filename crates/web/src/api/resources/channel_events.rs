//! `channel_events.json`: what happened on lines beside messages.

use domain::ChannelEventId;
use node::limits;
use serde_json::{Value, json};
use store::{ChannelEventList, ChannelEventsOf, ListedChannelEvent};

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{AFTER, BEFORE, Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::named;
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, Shape, prop};
use crate::api::words::{moment, reference};

pub(crate) static RESOURCE: Resource = Resource {
    name: "channel_events",
    alias: None,
    about: "What happened on lines beside messages, the latest first.",
    limit: &limits::API,
    endpoints: &[Endpoint::list(
        Roles::READERS,
        "What happened on lines beside messages",
        &[
            param("id", Shape::Int, "Only the one with this number"),
            param("contact", Shape::Text, "Only those of this contact, by identifier or address"),
            BEFORE,
            AFTER,
        ],
        PROPS,
        |call| Box::pin(list(call)),
    )
    .with_one_of(&["id", "contact"])],
};

const KIND: Shape = Shape::Word(&[
    "call-in",
    "call-in-missed",
    "new-conversation",
    "referral",
    "stop-contact",
    "optin",
    "optout",
]);

const PROPS: &[Prop] = &[
    prop("id", Shape::Int, "Number"),
    prop("type", KIND, "What"),
    prop("contact", REF, "The person"),
    prop("channel", REF, "The line").or_null(),
    prop("extra", Shape::Any, "What is known of it beyond that").or_null(),
    prop("occurred_on", Shape::Moment, "When the carrier told"),
    prop("created_on", Shape::Moment, "When it was written down"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let (Some(of), Some(span)) = (wanted(call).await?, call.query.span()) else {
        return Ok(walk.page(Vec::new()));
    };
    let list = ChannelEventList { of, after: span.after, before: span.before, walk: walk.span() };
    let found = call.ctx().store.channel_events(call.workspace(), list).await?;
    Ok(walk.page(found.iter().map(|one| ((one.row.id.0, 0), shown(call, one))).collect()))
}

/// Which are asked for; `None` for none that can be.
async fn wanted(call: &Call) -> Result<Option<ChannelEventsOf>, ApiError> {
    match call.query.int("id") {
        Asked::This(id) => return Ok(Some(ChannelEventsOf::Id(ChannelEventId(id)))),
        Asked::Unreadable => return Ok(None),
        Asked::Nothing => {}
    }
    match call.query.text("contact") {
        Some(text) => {
            Ok(named::contact_of(call, text).await?.map(|contact| ChannelEventsOf::Contact(contact.id)))
        }
        None => Ok(Some(ChannelEventsOf::Everything)),
    }
}

fn shown(call: &Call, listed: &ListedChannelEvent) -> Value {
    let row = &listed.row;
    let channel = call.ws.channel_by_id(row.channel);
    json!({
        "id": row.id,
        "type": row.kind,
        "contact": reference(listed.person.0, &listed.person.1),
        "channel": channel.map(|channel| reference(channel.uuid, &channel.name)),
        "extra": row.extra.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok()),
        "occurred_on": moment(row.occurred_on),
        "created_on": moment(row.created_on),
    })
}
