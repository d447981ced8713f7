//! `schedules.json`: messages to many and starts of flows at moments set beforehand.

use domain::{Cron, ScheduleUuid};
use jiff::{Timestamp, tz::TimeZone};
use node::limits;
use operations::{
    JobSpec, MAX_CATCH_UP, MAX_SCHEDULES, Moments, NewSchedule, ScheduleError, add_schedule, pause_schedule,
    remove_schedule,
};
use serde_json::{Value, json};
use smol_str::SmolStr;
use store::{CatchUp, ScheduleRow};

use super::broadcasts::{broadcast_of, checked, people, recipients_of, shown_exclude, shown_recipients};
use super::flow_starts::start_of;
use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::named;
use crate::api::page::Walk;
use crate::api::said::shown_translations;
use crate::api::shape::{Prop, REF, REFS, Shape, TEXTS, TRANSLATED, prop};
use crate::api::words::{moment, moment_or_null, reference};

/// Characters of a name.
const MAX_NAME: usize = 64;
/// Characters of an expression.
const MAX_CRON: usize = 256;
/// Missed moments for which the work begins, unless more are asked for.
const CATCH_UP: i64 = 10;
/// RapidPro's letters of the days, from Sunday on.
const DAYS: &str = "UMTWRFS";

pub(crate) static RESOURCE: Resource = Resource {
    name: "schedules",
    alias: None,
    about: "Messages to many and starts of flows at moments set beforehand.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(Roles::READERS, "Schedules", &[UUID], PROPS, |call| Box::pin(list(call))),
        Endpoint::save(
            Roles::EDITORS,
            "Makes a schedule, or lets one rest or go on (`uuid` and `paused`)",
            &[UUID],
            BODY,
            PROPS,
            |call| Box::pin(save(call)),
        ),
        Endpoint::delete(Roles::EDITORS, "Removes a schedule", &[UUID], &["uuid"], |call| {
            Box::pin(remove(call))
        }),
    ],
};

const PERIODS: [&str; 4] = ["O", "D", "W", "M"];
const MISSED: [&str; 3] = ["once", "skip", "each"];

