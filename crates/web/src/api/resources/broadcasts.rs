//! `broadcasts.json`: messages to many.

use std::collections::BTreeMap;

use domain::ContactUuid;
use node::limits;
use operations::{BroadcastJob, JobError, JobSpec, NewJob, Recipients, create_job};
use serde_json::{Value, json};
use store::{ContactNamed, JobKind, JobRow, JobStatus, NamedContact};

use crate::api::call::{Asked, Call, Reply, Span};
use crate::api::endpoint::{AFTER, BEFORE, Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::named;
use crate::api::page::Walk;
use crate::api::said::{ATTACHMENT, QUICK_REPLY, shown_translations, translated, uploads};
use crate::api::shape::{Prop, REFS, Shape, TEXTS, TRANSLATED, prop};
use crate::api::words::{moment, reference};

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

const BODY: &[Prop] = &[
    prop("text", TRANSLATED, "Text, or one for each language; at most 4,096 characters"),
    prop("attachments", Shape::Any, "Files as `type:address`, or such a list for each language"),
    prop("quick_replies", Shape::Any, "Suggested answers, or such a list for each language"),
    prop("base_language", Shape::Text, "The language for those for whom there is no other"),
    prop("urns", TEXTS, "Addresses, at most 100"),
    prop("contacts", TEXTS, "Contacts by identifier or address, at most 100"),
    prop("groups", TEXTS, "Groups by identifier or name, at most 100"),
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
];

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
    let mut given = Given::of(&call.body);
    let broadcast = translated(call, &mut given, &uploads(call).await?);
    let recipients = given_recipients(call, &mut given).await?;
    given.done()?;
    let spec = JobSpec::Broadcast(BroadcastJob { broadcast: Box::new(broadcast), recipients });
    let job = begin(call, spec.clone()).await?;
    let people = people(call, recipients_of(&spec)).await?;
    let shown = shown(call, &job, &spec, &people).ok_or_else(ApiError::not_found)?;
    Ok(Reply::Made(shown))
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
    let urns = named::urns(call, given, "urns").unwrap_or_default();
    let groups = named::groups(call, given, "groups", false).unwrap_or_default();
    let contacts = named::contacts(call, given, "contacts").await?.unwrap_or_default();
    let nobody = ["urns", "groups", "contacts"]
        .iter()
        .all(|name| given.value(name).and_then(Value::as_array).is_none_or(Vec::is_empty));
    if nobody {
        given.wrong("non_field_errors", "Give urns, contacts or groups.");
    }
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
        | JobSpec::ImportContacts(_)
        | JobSpec::ExportContacts(_)
        | JobSpec::ImportDefinitions(_)
        | JobSpec::ExportDefinitions(_) => None,
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
    }))
}
