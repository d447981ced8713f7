//! `campaign_events.json`: points of campaigns in time.

use node::limits;
use serde_json::{Value, json};
use store::CampaignEventRow;

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, Shape, prop};
use crate::api::words::{moment, reference};

pub(crate) static RESOURCE: Resource = Resource {
    name: "campaign_events",
    alias: None,
    about: "Points in time at which members of a campaign's group are told something, the latest first.",
    limit: &limits::API,
    endpoints: &[Endpoint::list(
        Roles::READERS,
        "Points of campaigns that are not archived",
        &[UUID, param("campaign", Shape::Text, "Only those of this campaign, by identifier or name")],
        PROPS,
        |call| Box::pin(list(call)),
    )],
};

const FIELD: Shape = Shape::Object(&[
    prop("key", Shape::Text, "Key"),
    prop("name", Shape::Text, "Name"),
    prop("label", Shape::Text, "The name, for older clients"),
]);

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("campaign", REF, "The campaign"),
    prop("relative_to", FIELD, "The field that it counts from"),
    prop("offset", Shape::Int, "How many units after it; negative before"),
    prop("unit", Shape::Word(&["minutes", "hours", "days", "weeks"]), "The unit"),
    prop("delivery_hour", Shape::Int, "Local hour of the day; -1 for the hour that comes out"),
    prop("flow", REF, "The flow that starts, unless it sends a message").or_null(),
    prop("message", Shape::Map(&Shape::Text), "The message by language").or_null(),
    prop("created_on", Shape::Moment, "When it was made"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let definitions = call.definitions();
    let uuid = call.query.uuid("uuid");
    let named = call.query.text("campaign").map(|named| named.trim().to_lowercase());
    let campaign = |event: &CampaignEventRow| {
        definitions.campaigns.iter().find(|campaign| campaign.id == event.campaign && !campaign.archived)
    };
    let fits = |event: &&CampaignEventRow| {
        let Some(campaign) = campaign(event) else { return false };
        let this = match uuid {
            Asked::Nothing => true,
            Asked::This(uuid) => event.uuid.0 == uuid,
            Asked::Unreadable => false,
        };
        let same =
            |named: &String| campaign.uuid.to_string() == *named || campaign.name.to_lowercase() == *named;
        this && named.as_ref().is_none_or(same)
    };
    let events: Vec<CampaignEventRow> = definitions.campaign_events.iter().filter(fits).cloned().collect();
    let walk = Walk::of(call, false)?;
    let place = |event: &CampaignEventRow| (event.created_on.as_microsecond(), event.id.0);
    Ok(walk.among(events, place, |event| shown(call, event)))
}

fn shown(call: &Call, event: &CampaignEventRow) -> Value {
    let definitions = call.definitions();
    let campaign = definitions.campaigns.iter().find(|campaign| campaign.id == event.campaign);
    let flow = event.flow.and_then(|id| definitions.flows.iter().find(|flow| flow.id == id));
    let message = event.message.as_ref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    json!({
        "uuid": event.uuid,
        "campaign": campaign.map(|campaign| reference(campaign.uuid, &campaign.name)),
        "relative_to": field(call, &event.relative_to),
        "offset": event.offset,
        "unit": unit_word(&event.unit),
        "delivery_hour": event.delivery_hour,
        "flow": flow.map(|flow| reference(flow.uuid, &flow.name)),
        "message": message.as_ref().and_then(texts),
        "created_on": moment(event.created_on),
    })
}

/// The texts by language of a message, which may have attachments and quick replies beside them.
fn texts(message: &Value) -> Option<Value> {
    let languages = message.as_object()?.iter().filter_map(|(language, said)| {
        let text = said.as_str().or_else(|| said.get("text")?.as_str())?;
        Some((language.clone(), json!(text)))
    });
    Some(Value::Object(languages.collect()))
}

/// The field of a key, or one of the moments that every contact has.
fn field(call: &Call, key: &str) -> Value {
    let known = call.definitions().fields.iter().find(|field| field.key == key);
    let name = match (known, key) {
        (Some(field), _) => field.name.as_str(),
        (None, "created_on") => "Created On",
        (None, "last_seen_on") => "Last Seen On",
        (None, other) => other,
    };
    json!({"key": key, "name": name, "label": name})
}

fn unit_word(unit: &str) -> &'static str {
    match unit {
        "M" => "minutes",
        "H" => "hours",
        "W" => "weeks",
        _ => "days",
    }
}