const BODY: &[Prop] = &[
    prop("name", Shape::Text, "Name, at most 64 characters; no other schedule has it"),
    prop("paused", Shape::Bool, "Whether it rests; with `uuid` only this is changed"),
    prop("start_on", Shape::Moment, "The first moment; its hour, minute and day are those of the others"),
    prop("repeat_period", Shape::Word(&PERIODS), "O once, D daily, W weekly, M monthly; if left out, O"),
    prop("repeat_days_of_week", Shape::Any, "For W: letters of M T W R F S U, as a text or a list"),
    prop("cron", Shape::Text, "An expression of five fields, in the place of the three"),
    prop("zone", Shape::Text, "Name of a time zone; if left out, the workspace's"),
    prop("missed", Shape::Word(&MISSED), "What becomes of missed moments: `once`, `skip` or `each`"),
    prop("missed_limit", Shape::Int, "Of `each`, how many at most"),
    prop("flow", Shape::Uuid, "The flow to start; without it, something is said"),
    prop("restart_participants", Shape::Bool, "As in `flow_starts`"),
    prop("exclude_active", Shape::Bool, "As in `flow_starts`"),
    prop("params", Shape::Any, "As in `flow_starts`"),
    prop("text", TRANSLATED, "As in `broadcasts`"),
    prop("attachments", Shape::Any, "As in `broadcasts`"),
    prop("quick_replies", Shape::Any, "As in `broadcasts`"),
    prop("base_language", Shape::Text, "As in `broadcasts`"),
    prop("template", Shape::Text, "As in `broadcasts`"),
    prop("template_variables", TEXTS, "As in `broadcasts`"),
    prop("soft_start", Shape::Any, "As in `broadcasts`, but for `release_on`"),
    prop("urns", TEXTS, "Addresses, at most 100"),
    prop("contacts", TEXTS, "Contacts by identifier or address, at most 100"),
    prop("groups", TEXTS, "Groups by identifier or name, at most 100"),
    prop("query", Shape::Text, "Whoever fits this query when their turn comes"),
    prop("exclude", Shape::Any, "Who is left out, as in `broadcasts`"),
];

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("name", Shape::Text, "Name"),
    prop("cron", Shape::Text, "The expression; null for one moment").or_null(),
    prop("repeat_period", Shape::Word(&PERIODS), "RapidPro's period, if it is one").or_null(),
    prop("repeat_days_of_week", TEXTS, "For W: the days"),
    prop("zone", Shape::Text, "The time zone of the expression"),
    prop("missed", Shape::Word(&MISSED), "What becomes of missed moments"),
    prop("missed_limit", Shape::Int, "Of `each`, how many at most"),
    prop("paused", Shape::Bool, "Whether it rests"),
    prop("error", Shape::Text, "Why it cannot go on").or_null(),
    prop("next_fire", Shape::Moment, "When it begins next").or_null(),
    prop("last_fire", Shape::Moment, "The last moment that had its turn").or_null(),
    prop("fired", Shape::Int, "How often it began"),
    prop("skipped", Shape::Int, "Moments that were left out"),
    prop("flow", REF, "The flow that starts").or_null(),
    prop("text", Shape::Map(&Shape::Text), "What is said, by language"),
    prop("urns", TEXTS, "Addresses that it is for"),
    prop("contacts", REFS, "Contacts that it is for"),
    prop("groups", REFS, "Groups that it is for"),
    prop("query", Shape::Text, "Query of contacts that it is for").or_null(),
    prop("exclude", Shape::Any, "Who is left out").or_null(),
    prop("created_on", Shape::Moment, "When it was made"),
    prop("modified_on", Shape::Moment, "When it last changed"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let wanted = call.wanted("uuid").unwrap_or(Some(uuid::Uuid::nil()));
    let mut rows = call.ctx().store.schedules(call.workspace(), MAX_SCHEDULES).await?;
    rows.retain(|row| wanted.is_none_or(|uuid| row.uuid.0 == uuid));
    let walk = Walk::of(call, false)?;
    let mut page = Vec::new();
    for row in walk.chosen(rows, |row| (row.created_on.as_microsecond(), row.id.0)) {
        page.push(((row.created_on.as_microsecond(), row.id.0), shown(call, &row).await?));
    }
    Ok(walk.page(page))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    if let Some(uuid) = call.wanted("uuid")? {
        let paused = given.flag("paused");
        if !given.has("paused") {
            given.wrong("paused", "This field is required.");
        }
        given.done()?;
        let paused = paused.unwrap_or_default();
        let row = pause_schedule(call.ctx(), call.workspace(), ScheduleUuid(uuid), paused).await;
        return Ok(Reply::One(shown(call, &row.map_err(refused)?).await?));
    }
    let name = given.needed_text("name", MAX_NAME);
    let zone = given.text("zone", MAX_NAME);
    let at =
        zone.as_ref().map_or_else(|| Some(call.ws.env.timezone.clone()), |name| TimeZone::get(name).ok());
    if at.is_none() {
        given.wrong("zone", "No such time zone; write it as in Africa/Nairobi.");
    }
    let moments = moments(&mut given, &at.unwrap_or(TimeZone::UTC));
    let catch_up = match given.word("missed", &MISSED) {
        Some("skip") => CatchUp::Skip,
        Some("each") => CatchUp::Each,
        Some(_) | None => CatchUp::Once,
    };
    let catch_up_limit = given.int("missed_limit").unwrap_or(CATCH_UP);
    if !(1..=MAX_CATCH_UP).contains(&catch_up_limit) {
        given.wrong("missed_limit", format!("A whole number from 1 to {MAX_CATCH_UP}."));
    }
    let spec = spec(call, given).await?;
    let (Some(name), Some(moments)) = (name, moments) else { return Err(ApiError::whole("Invalid data.")) };
    let workspace = call.workspace();
    let new = NewSchedule { workspace, name, moments, zone, catch_up, catch_up_limit, spec };
    let row = add_schedule(call.ctx(), new).await.map_err(refused)?;
    let row = match call.body.get("paused").and_then(Value::as_bool) {
        Some(true) => pause_schedule(call.ctx(), workspace, row.uuid, true).await.map_err(refused)?,
        Some(false) | None => row,
    };
    Ok(Reply::Made(shown(call, &row).await?))
}

