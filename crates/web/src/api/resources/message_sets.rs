//! `message_sets.json`: the stages of programmes.

use node::limits;
use serde_json::{Value, json};
use store::MessageSetRow;

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, Shape, prop};
use crate::api::words::{moment, reference};

pub(crate) static RESOURCE: Resource = Resource {
    name: "message_sets",
    alias: None,
    about: "Stages of programmes with their schedules, the latest first.",
    limit: &limits::API,
    endpoints: &[Endpoint::list(Roles::READERS, "Message sets", &[UUID], PROPS, |call| Box::pin(list(call)))],
};

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Short name; unique whatever its case"),
    prop("programme", Shape::Text, "The programme that it belongs to"),
    prop("stage", Shape::Text, "The stage of the programme that it is"),
    prop("content_type", Shape::Word(&["text", "audio"]), "What its messages are"),
    prop("schedule", Shape::Text, "When they go, as cron writes it, by the clock of the person"),
    prop("placement", Shape::Any, "The formula that says where somebody begins").or_null(),
    prop("anchor", Shape::Any, "From which day weeks are counted").or_null(),
    prop("switches", Shape::Any, "What takes its place at which event").or_null(),
    prop("next_set", REF, "The set that begins when it is completed").or_null(),
    prop("channel", REF, "The line over which it goes").or_null(),
    prop("base_language", Shape::Text, "Language of whoever speaks none of its languages"),
    prop("catch_up", Shape::Word(&["skip", "once", "each"]), "What becomes of missed messages"),
    prop("messages", Shape::Int, "How many messages it has"),
    prop("created_on", Shape::Moment, "When it was made"),
    prop("modified_on", Shape::Moment, "When it last changed"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let uuid = call.query.uuid("uuid");
    let fits = |set: &&MessageSetRow| match uuid {
        Asked::Nothing => true,
        Asked::This(uuid) => set.uuid.0 == uuid,
        Asked::Unreadable => false,
    };
    let sets: Vec<MessageSetRow> = call.definitions().message_sets.iter().filter(fits).cloned().collect();
    let walk = Walk::of(call, false)?;
    let place = |set: &MessageSetRow| (set.created_on.as_microsecond(), set.id.0);
    Ok(walk.among(sets, place, |set| shown(call, set)))
}

fn shown(call: &Call, set: &MessageSetRow) -> Value {
    let definitions = call.definitions();
    let rule = |text: &Option<String>| -> Value {
        text.as_ref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    };
    let next = definitions.message_sets.iter().find(|next| Some(next.id) == set.next_set);
    let channel = definitions.channels.iter().find(|channel| Some(channel.id) == set.channel);
    json!({
        "uuid": set.uuid,
        "name": set.short_name,
        "programme": set.programme,
        "stage": set.stage,
        "content_type": set.content_type.as_str(),
        "schedule": set.schedule,
        "placement": rule(&set.placement),
        "anchor": rule(&set.anchor),
        "switches": rule(&set.switches),
        "next_set": next.map(|next| reference(next.uuid, &next.short_name)),
        "channel": channel.map(|channel| reference(channel.uuid, &channel.name)),
        "base_language": set.base_language,
        "catch_up": set.catch_up.as_str(),
        "messages": set.weeks.len(),
        "created_on": moment(set.created_on),
        "modified_on": moment(set.modified_on),
    })
}
