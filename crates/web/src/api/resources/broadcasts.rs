//! `broadcasts.json`: messages to many.

use std::collections::BTreeMap;

use domain::{ContactUuid, Reference, TemplateUuid};
use jiff::Timestamp;
use node::limits;
use operations::{
    BroadcastError, BroadcastJob, Exclude, JobError, JobSpec, MAX_SOFT_START, NewJob, Recipients, Said,
    SoftStart, create_job, held_since_soft_start, soft_broadcast_spec,
};
use serde_json::{Value, json};
use smol_str::SmolStr;
use store::{ContactNamed, JobKind, JobRow, JobStatus, NamedContact};

use crate::api::call::{Asked, Call, Reply, Span};
use crate::api::endpoint::{AFTER, BEFORE, Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::given::{Given, uuid_of};
use crate::api::named;
use crate::api::page::Walk;
use crate::api::said::{ATTACHMENT, QUICK_REPLY, shown_translations, translated, uploads};
use crate::api::shape::{Prop, REF, REFS, Shape, TEXTS, TRANSLATED, prop};
use crate::api::words::{moment, moment_or_null, reference};

pub(crate) static RESOURCE: Resource = Resource {
    name: "broadcasts",
    alias: None,
    about: "Messages to many, the latest first; those that a schedule began are not among them.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(
            Roles::READERS,
            "Broadcasts",
            &[UUID, param("id", Shape::Int, "Only the one with this number"), BEFORE, AFTER],
            PROPS,
            |call| Box::pin(list(call)),
        ),
        Endpoint::save(Roles::EDITORS, "Sends a message to many", &[], BODY, PROPS, |call| {
            Box::pin(send(call))
        }),
    ],
};

pub(crate) const BODY: &[Prop] = &[
    prop("text", TRANSLATED, "Text, or one for each language; at most 4,096 characters"),
    prop("attachments", Shape::Any, "Files as `type:address`, or such a list for each language"),
    prop("quick_replies", Shape::Any, "Suggested answers, or such a list for each language"),
    prop("base_language", Shape::Text, "The language for those for whom there is no other"),
    prop("urns", TEXTS, "Addresses, at most 100"),
    prop("contacts", TEXTS, "Contacts by identifier or address, at most 100"),
    prop("groups", TEXTS, "Groups by identifier or name, at most 100"),
    prop("query", Shape::Text, "Whoever fits this query when their turn comes"),
    prop(
        "exclude",
        Shape::Any,
        "Who is left out: an object of `groups`, `query`, `in_a_flow` and `not_seen_since_days`",
    ),
    prop("optin", Shape::Text, "Only to those who agreed to this opt-in, by identifier or name"),
    prop("template", Shape::Text, "An approved template, by identifier or name, for lines that want one"),
    prop("template_variables", TEXTS, "Values of its variables, at most 20"),
    prop(
        "soft_start",
        Shape::Any,
        "Some first, the others later: true, or an object of `percent` (1 to 50, else 1) and `release_on`",
    ),
];

/// How far something for many is.
pub(crate) const PROGRESS: Shape = Shape::Object(&[
    prop("total", Shape::Int, "For how many it is; -1 while that is not known"),
    prop("started", Shape::Int, "For how many it was done or decided"),
]);

/// Words for how a job stands.
pub(crate) const STATUS: Shape =
    Shape::Word(&["pending", "queued", "started", "completed", "failed", "interrupted"]);

const PROPS: &[Prop] = &[
    prop("id", Shape::Int, "Number"),
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("status", STATUS, "How it stands"),
    prop("progress", PROGRESS, "How far it is"),
    prop("urns", TEXTS, "Addresses that it is for"),
    prop("contacts", REFS, "Contacts that it is for"),
    prop("groups", REFS, "Groups that it is for"),
    prop("text", Shape::Map(&Shape::Text), "Texts by language"),
    prop("attachments", Shape::Map(&Shape::List(&ATTACHMENT)), "Files by language"),
    prop("quick_replies", Shape::Map(&Shape::List(&QUICK_REPLY)), "Suggested answers by language"),
    prop("base_language", Shape::Text, "The language for those for whom there is no other"),
    prop("created_on", Shape::Moment, "When it was asked for"),
    prop("query", Shape::Text, "Query of contacts that it is for").or_null(),
    prop("exclude", EXCLUDE, "Who is left out").or_null(),
    prop("optin", REF, "To whose people only it is sent").or_null(),
    prop("template", REF, "The approved template that it is sent with").or_null(),
    prop("template_variables", TEXTS, "Values of its variables"),
    prop("soft_start", SOFT_START, "How it begins with some").or_null(),
    prop("paused", Shape::Bool, "Whether it rests until somebody lets it go on"),
    prop("left_out", Shape::Int, "Those of `started` who were sent nothing"),
];