/// What begins. Ends the reading of the body.
async fn spec(call: &Call, mut given: Given<'_>) -> Result<JobSpec, ApiError> {
    if given.value("flow").is_some() {
        if given.value("text").is_some() || given.value("attachments").is_some() {
            given.wrong("non_field_errors", "Give a flow, or what is said, not both.");
        }
        let start = start_of(call, &mut given).await?;
        given.done()?;
        return Ok(JobSpec::StartFlow(start.ok_or_else(ApiError::not_found)?));
    }
    let broadcast = broadcast_of(call, &mut given).await?;
    if broadcast.soft_start.is_some_and(|soft| soft.release_on.is_some()) {
        given.wrong("soft_start", "Somebody must let the others follow: release_on is one moment only.");
    }
    given.done()?;
    checked(call, broadcast).await
}

/// When it begins, as the body says it in one of two ways.
pub(crate) fn moments(given: &mut Given<'_>, zone: &TimeZone) -> Option<Moments> {
    let cron = given.text("cron", MAX_CRON);
    let start = given.text("start_on", MAX_NAME);
    let period = given.word("repeat_period", &PERIODS).unwrap_or("O");
    let (cron, start) = match (cron, start) {
        (Some(_), Some(_)) | (None, None) => {
            given.wrong("non_field_errors", "Give start_on or cron.");
            return None;
        }
        (Some(cron), None) => (cron, None),
        (None, Some(start)) => {
            let Ok(start) = start.parse::<Timestamp>() else {
                given.wrong("start_on", "A moment, as 2027-05-01T08:30:00Z.");
                return None;
            };
            (repeated(given, period, start, zone)?, Some(start))
        }
    };
    if let (Some(start), true) = (start, cron.is_empty()) {
        return Some(Moments::Once(start));
    }
    match cron.parse::<Cron>() {
        Ok(cron) => Some(Moments::Cron(cron)),
        Err(error) => {
            given.wrong("cron", error.to_string());
            None
        }
    }
}

/// The expression of one of RapidPro's periods; empty for one moment.
fn repeated(given: &mut Given<'_>, period: &str, start: Timestamp, zone: &TimeZone) -> Option<SmolStr> {
    let shown = zone.to_datetime(start);
    let time = format!("{} {}", shown.minute(), shown.hour());
    let text = match (period, shown.day()) {
        ("D", _) => format!("{time} * * *"),
        ("M", day @ 29..) => format!("{time} {day}L * *"),
        ("M", day) => format!("{time} {day} * *"),
        ("W", _) => format!("{time} * * {}", days(given)?),
        _ => String::new(),
    };
    Some(text.into())
}

