//! `triggers.json`: what starts flows. Those of type `schedule` are schedules that start a flow.

use domain::{ChannelUuid, FlowUuid, TriggerId};
use node::limits;
use operations::{
    Exclude, JobSpec, MAX_KEYWORD, MAX_KEYWORDS, MAX_REFERRER, MAX_SCHEDULES, MAX_TRIGGERS, Moments,
    NewSchedule, StartJob, StartedBy, TriggerEdit, TriggerOn, add_schedule, archive_trigger, pause_schedule,
    remove_schedule, remove_trigger, save_trigger,
};
use serde_json::{Value, json};
use smol_str::{SmolStr, format_smolstr};
use store::{CatchUp, ScheduleRow, TriggerRow};

use super::schedules::{moments, refused, when};
use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, param};
use crate::api::error::ApiError;
use crate::api::given::{Given, uuid_of};
use crate::api::named;
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, REFS, Shape, TEXTS, prop};
use crate::api::words::{moment, moment_or_null, reference};

/// Missed moments for which a flow starts.
const CATCH_UP: i64 = 10;

pub(crate) static RESOURCE: Resource = Resource {
    name: "triggers",
    alias: None,
    about: "What starts flows, the latest first.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(
            Roles::READERS,
            "Triggers",
            &[
                param("id", Shape::Int, "Only the one with this number"),
                param("type", Shape::Word(&TYPES), "Only those of this type"),
                param("flow", Shape::Uuid, "Only those of this flow"),
                param("archived", Shape::Bool, "Those that are put away; if left out, those in use"),
            ],
            PROPS,
            |call| Box::pin(list(call)),
        ),
        Endpoint::save(
            Roles::EDITORS,
            "Makes a trigger, or changes the one of the address",
            &[param("id", Shape::Int, "The one that is changed, but for those of type schedule")],
            BODY,
            PROPS,
            |call| Box::pin(save(call)),
        ),
        Endpoint::delete(
            Roles::EDITORS,
            "Removes a trigger for good",
            &[param("id", Shape::Int, "Its number")],
            &["id"],
            |call| Box::pin(remove(call)),
        ),
    ],
};

pub(crate) const TYPES: [&str; 10] = [
    "keyword",
    "catch_all",
    "inbound_call",
    "missed_call",
    "new_conversation",
    "referral",
    "closed_ticket",
    "opt_in",
    "opt_out",
    "schedule",
];
const MATCHES: [&str; 2] = ["first", "only"];

const BODY: &[Prop] = &[
    prop("type", Shape::Word(&TYPES), "What sets it off"),
    prop("flow", Shape::Uuid, "The flow that starts"),
    prop("keywords", TEXTS, "For `keyword`: words, at most 50"),
    prop(
        "match_type",
        Shape::Word(&MATCHES),
        "For `keyword`: the `first` word of a message or the `only` one",
    ),
    prop("groups", TEXTS, "Only members of one of these groups; for `schedule`, all of them"),
    prop("exclude_groups", TEXTS, "Not members of these groups"),
    prop("contacts", TEXTS, "For `schedule`: these contacts"),
    prop("channel", Shape::Uuid, "Only on this line").or_null(),
    prop("referrer_id", Shape::Text, "For `referral`: what people must have come by"),
    prop("start_on", Shape::Moment, "For `schedule`, as in `schedules`"),
    prop("repeat_period", Shape::Text, "For `schedule`, as in `schedules`"),
    prop("repeat_days_of_week", Shape::Any, "For `schedule`, as in `schedules`"),
    prop("cron", Shape::Text, "For `schedule`, as in `schedules`"),
];

const SCHEDULE: Shape = Shape::Object(&[
    prop("uuid", Shape::Uuid, "Identifier of the schedule"),
    prop("name", Shape::Text, "Its name"),
    prop("cron", Shape::Text, "The expression; null for one moment").or_null(),
    prop("repeat_period", Shape::Text, "RapidPro's period, if it is one").or_null(),
    prop("repeat_days_of_week", TEXTS, "For W: the days"),
    prop("next_fire", Shape::Moment, "When it begins next").or_null(),
    prop("last_fire", Shape::Moment, "The last moment that had its turn").or_null(),
]);

