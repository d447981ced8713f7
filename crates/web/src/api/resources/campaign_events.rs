//! `campaign_events.json`: points of campaigns in time.

use std::collections::BTreeMap;

use domain::{CampaignEventUuid, CampaignUuid, FlowUuid};
use node::limits;
use operations::{
    Point, PointDoes, PointMode, PointNamed, SaveError, remove_campaign_event, save_campaign_event,
};
use serde_json::{Value, json};
use smol_str::SmolStr;
use store::{CampaignEventRow, CampaignRow};

use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::given::{Given, uuid_of};
use crate::api::page::Walk;
use crate::api::said::MAX_TEXT;
use crate::api::shape::{Prop, REF, Shape, TRANSLATED, prop};
use crate::api::words::{moment, reference};

/// Characters of a field's key.
const MAX_KEY: usize = 36;

pub(crate) static RESOURCE: Resource = Resource {
    name: "campaign_events",
    alias: None,
    about: "Points in time at which members of a campaign's group are told something, the latest first.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(
            Roles::READERS,
            "Points of campaigns that are not archived",
            &[UUID, param("campaign", Shape::Text, "Only those of this campaign, by identifier or name")],
            PROPS,
            |call| Box::pin(list(call)),
        ),
        Endpoint::save(
            Roles::EDITORS,
            "Adds a point to a campaign, or changes the one of the address",
            &[UUID],
            BODY,
            PROPS,
            |call| Box::pin(save(call)),
        ),
        Endpoint::delete(Roles::EDITORS, "Removes a point of a campaign", &[UUID], &["uuid"], |call| {
            Box::pin(remove(call))
        }),
    ],
};

const UNITS: [&str; 4] = ["minutes", "hours", "days", "weeks"];

const MODES: [&str; 3] = ["interrupt", "skip", "passive"];

const BODY: &[Prop] = &[
    prop("campaign", Shape::Text, "The campaign, by identifier or name; that of a point stays as it is"),
    prop("relative_to", Shape::Text, "Key of the date that it counts from"),
    prop("offset", Shape::Int, "How many units after it; negative before"),
    prop("unit", Shape::Word(&UNITS), "The unit"),
    prop("delivery_hour", Shape::Int, "Local hour of the day; -1 for the hour that comes out"),
    prop(
        "start_mode",
        Shape::Word(&MODES),
        "What becomes of a conversation that somebody is in then: it ends, or the point is left out, or both go on",
    ),
    prop("message", TRANSLATED, "What is said, or a text for each language; either this or a flow"),
    prop("flow", Shape::Uuid, "The flow that starts"),
];

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
    prop("unit", Shape::Word(&UNITS), "The unit"),
    prop("delivery_hour", Shape::Int, "Local hour of the day; -1 for the hour that comes out"),
    prop(
        "start_mode",
        Shape::Word(&MODES),
        "What becomes of a conversation that somebody is in then: it ends, or the point is left out, or both go on",
    ),
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

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let known = call.wanted("uuid")?.map(CampaignEventUuid);
    let mut given = Given::of(&call.body);
    let campaign = campaign(call, &mut given, known.is_some());
    for name in ["relative_to", "offset", "unit", "delivery_hour"] {
        if !given.has(name) {
            given.wrong(name, "This field is required.");
        }
    }
    let relative_to = relative_to(call, &mut given);
    let offset = given.int("offset").unwrap_or_default();
    let unit = given.word("unit", &UNITS).unwrap_or("days");
    let delivery_hour = given.int("delivery_hour").unwrap_or(-1);
    if !(-1..=23).contains(&delivery_hour) {
        given.wrong("delivery_hour", "Must be -1 or an hour from 0 to 23.");
    }
    let mode = given.word("start_mode", &MODES).map(|word| match word {
        "skip" => PointMode::Skip,
        "passive" => PointMode::Passive,
        _ => PointMode::Interrupt,
    });
    let does = does(call, &mut given);
    given.done()?;
    let does = does.ok_or_else(|| ApiError::whole("Give a message or a flow."))?;
    let unit = match unit {
        "minutes" => "M",
        "hours" => "H",
        "weeks" => "W",
        _ => "D",
    };
    let point = Point { relative_to, offset, unit: unit.into(), delivery_hour, mode, does };
    let which = match (known, campaign) {
        (Some(uuid), _) => PointNamed::Known(uuid),
        (None, Some(uuid)) => PointNamed::New(uuid),
        (None, None) => return Err(ApiError::not_found()),
    };
    let saved = save_campaign_event(call.ctx(), call.workspace(), which, &point).await;
    let saved = saved.map_err(|error| match error {
        SaveError::Kind(said) => ApiError::field("relative_to", said),
        other => other.into(),
    })?;
    Ok(Reply::saved(saved.made, shown(call, &saved.row)))
}