fn days(given: &mut Given<'_>) -> Option<String> {
    let letters: Option<String> = match given.value("repeat_days_of_week") {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Array(items)) => items.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let places: Option<Vec<usize>> =
        letters.as_ref().and_then(|letters| letters.chars().map(|letter| DAYS.find(letter)).collect());
    match places {
        Some(mut places) if !places.is_empty() => {
            places.sort_unstable();
            places.dedup();
            Some(places.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
        }
        Some(_) | None => {
            given.wrong("repeat_days_of_week", "Letters of M T W R F S U (R is Thursday, U is Sunday).");
            None
        }
    }
}

async fn remove(call: &Call) -> Result<Reply, ApiError> {
    let uuid = call.wanted("uuid")?.ok_or_else(ApiError::not_found)?;
    remove_schedule(call.ctx(), call.workspace(), ScheduleUuid(uuid)).await.map_err(refused)?;
    Ok(Reply::Done)
}

pub(crate) fn refused(error: ScheduleError) -> ApiError {
    let said = error.to_string();
    match error {
        ScheduleError::Store(error) => error.into(),
        ScheduleError::NoSchedule | ScheduleError::NoWorkspace => ApiError::not_found(),
        ScheduleError::TooMany => ApiError::full(),
        ScheduleError::Busy => ApiError::Busy,
        ScheduleError::Name | ScheduleError::NameTaken => ApiError::field("name", said),
        ScheduleError::Zone(_) => ApiError::field("zone", said),
        ScheduleError::Over(_) => ApiError::field("start_on", said),
        ScheduleError::Limit => ApiError::field("missed_limit", said),
        ScheduleError::Unwritable(_) => ApiError::whole(said),
    }
}

/// RapidPro's period of an expression, and its days; `None` if it is none of theirs.
pub(crate) fn when(cron: Option<&str>) -> (Option<&'static str>, Vec<String>) {
    let Some(cron) = cron else { return (Some("O"), Vec::new()) };
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let [minute, hour, day, "*", weekdays] = fields[..] else { return (None, Vec::new()) };
    if !is_number(minute) || !is_number(hour) {
        return (None, Vec::new());
    }
    let letter = |place: &str| DAYS.get(place.parse::<usize>().ok()?..)?.chars().next();
    let letters: Option<Vec<char>> = weekdays.split(',').map(letter).collect();
    match (day, weekdays, letters) {
        ("*", "*", _) => (Some("D"), Vec::new()),
        ("*", _, Some(letters)) => (Some("W"), letters.iter().map(ToString::to_string).collect()),
        (day, "*", _) if is_number(day.trim_end_matches('L')) => (Some("M"), Vec::new()),
        _ => (None, Vec::new()),
    }
}

async fn shown(call: &Call, row: &ScheduleRow) -> Result<Value, ApiError> {
    let spec = serde_json::from_str::<JobSpec>(&row.spec).ok();
    let recipients = spec.as_ref().and_then(|spec| recipients_of(spec).next().cloned()).unwrap_or_default();
    let known = people(call, spec.iter().flat_map(recipients_of)).await?;
    let (contacts, groups) = shown_recipients(call, &recipients, &known);
    let urns = recipients.urns.iter().map(|urn| named::shown_urn(call, &urn.scheme, &urn.path));
    let (flow, text) = match &spec {
        Some(JobSpec::StartFlow(start)) => (call.ws.flow(start.flow), json!({})),
        Some(JobSpec::Broadcast(job)) => {
            let [text, _, _] = shown_translations(call, &job.broadcast);
            (None, text)
        }
        _ => (None, json!({})),
    };
    let (repeat_period, days) = when(row.cron.as_deref());
    Ok(json!({
        "uuid": row.uuid,
        "name": row.name,
        "cron": row.cron,
        "repeat_period": repeat_period,
        "repeat_days_of_week": days,
        "zone": row.zone.as_ref().unwrap_or(&call.ws.row.timezone),
        "missed": row.catch_up.as_str(),
        "missed_limit": row.catch_up_limit,
        "paused": row.paused,
        "error": row.error,
        "next_fire": moment_or_null(row.next_due),
        "last_fire": moment_or_null(row.last_due),
        "fired": row.fired,
        "skipped": row.skipped,
        "flow": flow.map(|flow| reference(flow.uuid, &flow.name)),
        "text": text,
        "urns": urns.collect::<Vec<_>>(),
        "contacts": contacts,
        "groups": groups,
        "query": Some(&recipients.query).filter(|query| !query.is_empty()),
        "exclude": shown_exclude(call, &recipients.exclude),
        "created_on": moment(row.created_on),
        "modified_on": moment(row.modified_on),
    }))
}