const PROPS: &[Prop] = &[
    prop("id", Shape::Int, "Number"),
    prop("type", Shape::Word(&TYPES), "What sets it off"),
    prop("flow", REF, "The flow that starts").or_null(),
    prop("keywords", TEXTS, "Words"),
    prop("match_type", Shape::Word(&MATCHES), "Which word of a message").or_null(),
    prop("groups", REFS, "Only members of one of these groups"),
    prop("exclude_groups", REFS, "Not members of these groups"),
    prop("contacts", REFS, "For `schedule`: these contacts"),
    prop("channel", REF, "Only on this line").or_null(),
    prop("referrer_id", Shape::Text, "What people must have come by").or_null(),
    prop("schedule", SCHEDULE, "For `schedule`: when").or_null(),
    prop("archived", Shape::Bool, "Whether it is put away"),
    prop("created_on", Shape::Moment, "When it was made"),
];

/// A trigger of either kind.
pub(crate) enum Found {
    Trigger(Box<TriggerRow>),
    Schedule(Box<(ScheduleRow, StartJob)>),
}

impl Found {
    fn id(&self) -> i64 {
        match self {
            Self::Trigger(row) => row.id.0,
            Self::Schedule(schedule) => schedule.0.id.0,
        }
    }

    fn is_archived(&self) -> bool {
        match self {
            Self::Trigger(row) => row.archived,
            Self::Schedule(schedule) => schedule.0.paused,
        }
    }
}

/// All triggers of the workspace, those that are put away too.
pub(crate) async fn all(call: &Call) -> Result<Vec<Found>, ApiError> {
    let (store, workspace) = (&call.ctx().store, call.workspace());
    let mut found: Vec<Found> =
        call.definitions().triggers.iter().cloned().map(|row| Found::Trigger(Box::new(row))).collect();
    found.extend(
        store
            .archived_triggers(workspace, MAX_TRIGGERS)
            .await?
            .into_iter()
            .map(|row| Found::Trigger(Box::new(row))),
    );
    let schedules = store.schedules(workspace, MAX_SCHEDULES).await?.into_iter();
    found.extend(schedules.filter_map(|row| match serde_json::from_str(&row.spec) {
        Ok(JobSpec::StartFlow(start)) => Some(Found::Schedule(Box::new((row, start)))),
        _ => None,
    }));
    Ok(found)
}

/// The trigger with a number.
pub(crate) async fn with_id(call: &Call, id: i64) -> Result<Option<Found>, ApiError> {
    Ok(all(call).await?.into_iter().find(|one| one.id() == id))
}

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let mut found = all(call).await?;
    let id = match call.query.int("id") {
        Asked::Nothing => None,
        Asked::This(id) => Some(id),
        Asked::Unreadable => Some(0),
    };
    let archived = call.query.flag("archived").unwrap_or(false);
    // One that is asked for by its number is found wherever it is.
    found.retain(|one| id.map_or(one.is_archived() == archived, |id| one.id() == id));
    if let Some(word) = call.query.text("type") {
        let letter = TriggerOn::of_word(word).map(TriggerOn::letter);
        found.retain(|one| match one {
            Found::Trigger(row) => Some(row.trigger_type.as_str()) == letter,
            Found::Schedule(_) => word == "schedule",
        });
    }
    if let Some(flow) = call.wanted("flow").unwrap_or(Some(uuid::Uuid::nil())) {
        let id = call.ws.flow(FlowUuid(flow)).map(|flow| flow.id);
        found.retain(|one| match one {
            Found::Trigger(row) => Some(row.flow) == id,
            Found::Schedule(schedule) => schedule.1.flow.0 == flow,
        });
    }
    let walk = Walk::of(call, false)?;
    let mut page = Vec::new();
    for one in walk.chosen(found, |one| (0, one.id())) {
        page.push(((0, one.id()), shown(call, &one).await?));
    }
    Ok(walk.page(page))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let id = match call.query.int("id") {
        Asked::Nothing => None,
        Asked::This(id) => Some(TriggerId(id)),
        Asked::Unreadable => return Err(ApiError::not_found()),
    };
    let mut given = Given::of(&call.body);
    if !given.has("type") {
        given.wrong("type", "This field is required.");
    }
    let word = given.word("type", &TYPES);
    let flow = flow(call, &mut given);
    let groups = named::groups(call, &mut given, "groups", false).unwrap_or_default();
    let exclude_groups = named::groups(call, &mut given, "exclude_groups", false).unwrap_or_default();
    let (groups, exclude_groups) =
        [groups, exclude_groups].map(|rows| rows.into_iter().map(|row| row.uuid).collect::<Vec<_>>()).into();
    if word == Some("schedule") {
        return save_schedule(call, given, (id, flow), (groups, exclude_groups)).await;
    }
    let contacts = given.list("contacts", 1).unwrap_or_default();
    if !contacts.is_empty() {
        given.wrong("contacts", "Only triggers of type schedule have these.");
    }
    let keywords = keywords(&mut given);
    let only_word = given.word("match_type", &MATCHES) == Some("only");
    let channel = channel(call, &mut given);
    let referrer = given.value("referrer_id").and_then(|_| given.any_text("referrer_id", MAX_REFERRER));
    given.done()?;
    let (Some(on), Some(flow)) = (word.and_then(TriggerOn::of_word), flow) else {
        return Err(ApiError::whole("Invalid data."));
    };
    let referrer = referrer.unwrap_or_default();
    let wanted = TriggerEdit { on, flow, keywords, only_word, groups, exclude_groups, channel, referrer };
    let saved = save_trigger(call.ctx(), call.workspace(), id, wanted).await?;
    Ok(Reply::saved(saved.made, shown(call, &Found::Trigger(Box::new(saved.row))).await?))
}