const EXCLUDE: Shape = Shape::Object(&[
    prop("groups", REFS, "Members of these groups"),
    prop("query", Shape::Text, "Whoever fits this query").or_null(),
    prop("in_a_flow", Shape::Bool, "Who is in a flow"),
    prop("not_seen_since_days", Shape::Int, "Who has not written for so many days").or_null(),
]);

const SOFT_START: Shape = Shape::Object(&[
    prop("percent", Shape::Int, "Of how many of a hundred people"),
    prop("release_on", Shape::Moment, "When the others follow; null: when somebody says so").or_null(),
    prop("held", Shape::Bool, "Whether the first were told and the others wait"),
]);

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let jobs = jobs(call, JobKind::Broadcast, &walk, |_| true).await?;
    let people = people(call, jobs.iter().filter_map(|(_, spec)| recipients(spec))).await?;
    let shown = jobs.iter().filter_map(|(job, spec)| Some(((0, job.id.0), shown(call, job, spec, &people)?)));
    Ok(walk.page(shown.collect()))
}

/// Jobs of a kind that are asked for and wanted, with what they do.
pub(crate) async fn jobs(
    call: &Call,
    kind: JobKind,
    walk: &Walk,
    is_wanted: impl Fn(&JobSpec) -> bool,
) -> Result<Vec<(JobRow, JobSpec)>, ApiError> {
    let (store, workspace) = (&call.ctx().store, call.workspace());
    let Some(Span { after, before }) = call.query.span() else { return Ok(Vec::new()) };
    let read = |job: JobRow| {
        let spec = serde_json::from_str::<JobSpec>(&job.spec).ok()?;
        (job.kind == kind && is_wanted(&spec)).then_some((job, spec))
    };
    let one = match (call.query.uuid("uuid"), call.query.int("id")) {
        (Asked::Unreadable, _) | (_, Asked::Unreadable) => return Ok(Vec::new()),
        (Asked::This(uuid), _) => store.job_by_uuid(workspace, uuid.into()).await?,
        (_, Asked::This(id)) => store.job(workspace, domain::JobId(id)).await?,
        (Asked::Nothing, Asked::Nothing) => {
            // Those that are not wanted leave no gap: a page that is empty is taken for the last.
            let mut found = Vec::new();
            let mut span = walk.span();
            loop {
                let rows = store.list_jobs(workspace, kind, (after, before), span).await?;
                let more = rows.len() >= span.limit;
                span.from = rows.last().map(|job| (job.id.0, job.id.0));
                found.extend(rows.into_iter().filter_map(read));
                if found.len() >= walk.limit || !more {
                    found.truncate(walk.limit);
                    return Ok(found);
                }
            }
        }
    };
    Ok(one.and_then(read).into_iter().collect())
}

async fn send(call: &Call) -> Result<Reply, ApiError> {
    let spec = given_broadcast(call).await?;
    let job = begin(call, spec.clone()).await?;
    let people = people(call, recipients_of(&spec)).await?;
    let shown = shown(call, &job, &spec, &people).ok_or_else(ApiError::not_found)?;
    Ok(Reply::Made(shown))
}

/// The broadcast that the body describes.
pub(crate) async fn given_broadcast(call: &Call) -> Result<JobSpec, ApiError> {
    let mut given = Given::of(&call.body);
    let spec = broadcast_of(call, &mut given).await?;
    given.done()?;
    checked(call, spec).await
}

/// The broadcast that members of a body describe, as far as they can be read.
pub(crate) async fn broadcast_of(call: &Call, given: &mut Given<'_>) -> Result<BroadcastJob, ApiError> {
    let mut broadcast = translated(call, given, &uploads(call).await?);
    broadcast.template = template(call, given);
    broadcast.template_variables = variables(given);
    let mut recipients = given_audience(call, given).await?;
    recipients.exclude.not_agreed_to = optin(call, given).unwrap_or_default();
    let soft_start = soft_start(call, given);
    Ok(BroadcastJob { broadcast: Box::new(broadcast), recipients, evaluate: true, soft_start })
}

