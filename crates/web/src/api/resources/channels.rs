//! `channels.json`: the lines to carriers that are in use.

use ::channels::{CarrierType, PUBLIC_ONLY, SettingsError};
use domain::ChannelUuid;
use node::limits;
use operations::{
    AddChannelError, ChangeChannelError, ChannelEdit, MAX_CHANNEL_NAME, NewChannel, add_channel,
    change_channel, release_channel,
};
use serde_json::{Map, Value, json};
use store::{ChannelRow, Rate};

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, prop};
use crate::api::words::moment;

/// Characters of an address, and of other short texts.
const MAX_ADDRESS: usize = 255;

pub(crate) static RESOURCE: Resource = Resource {
    name: "channels",
    alias: None,
    about: "Lines to carriers, the latest first.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(
            Roles::READERS,
            "Lines in use",
            &[UUID, param("address", Shape::Text, "Only the one with this number or handle")],
            PROPS,
            |call| Box::pin(list(call)),
        ),
        Endpoint::save(
            Roles::ADMINISTRATORS,
            "Adds a line, or changes the one of the address",
            &[UUID],
            BODY,
            PROPS,
            |call| Box::pin(save(call)),
        ),
        Endpoint::delete(
            Roles::ADMINISTRATORS,
            "Takes a line out of use; its messages stay",
            &[UUID],
            &["uuid"],
            |call| Box::pin(remove(call)),
        ),
    ],
};

const BODY: &[Prop] = &[
    prop("type", Shape::Text, "Which carrier, such as `EX`; that of a line stays as it is"),
    prop("name", Shape::Text, "Name, at most 64 characters"),
    prop("address", Shape::Text, "Number or handle at the carrier"),
    prop(
        "country",
        Shape::Text,
        "ISO 3166 code of its numbers; the workspace's if it is left out. It stays as it is",
    ),
    prop(
        "config",
        Shape::Any,
        "Settings of the type (docs/connect-a-channel.md); those given take the place of the others, null takes one away",
    ),
    prop("rate", Shape::Text, "What it may send at most: `80` a second, `30/min`, `100/h`"),
];

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

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let known = call.wanted("uuid")?.map(ChannelUuid);
    let mut given = Given::of(&call.body);
    let name = if known.is_some() {
        given.text("name", MAX_CHANNEL_NAME)
    } else {
        given.needed_text("name", MAX_CHANNEL_NAME)
    };
    let address = given.any_text("address", MAX_ADDRESS);
    let config = match given.value("config") {
        None => None,
        Some(Value::Object(members)) if members.contains_key(PUBLIC_ONLY) => {
            given.wrong("config", format!("'{PUBLIC_ONLY}' can be set on the command line only."));
            None
        }
        Some(Value::Object(members)) => Some(guarded(members)),
        Some(_) => {
            given.wrong("config", "Expected a dictionary of items.");
            None
        }
    };
    let rate = given
        .text("rate", MAX_ADDRESS)
        .and_then(|text| text.parse::<Rate>().map_err(|error| given.wrong("rate", error.to_string())).ok());
    let kind = if known.is_none() { given.needed_text("type", MAX_ADDRESS) } else { None };
    let country = if known.is_none() { given.text("country", 2) } else { None };
    given.done()?;
    let Some(uuid) = known else {
        let new = NewChannel {
            workspace: call.workspace(),
            uuid: None,
            channel_type: kind.unwrap_or_default(),
            name: name.unwrap_or_default(),
            address: address.unwrap_or_default(),
            schemes: Vec::new(),
            country: country.map(|code| code.to_uppercase().into()),
            config: config.map_or(Value::Null, Value::Object),
            rate,
        };
        let row = add_channel(call.ctx(), new).await.map_err(not_added)?;
        return Ok(Reply::Made(shown(&row)));
    };
    let edit = ChannelEdit { name, address, config, rate };
    let row =
        change_channel(call.ctx(), call.workspace(), uuid, edit).await.map_err(|error| match error {
            ChangeChannelError::Settings(error) => ApiError::field("config", error.to_string()),
            ChangeChannelError::Save(error) => error.into(),
        })?;
    Ok(Reply::One(shown(&row)))
}

/// Settings with whatever keeps addresses that are set here out of the operator's own networks.
fn guarded(members: &Map<String, Value>) -> Map<String, Value> {
    let mut members = members.clone();
    let is_address = |value: &Value| value.as_str().is_some_and(|text| text.contains("://"));
    if members.values().any(is_address) {
        members.insert(PUBLIC_ONLY.to_owned(), Value::Bool(true));
    }
    members
}

fn not_added(error: AddChannelError) -> ApiError {
    match error {
        AddChannelError::Settings(SettingsError::UnknownType(kind)) => {
            ApiError::field("type", format!("'{kind}' is not a type of channels."))
        }
        AddChannelError::Settings(error) => ApiError::field("config", error.to_string()),
        AddChannelError::Name => ApiError::field("name", "This field is required."),
        AddChannelError::Rate(error) => ApiError::field("rate", error.to_string()),
        AddChannelError::NoWorkspace => ApiError::not_found(),
        AddChannelError::Taken => ApiError::whole("There is a channel with this identifier already."),
        AddChannelError::Store(error) => error.into(),
    }
}

async fn remove(call: &Call) -> Result<Reply, ApiError> {
    let uuid = call.wanted("uuid")?.map(ChannelUuid).ok_or_else(ApiError::not_found)?;
    release_channel(call.ctx(), call.workspace(), uuid).await?;
    Ok(Reply::Done)
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