async fn save_schedule(
    call: &Call,
    mut given: Given<'_>,
    (id, flow): (Option<TriggerId>, Option<FlowUuid>),
    (groups, exclude_groups): (Vec<domain::GroupUuid>, Vec<domain::GroupUuid>),
) -> Result<Reply, ApiError> {
    if id.is_some() {
        given.wrong("type", "A trigger of type schedule is removed and made anew, or changed by schedules.");
    }
    let contacts = named::contacts(call, &mut given, "contacts").await?.unwrap_or_default();
    if groups.is_empty() && contacts.is_empty() {
        given.wrong("non_field_errors", "Give groups or contacts.");
    }
    let moments: Option<Moments> = moments(&mut given, &call.ws.env.timezone);
    given.done()?;
    let (Some(flow), Some(moments)) = (flow, moments) else { return Err(ApiError::whole("Invalid data.")) };
    let exclude = Exclude { groups: exclude_groups, ..Exclude::default() };
    let contacts = contacts.iter().map(|contact| contact.uuid).collect();
    let start = StartJob {
        flow,
        recipients: operations::Recipients { groups, contacts, exclude, ..operations::Recipients::default() },
        skip_in_a_flow: false,
        not_again: false,
        params: None,
        started_by: StartedBy::Person { user: None, origin: Some("api".into()) },
    };
    let name = call.ws.flow(flow).map(|flow| flow.name.clone()).unwrap_or_default();
    let name: String = name.chars().take(40).collect();
    let new = NewSchedule {
        workspace: call.workspace(),
        name: format_smolstr!("{name} {}", call.ctx().store.ids().next(call.ctx().now())),
        moments,
        zone: None,
        catch_up: CatchUp::Once,
        catch_up_limit: CATCH_UP,
        spec: JobSpec::StartFlow(start.clone()),
    };
    let row = add_schedule(call.ctx(), new).await.map_err(refused)?;
    Ok(Reply::Made(shown(call, &Found::Schedule(Box::new((row, start)))).await?))
}

fn flow(call: &Call, given: &mut Given<'_>) -> Option<FlowUuid> {
    let Some(value) = given.value("flow") else {
        given.wrong("flow", "This field is required.");
        return None;
    };
    let found = uuid_of(value).and_then(|uuid| call.ws.flow(FlowUuid(uuid))).filter(|flow| !flow.archived);
    if found.is_none() {
        given.wrong("flow", format!("Not found: {}", value.as_str().unwrap_or_default()));
    }
    found.map(|flow| flow.uuid)
}

fn channel(call: &Call, given: &mut Given<'_>) -> Option<ChannelUuid> {
    let value = given.value("channel")?;
    let found = uuid_of(value).and_then(|uuid| call.ws.channel(ChannelUuid(uuid)));
    if found.is_none() {
        given.wrong("channel", format!("Not found: {}", value.as_str().unwrap_or_default()));
    }
    found.map(|channel| channel.uuid)
}

