//! `channels.json`: the lines to carriers that are in use.

use ::channels::CarrierType;
use node::limits;
use serde_json::{Value, json};
use store::ChannelRow;

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};
use crate::api::words::moment;

pub(crate) static RESOURCE: Resource = Resource {
    name: "channels",
    alias: None,
    about: "Lines to carriers, the latest first.",
    limit: &limits::API,
    endpoints: &[Endpoint::list(
        Roles::READERS,
        "Lines in use",
        &[UUID, param("address", Shape::Text, "Only the one with this number or handle")],
        PROPS,
        |call| Box::pin(list(call)),
    )],
};

const DEVICE: Shape = Shape::Object(&[
    prop("name", Shape::Text, "Model"),
    prop("power_level", Shape::Int, "Charge in percent"),
    prop("power_status", Shape::Text, "Whether it charges"),
    prop("power_source", Shape::Text, "Where from"),
    prop("network_type", Shape::Text, "How it is connected"),
]);

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop("address", Shape::Text, "Number or handle at the carrier").or_null(),
    prop("type", Shape::Text, "Which carrier, as in addresses that carriers call"),
    prop("country", Shape::Text, "ISO 3166 code").or_null(),
    prop("device", DEVICE, "The phone that serves the line; none of ours are phones").or_null(),
    prop("last_seen", Shape::Moment, "When the phone was last heard of").or_null(),
    prop("created_on", Shape::Moment, "When it was added"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let uuid = call.query.uuid("uuid");
    let address = call.query.text("address");
    let fits = |channel: &&ChannelRow| {
        let this = match uuid {
            Asked::Nothing => true,
            Asked::This(uuid) => channel.uuid.0 == uuid,
            Asked::Unreadable => false,
        };
        this && address.is_none_or(|address| channel.address == address)
    };
    let channels: Vec<ChannelRow> = call.ws.channels().filter(fits).cloned().collect();
    let walk = Walk::of(call, false)?;
    Ok(walk.among(channels, |channel| (channel.created_on.as_microsecond(), channel.id.0), shown))
}

fn shown(channel: &ChannelRow) -> Value {
    let slug = CarrierType::from_code(&channel.channel_type)
        .map_or_else(|| channel.channel_type.to_lowercase(), |kind| kind.slug().to_owned());
    json!({
        "uuid": channel.uuid,
        "name": channel.name,
        "address": Some(&channel.address).filter(|address| !address.is_empty()),
        "type": slug,
        "country": channel.country,
        "device": null,
        "last_seen": null,
        "created_on": moment(channel.created_on),
    })
}