/// The same, once it is known to be possible.
pub(crate) async fn checked(call: &Call, job: BroadcastJob) -> Result<JobSpec, ApiError> {
    let said = Said::Message(job.broadcast);
    let (ctx, workspace) = (call.ctx(), call.workspace());
    let spec = soft_broadcast_spec(ctx, workspace, said, job.recipients, job.soft_start).await;
    spec.map_err(refusal)
}

/// What a broadcast that cannot be is answered.
pub(crate) fn refusal(error: BroadcastError) -> ApiError {
    match error {
        BroadcastError::Store(error) => error.into(),
        BroadcastError::Query(_) => ApiError::field("query", error.to_string()),
        BroadcastError::Exclude => ApiError::field("exclude", error.to_string()),
        BroadcastError::SoftStart => ApiError::field("soft_start", error.to_string()),
        BroadcastError::NoWorkspace
        | BroadcastError::Nobody
        | BroadcastError::Empty
        | BroadcastError::TooLong
        | BroadcastError::Missing(_)
        | BroadcastError::GoesOn(_)
        | BroadcastError::Job(_) => ApiError::whole(error.to_string()),
    }
}

/// Values of a template.
const MAX_VARIABLES: usize = 20;
/// Characters of one.
const MAX_VARIABLE: usize = 1_000;
/// Characters of a query.
const MAX_QUERY: usize = 10_000;
/// Most days for which somebody has not written.
const MAX_DAYS: i64 = 3_650;

fn template(call: &Call, given: &mut Given<'_>) -> Option<Reference<TemplateUuid>> {
    let value = given.value("template")?;
    let (uuid, name) = (uuid_of(value), value.as_str().unwrap_or_default().trim());
    let found = call.ws.assets.templates().find(|template| match uuid {
        Some(uuid) => template.uuid.0 == uuid,
        None => template.name == name,
    });
    if found.is_none() {
        given.wrong("template", format!("Not found: {name}"));
    }
    found.map(|template| Reference { uuid: template.uuid, name: template.name.clone() })
}

fn variables(given: &mut Given<'_>) -> Vec<SmolStr> {
    let mut found = Vec::new();
    let values = given.list("template_variables", MAX_VARIABLES).unwrap_or_default();
    for (place, value) in values.iter().enumerate() {
        match value.as_str().filter(|text| text.chars().count() <= MAX_VARIABLE) {
            Some(text) => found.push(text.into()),
            None => given.wrong_item(
                "template_variables",
                place,
                format!("A text of at most {MAX_VARIABLE} characters."),
            ),
        }
    }
    found
}

fn soft_start(call: &Call, given: &mut Given<'_>) -> Option<SoftStart> {
    let members = match given.value("soft_start")? {
        Value::Bool(false) => return None,
        Value::Bool(true) => return Some(SoftStart { percent: 1, release_on: None }),
        Value::Object(members) => members,
        _ => {
            given.wrong("soft_start", "Give true, or an object of percent and release_on.");
            return None;
        }
    };
    let percent = match members.get("percent") {
        None => Some(1),
        Some(value) => value.as_u64().and_then(|percent| u8::try_from(percent).ok()),
    };
    let percent = percent.filter(|percent| (1..=MAX_SOFT_START).contains(percent));
    if percent.is_none() {
        given.wrong_member("soft_start", "percent", format!("A whole number from 1 to {MAX_SOFT_START}."));
    }
    let release_on = match members.get("release_on") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let at = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
            let at = at.filter(|at| *at > call.ctx().now());
            if at.is_none() {
                given.wrong_member("soft_start", "release_on", "A moment to come, as 2027-05-01T08:30:00Z.");
            }
            at
        }
    };
    Some(SoftStart { percent: percent?, release_on })
}

/// For whom it is, by all that may be said of it; there must be somebody.
pub(crate) async fn given_audience(call: &Call, given: &mut Given<'_>) -> Result<Recipients, ApiError> {
    let query = given.text("query", MAX_QUERY).unwrap_or_default();
    let mut recipients = if query.is_empty() {
        given_recipients(call, given).await?
    } else {
        named_recipients(call, given).await?
    };
    recipients.query = query;
    if let Some(value) = given.value("exclude") {
        recipients.exclude = exclude(call, given, value);
    }
    Ok(recipients)
}