fn keywords(given: &mut Given<'_>) -> Vec<SmolStr> {
    let mut found = Vec::new();
    for (place, value) in given.list("keywords", MAX_KEYWORDS).unwrap_or_default().iter().enumerate() {
        match value.as_str().filter(|word| word.chars().count() <= MAX_KEYWORD) {
            Some(word) => found.push(word.into()),
            None => {
                given.wrong_item("keywords", place, format!("A word of at most {MAX_KEYWORD} characters."))
            }
        }
    }
    found
}

async fn remove(call: &Call) -> Result<Reply, ApiError> {
    let Asked::This(id) = call.query.int("id") else { return Err(ApiError::not_found()) };
    match with_id(call, id).await? {
        Some(found) => remove_one(call, &found).await?,
        None => return Err(ApiError::not_found()),
    }
    Ok(Reply::Done)
}

/// Removes one for good.
pub(crate) async fn remove_one(call: &Call, found: &Found) -> Result<(), ApiError> {
    let (ctx, workspace) = (call.ctx(), call.workspace());
    match found {
        Found::Trigger(row) => remove_trigger(ctx, workspace, row.id).await?,
        Found::Schedule(one) => remove_schedule(ctx, workspace, one.0.uuid).await.map_err(refused)?,
    }
    Ok(())
}

/// Puts one away, or takes it back.
pub(crate) async fn archive_one(call: &Call, found: &Found, away: bool) -> Result<(), ApiError> {
    let (ctx, workspace) = (call.ctx(), call.workspace());
    match found {
        Found::Trigger(row) => archive_trigger(ctx, workspace, row.id, away).await?,
        Found::Schedule(one) => {
            pause_schedule(ctx, workspace, one.0.uuid, away).await.map_err(refused)?;
        }
    }
    Ok(())
}

async fn shown(call: &Call, found: &Found) -> Result<Value, ApiError> {
    let definitions = call.definitions();
    match found {
        Found::Trigger(row) => {
            let groups = |ids: &[domain::GroupId]| -> Vec<Value> {
                let found = ids.iter().filter_map(|id| definitions.groups.iter().find(|row| row.id == *id));
                found.map(|group| reference(group.uuid, &group.name)).collect()
            };
            let flow = definitions.flows.iter().find(|flow| flow.id == row.flow);
            let channel = row.channel.and_then(|id| call.ws.channel_by_id(id));
            Ok(json!({
                "id": row.id,
                "type": TriggerOn::of_letter(&row.trigger_type).map_or("schedule", TriggerOn::word),
                "flow": flow.map(|flow| reference(flow.uuid, &flow.name)),
                "keywords": row.keywords,
                "match_type": row.match_type.as_deref().map(|word| if word == "O" { "only" } else { "first" }),
                "groups": groups(&row.include_groups),
                "exclude_groups": groups(&row.exclude_groups),
                "contacts": [],
                "channel": channel.map(|channel| reference(channel.uuid, &channel.name)),
                "referrer_id": row.detail.get("referrer_id"),
                "schedule": null,
                "archived": row.archived,
                "created_on": moment(row.created_on),
            }))
        }
        Found::Schedule(one) => {
            let (row, start) = &**one;
            let named = start.recipients.contacts.iter().copied().map(store::ContactNamed::Uuid).collect();
            let contacts = call.ctx().store.named_contacts(call.workspace(), named).await?;
            let groups = |uuids: &[domain::GroupUuid]| -> Vec<Value> {
                let found = uuids.iter().filter_map(|uuid| call.ws.assets.group(*uuid));
                found.map(|group| reference(group.uuid, &group.name)).collect()
            };
            let flow = call.ws.flow(start.flow);
            let (repeat_period, days) = when(row.cron.as_deref());
            Ok(json!({
                "id": row.id,
                "type": "schedule",
                "flow": flow.map(|flow| reference(flow.uuid, &flow.name)),
                "keywords": [],
                "match_type": null,
                "groups": groups(&start.recipients.groups),
                "exclude_groups": groups(&start.recipients.exclude.groups),
                "contacts": contacts.into_iter().flatten().map(|one| reference(one.uuid, &one.name))
                    .collect::<Vec<_>>(),
                "channel": null,
                "referrer_id": null,
                "schedule": {
                    "uuid": row.uuid,
                    "name": row.name,
                    "cron": row.cron,
                    "repeat_period": repeat_period,
                    "repeat_days_of_week": days,
                    "next_fire": moment_or_null(row.next_due),
                    "last_fire": moment_or_null(row.last_due),
                },
                "archived": row.paused,
                "created_on": moment(row.created_on),
            }))
        }
    }
}
