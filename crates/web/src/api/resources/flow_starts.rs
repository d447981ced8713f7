//! `flow_starts.json`: a flow is started for many.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{ContactUuid, FlowUuid, Reference};
use node::limits;
use operations::{JobSpec, StartJob, StartedBy};
use serde_json::{Value, json};
use store::{JobKind, JobRow, NamedContact};

use super::broadcasts::{
    PROGRESS, STATUS, begin, given_audience, jobs, people, recipients_of, shown_progress, shown_recipients,
    status_word,
};
use crate::api::call::{Call, Reply};
use crate::api::endpoint::{AFTER, BEFORE, Endpoint, Resource, Roles, UUID, param};
use crate::api::error::ApiError;
use crate::api::given::{Given, uuid_of};
use crate::api::page::Walk;
use crate::api::shape::{Prop, REF, REFS, Shape, TEXTS, prop};
use crate::api::words::{moment, reference};

/// Characters of the parameters as JSON.
const MAX_PARAMS: usize = 10_000;

pub(crate) static RESOURCE: Resource = Resource {
    name: "flow_starts",
    alias: None,
    about: "Flows that people or programs started for others, the latest first.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(
            Roles::READERS,
            "Starts of flows",
            &[UUID, param("id", Shape::Int, "Only the one with this number"), BEFORE, AFTER],
            PROPS,
            |call| Box::pin(list(call)),
        ),
        Endpoint::save(Roles::EDITORS, "Starts a flow for contacts", &[], BODY, PROPS, |call| {
            Box::pin(start(call))
        }),
    ],
};

const BODY: &[Prop] = &[
    prop("flow", Shape::Uuid, "The flow"),
    prop("urns", TEXTS, "Addresses, at most 100"),
    prop("contacts", TEXTS, "Contacts by identifier or address, at most 100"),
    prop("groups", TEXTS, "Groups by identifier or name, at most 100"),
    prop(
        "restart_participants",
        Shape::Bool,
        "Also those who have been in the flow before; if left out, yes",
    ),
    prop("exclude_active", Shape::Bool, "Not those who are in a flow now; if left out, no"),
    prop(
        "params",
        Shape::Any,
        "An object of at most 10,000 characters that the flow reads as `@trigger.params`",
    ),
    prop("extra", Shape::Any, "The same, from older clients"),
];

const PROPS: &[Prop] = &[
    prop("id", Shape::Int, "Number"),
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("flow", REF, "The flow").or_null(),
    prop("status", STATUS, "How it stands"),
    prop("progress", PROGRESS, "How far it is"),
    prop("groups", REFS, "Groups that it is for"),
    prop("contacts", REFS, "Contacts that it is for"),
    prop("params", Shape::Any, "What the flow reads as `@trigger.params`").or_null(),
    prop("extra", Shape::Any, "The same, for older clients").or_null(),
    prop("restart_participants", Shape::Bool, "Also those who have been in the flow before"),
    prop("exclude_active", Shape::Bool, "Not those who are in a flow"),
    prop("created_on", Shape::Moment, "When it was asked for"),
    prop("modified_on", Shape::Moment, "When it last moved"),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let by_people = |spec: &JobSpec| match spec {
        JobSpec::StartFlow(start) => matches!(start.started_by, StartedBy::Person { .. }),
        _ => false,
    };
    let jobs = jobs(call, JobKind::StartFlow, &walk, by_people).await?;
    let people = people(call, jobs.iter().flat_map(|(_, spec)| recipients_of(spec))).await?;
    let shown = jobs.iter().filter_map(|(job, spec)| Some(((0, job.id.0), shown(call, job, spec, &people)?)));
    Ok(walk.page(shown.collect()))
}

async fn start(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    let start = start_of(call, &mut given).await?;
    given.done()?;
    let spec = JobSpec::StartFlow(start.ok_or_else(ApiError::not_found)?);
    let job = begin(call, spec.clone()).await?;
    let people = people(call, recipients_of(&spec)).await?;
    Ok(Reply::Made(shown(call, &job, &spec, &people).ok_or_else(ApiError::not_found)?))
}

/// The start that members of a body describe, as far as they can be read.
pub(crate) async fn start_of(call: &Call, given: &mut Given<'_>) -> Result<Option<StartJob>, ApiError> {
    let flow = flow(call, given);
    let recipients = given_audience(call, given).await?;
    let restart = given.flag("restart_participants").unwrap_or(true);
    let exclude = given.flag("exclude_active").unwrap_or(false);
    let params = params(given);
    Ok(flow.map(|flow| StartJob {
        flow,
        recipients,
        skip_in_a_flow: exclude,
        not_again: !restart,
        params: params.map(Arc::new),
        started_by: StartedBy::Person {
            user: Some(Reference { uuid: call.user.uuid, name: call.user.name.clone() }),
            origin: Some("api".into()),
        },
    }))
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

fn params(given: &mut Given<'_>) -> Option<Value> {
    let name = if given.value("params").is_some() { "params" } else { "extra" };
    let value = given.value(name)?;
    if !value.is_object() {
        given.wrong(name, "Must be a valid JSON object.");
        return None;
    }
    if value.to_string().chars().count() > MAX_PARAMS {
        given.wrong(name, format!("Ensure this field has no more than {MAX_PARAMS} characters."));
        return None;
    }
    Some(value.clone())
}

fn shown(
    call: &Call,
    job: &JobRow,
    spec: &JobSpec,
    people: &BTreeMap<ContactUuid, NamedContact>,
) -> Option<Value> {
    let JobSpec::StartFlow(start) = spec else { return None };
    let (contacts, groups) = shown_recipients(call, &start.recipients, people);
    let flow = call.ws.flow(start.flow);
    Some(json!({
        "id": job.id,
        "uuid": job.uuid,
        "flow": flow.map(|flow| reference(flow.uuid, &flow.name)),
        "status": status_word(job),
        "progress": shown_progress(job),
        "groups": groups,
        "contacts": contacts,
        "params": start.params,
        "extra": start.params,
        "restart_participants": !start.not_again,
        "exclude_active": start.skip_in_a_flow,
        "created_on": moment(job.created_on),
        "modified_on": moment(job.modified_on),
    }))
}