/// The name of the opt-in for which something is sent.
fn optin(call: &Call, given: &mut Given<'_>) -> Option<SmolStr> {
    let value = given.value("optin")?;
    let (uuid, name) = (uuid_of(value), value.as_str().unwrap_or_default().trim().to_lowercase());
    let found = call.definitions().optins.iter().find(|row| match uuid {
        Some(uuid) => row.uuid.0 == uuid,
        None => row.name.to_lowercase() == name,
    });
    if found.is_none() {
        given.wrong("optin", "No such opt-in.");
    }
    found.map(|row| row.name.clone())
}

fn exclude(call: &Call, given: &mut Given<'_>, value: &Value) -> Exclude {
    let Some(members) = value.as_object() else {
        given.wrong("exclude", "Expected an object of groups, query, in_a_flow and not_seen_since_days.");
        return Exclude::default();
    };
    const KNOWN: [&str; 4] = ["groups", "query", "in_a_flow", "not_seen_since_days"];
    if let Some(unknown) = members.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        given.wrong_member("exclude", unknown, "There is no such exclusion.");
    }
    let mut within = Given::of(members);
    let groups = named::groups(call, &mut within, "groups", false).unwrap_or_default();
    let query = within.text("query", MAX_QUERY).unwrap_or_default();
    let in_a_flow = within.flag("in_a_flow").unwrap_or(false);
    let days = within.value("not_seen_since_days").and_then(|_| within.int("not_seen_since_days"));
    let not_seen_since_days =
        days.and_then(|days| u32::try_from(days).ok().filter(|_| (1..=MAX_DAYS).contains(&days)));
    if days.is_some() && not_seen_since_days.is_none() {
        within.wrong("not_seen_since_days", format!("A whole number from 1 to {MAX_DAYS}."));
    }
    if let Err(ApiError::Fields(wrong)) = within.done() {
        for (name, said) in wrong {
            let said = said.get(0).and_then(Value::as_str).map_or_else(|| said.to_string(), str::to_owned);
            given.wrong_member("exclude", &name, said);
        }
    }
    let groups = groups.into_iter().map(|group| group.uuid).collect();
    Exclude { groups, query, in_a_flow, not_seen_since_days, ..Exclude::default() }
}

/// Writes a job down.
pub(crate) async fn begin(call: &Call, spec: JobSpec) -> Result<JobRow, ApiError> {
    let new = NewJob { workspace: call.workspace(), spec, unique_key: None };
    create_job(call.ctx(), new).await.map_err(|error| match error {
        JobError::Store(error) => error.into(),
        JobError::Gone | JobError::Twice | JobError::Unwritable(_) => ApiError::whole(error.to_string()),
    })
}

/// Whom the body names; there must be somebody.
pub(crate) async fn given_recipients(call: &Call, given: &mut Given<'_>) -> Result<Recipients, ApiError> {
    let recipients = named_recipients(call, given).await?;
    let nobody = ["urns", "groups", "contacts"]
        .iter()
        .all(|name| given.value(name).and_then(Value::as_array).is_none_or(Vec::is_empty));
    if nobody {
        given.wrong("non_field_errors", "Give urns, contacts or groups.");
    }
    Ok(recipients)
}

/// Whom the body names.
async fn named_recipients(call: &Call, given: &mut Given<'_>) -> Result<Recipients, ApiError> {
    let urns = named::urns(call, given, "urns").unwrap_or_default();
    let groups = named::groups(call, given, "groups", false).unwrap_or_default();
    let contacts = named::contacts(call, given, "contacts").await?.unwrap_or_default();
    Ok(Recipients {
        groups: groups.iter().map(|group| group.uuid).collect(),
        contacts: contacts.iter().map(|contact| contact.uuid).collect(),
        urns,
        ..Recipients::default()
    })
}

fn recipients(spec: &JobSpec) -> Option<&Recipients> {
    match spec {
        JobSpec::Broadcast(job) => Some(&job.recipients),
        JobSpec::StartFlow(job) => Some(&job.recipients),
        JobSpec::FillGroup(_)
        | JobSpec::PlanCampaign(_)
        | JobSpec::PlanProgrammes(_)
        | JobSpec::ImportContacts(_)
        | JobSpec::ExportContacts(_)
        | JobSpec::ExportRows(_)
        | JobSpec::ImportDefinitions(_)
        | JobSpec::ExportDefinitions(_)
        | JobSpec::Archive(_) => None,
    }
}

/// The same as what can be gone through.
pub(crate) fn recipients_of(spec: &JobSpec) -> impl Iterator<Item = &Recipients> {
    recipients(spec).into_iter()
}