async fn remove(call: &Call) -> Result<Reply, ApiError> {
    let event = call.wanted("uuid")?.map(CampaignEventUuid).ok_or_else(ApiError::not_found)?;
    remove_campaign_event(call.ctx(), call.workspace(), event).await?;
    Ok(Reply::Done)
}

/// The campaign that is named. A point stays where it is.
fn campaign(call: &Call, given: &mut Given<'_>, is_known: bool) -> Option<CampaignUuid> {
    let Some(value) = given.value("campaign") else {
        if !is_known {
            given.wrong("campaign", "This field is required.");
        }
        return None;
    };
    let text = value.as_str().unwrap_or_default().trim().to_lowercase();
    let same = |one: &&CampaignRow| {
        !one.archived && (one.uuid.to_string() == text || one.name.to_lowercase() == text)
    };
    let found = call.definitions().campaigns.iter().find(same);
    match found {
        Some(_) if is_known => {}
        Some(found) => return Some(found.uuid),
        None => given.wrong("campaign", format!("Not found: {text}")),
    }
    None
}

fn relative_to(call: &Call, given: &mut Given<'_>) -> SmolStr {
    let Some(key) = given.text("relative_to", MAX_KEY) else { return SmolStr::default() };
    let is_there = call.definitions().fields.iter().any(|field| field.key == key)
        || ["created_on", "last_seen_on"].contains(&key.as_str());
    if !is_there {
        given.wrong("relative_to", format!("Not found: {key}"));
    }
    key
}

fn does(call: &Call, given: &mut Given<'_>) -> Option<PointDoes> {
    let first = call.ws.row.languages.first().cloned().unwrap_or_else(|| "und".into());
    match (given.value("message"), given.value("flow")) {
        (Some(_), Some(_)) => given.wrong("non_field_errors", "Give a message or a flow, not both."),
        (None, None) => given.wrong("non_field_errors", "Give a message or a flow."),
        (None, Some(value)) => {
            let flow = uuid_of(value).and_then(|uuid| call.ws.flow(FlowUuid(uuid)));
            match flow.filter(|flow| !flow.archived) {
                Some(flow) => return Some(PointDoes::Starts(flow.uuid)),
                None => given.wrong("flow", format!("Not found: {}", value.as_str().unwrap_or_default())),
            }
        }
        (Some(Value::String(text)), None) => {
            let texts = [(first.clone(), text.trim().to_owned())].into_iter().collect();
            return said(given, texts, first);
        }
        (Some(Value::Object(all)), None) if all.values().all(Value::is_string) => {
            let text = |value: &Value| value.as_str().unwrap_or_default().trim().to_owned();
            let texts: BTreeMap<SmolStr, String> =
                all.iter().map(|(language, value)| (language.into(), text(value))).collect();
            let base = if texts.contains_key(&first) { Some(&first) } else { texts.keys().next() };
            let base = base.cloned().unwrap_or(first);
            return said(given, texts, base);
        }
        (Some(_), None) => given.wrong("message", "Not a valid string."),
    }
    None
}

fn said(
    given: &mut Given<'_>,
    texts: BTreeMap<SmolStr, String>,
    base_language: SmolStr,
) -> Option<PointDoes> {
    if texts.is_empty() || texts.values().any(String::is_empty) {
        given.wrong("message", "This field may not be blank.");
        return None;
    }
    if texts.values().any(|text| text.chars().count() > MAX_TEXT) {
        given.wrong("message", format!("Ensure this field has no more than {MAX_TEXT} characters."));
        return None;
    }
    Some(PointDoes::Says { texts, base_language })
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
        "start_mode": match event.start_mode.as_str() {
            "S" => "skip",
            "P" => "passive",
            _ => "interrupt",
        },
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
