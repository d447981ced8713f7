//! `programme_messages.json`: what a message set says.

use std::collections::BTreeMap;

use domain::programme::MAX_SET_MESSAGES;
use node::limits;
use serde_json::{Map, Value, json};
use store::MessageSetRow;

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::given::uuid_of;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, TEXTS, prop};

/// Rows that are read of one set: its messages in some twenty languages.
const MAX_ROWS: usize = 20 * MAX_SET_MESSAGES as usize;

pub(crate) static RESOURCE: Resource = Resource {
    name: "programme_messages",
    alias: None,
    about: "The messages of a set, in their order.",
    limit: &limits::API,
    endpoints: &[Endpoint {
        needs: &["message_set"],
        ..Endpoint::list(
            Roles::READERS,
            "Messages of a set",
            &[param("message_set", Shape::Text, "The set, by identifier or name")],
            PROPS,
            |call| Box::pin(list(call)),
        )
    }],
};

const PROPS: &[Prop] = &[
    prop("sequence", Shape::Int, "Its place in the set, from 1 on"),
    prop("week", Shape::Int, "The week that it belongs to").or_null(),
    prop("text", Shape::Map(&Shape::Text), "What is said, by language: a template"),
    prop("media", Shape::Map(&TEXTS), "Files that go with it, by language, as `content/type:url`"),
];

/// The set that a value names, by identifier or by name whatever its case.
pub(super) fn set_named<'c>(call: &'c Call, value: &Value) -> Option<&'c MessageSetRow> {
    let sets = &call.definitions().message_sets;
    if let Some(uuid) = uuid_of(value) {
        return sets.iter().find(|set| set.uuid.0 == uuid);
    }
    let name = value.as_str()?.trim().to_lowercase();
    sets.iter().find(|set| set.short_name.to_lowercase() == name)
}

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, true)?;
    let named = json!(call.query.text("message_set").unwrap_or_default());
    let Some(set) = set_named(call, &named) else { return Ok(walk.page(Vec::new())) };
    let rows = call.ctx().store.programme_messages(call.workspace(), set.id, 0, MAX_ROWS).await?;
    let mut messages: BTreeMap<u32, (Map<String, Value>, Map<String, Value>)> = BTreeMap::new();
    for row in rows {
        let (text, media) = messages.entry(row.sequence).or_default();
        text.insert(row.language.to_string(), json!(row.text));
        if !row.media.is_empty() {
            media.insert(row.language.to_string(), json!(row.media));
        }
    }
    let place = |(sequence, _): &(u32, _)| (i64::from(*sequence), 0);
    Ok(walk.among(messages.into_iter().collect(), place, |(sequence, (text, media))| {
        let at = usize::try_from(*sequence).unwrap_or_default();
        let week = at.checked_sub(1).and_then(|at| set.weeks.get(at).copied().flatten());
        json!({"sequence": sequence, "week": week, "text": text, "media": media})
    }))
}