/// The contacts that are named, by identifier.
pub(crate) async fn people<'r>(
    call: &Call,
    recipients: impl Iterator<Item = &'r Recipients>,
) -> Result<BTreeMap<ContactUuid, NamedContact>, ApiError> {
    let named = recipients.flat_map(|one| one.contacts.iter().copied().map(ContactNamed::Uuid)).collect();
    let found = call.ctx().store.named_contacts(call.workspace(), named).await?;
    Ok(found.into_iter().flatten().map(|contact| (contact.uuid, contact)).collect())
}

/// The contacts and groups of recipients as the API shows them.
pub(crate) fn shown_recipients(
    call: &Call,
    recipients: &Recipients,
    people: &BTreeMap<ContactUuid, NamedContact>,
) -> (Vec<Value>, Vec<Value>) {
    let contacts = recipients.contacts.iter().filter_map(|uuid| people.get(uuid));
    let groups = recipients.groups.iter().filter_map(|uuid| call.ws.assets.group(*uuid));
    (
        contacts.map(|contact| reference(contact.uuid, &contact.name)).collect(),
        groups.map(|group| reference(group.uuid, &group.name)).collect(),
    )
}

/// How far a job is.
pub(crate) fn shown_progress(job: &JobRow) -> Value {
    json!({"total": job.total.unwrap_or(-1), "started": job.done + job.left_out})
}

/// How a job stands.
pub(crate) fn status_word(job: &JobRow) -> &'static str {
    match job.status {
        JobStatus::Queued => "queued",
        JobStatus::Running => "started",
        JobStatus::Paused if job.steps > 0 => "started",
        JobStatus::Paused => "pending",
        JobStatus::Done => "completed",
        JobStatus::Failed => "failed",
        JobStatus::Cancelled => "interrupted",
    }
}

fn shown(
    call: &Call,
    job: &JobRow,
    spec: &JobSpec,
    people: &BTreeMap<ContactUuid, NamedContact>,
) -> Option<Value> {
    let JobSpec::Broadcast(broadcast) = spec else { return None };
    let (contacts, groups) = shown_recipients(call, &broadcast.recipients, people);
    let [text, attachments, quick_replies] = shown_translations(call, &broadcast.broadcast);
    let urns = broadcast.recipients.urns.iter().map(|urn| named::shown_urn(call, &urn.scheme, &urn.path));
    Some(json!({
        "id": job.id,
        "uuid": job.uuid,
        "status": status_word(job),
        "progress": shown_progress(job),
        "urns": urns.collect::<Vec<_>>(),
        "contacts": contacts,
        "groups": groups,
        "text": text,
        "attachments": attachments,
        "quick_replies": quick_replies,
        "base_language": broadcast.broadcast.base_language,
        "created_on": moment(job.created_on),
        "query": Some(&broadcast.recipients.query).filter(|query| !query.is_empty()),
        "exclude": shown_exclude(call, &broadcast.recipients.exclude),
        "optin": shown_optin(call, &broadcast.recipients.exclude),
        "template": broadcast.broadcast.template.as_ref().map(|found| reference(found.uuid, &found.name)),
        "template_variables": broadcast.broadcast.template_variables,
        "soft_start": broadcast.soft_start.map(|soft| json!({
            "percent": soft.percent,
            "release_on": moment_or_null(soft.release_on),
            "held": held_since_soft_start(job),
        })),
        "paused": job.status == JobStatus::Paused,
        "left_out": job.left_out,
    }))
}

/// The opt-in for which something is sent; null without one, or if it has another name by now.
fn shown_optin(call: &Call, exclude: &Exclude) -> Value {
    let found = call.definitions().optins.iter().find(|row| row.name == exclude.not_agreed_to);
    found.map_or(Value::Null, |row| reference(row.uuid, &row.name))
}

pub(crate) fn shown_exclude(call: &Call, exclude: &Exclude) -> Value {
    if (Exclude { not_agreed_to: SmolStr::default(), ..exclude.clone() }).is_nobody() {
        return Value::Null;
    }
    let groups = exclude.groups.iter().filter_map(|uuid| call.ws.assets.group(*uuid));
    let groups: Vec<Value> = groups.map(|group| reference(group.uuid, &group.name)).collect();
    json!({
        "groups": groups,
        "query": Some(&exclude.query).filter(|query| !query.is_empty()),
        "in_a_flow": exclude.in_a_flow,
        "not_seen_since_days": exclude.not_seen_since_days,
    })
}
