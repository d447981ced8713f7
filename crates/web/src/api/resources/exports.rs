//! `exports.json`: files that jobs make: contacts as CSV or Excel, definitions as JSON.

use node::limits;
use operations::{
    ExportRowsJob, JobError, JobSpec, RowsFormat, RowsKind, SheetFormat, export_contacts,
    export_definitions_later, export_rows, set_job_status,
};
use serde_json::{Value, json};
use smol_str::{SmolStr, format_smolstr};
use store::{JobKind, JobRow, JobStatus};

use super::broadcasts::jobs;
use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID};
use crate::api::error::ApiError;
use crate::api::given::{Given, MAX_ITEMS, uuid_of};
use crate::api::named;
use crate::api::page::Walk;
use crate::api::shape::{Prop, Shape, TEXTS, prop};
use crate::api::words::{moment, moment_or_null};

/// Characters of a query.
const MAX_QUERY: usize = 10_000;
/// The specification of flows in exports of definitions.
const SPECIFICATION: &str = "13.6.1";

pub(crate) static RESOURCE: Resource = Resource {
    name: "exports",
    alias: None,
    about: "Files that are made for people to fetch, the latest first.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(Roles::EDITORS, "Exports, with how far they are", &[UUID], PROPS, |call| {
            Box::pin(list(call))
        }),
        Endpoint::save(Roles::EDITORS, "Asks for a file", &[], BODY, PROPS, |call| Box::pin(save(call))),
        Endpoint::delete(Roles::EDITORS, "Ends one that is not done", &[UUID], &["uuid"], |call| {
            Box::pin(cancel(call))
        }),
    ],
};

const BODY: &[Prop] = &[
    prop("type", TYPE, "What is written; `contacts` without it"),
    prop(
        "format",
        GIVEN_FORMAT,
        "As what, `csv` without it; `jsonl` of messages and results, `flow_results` of one flow",
    ),
    prop("after", Shape::Moment, "Messages written, and runs changed, not before this").or_null(),
    prop("before", Shape::Moment, "And not after this").or_null(),
    prop("group", Shape::Text, "Only members of this group, by identifier or name"),
    prop("query", Shape::Text, "Only contacts whom this query fits"),
    prop("flows", TEXTS, "Flows of definitions or results, by identifier or name; all without them"),
];

const TYPES: [&str; 4] = ["contacts", "definitions", "messages", "results"];
const TYPE: Shape = Shape::Word(&TYPES);
const GIVEN_FORMAT: Shape = Shape::Word(&["csv", "xlsx", "jsonl", "flow_results"]);

const STATUS: Shape = Shape::Word(&["queued", "started", "paused", "completed", "failed", "interrupted"]);

const PROGRESS: Shape = Shape::Object(&[
    prop("total", Shape::Int, "For how many it is; -1 while that is not known"),
    prop("done", Shape::Int, "How many are written"),
]);

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("type", TYPE, "What is written"),
    prop("format", Shape::Word(&["csv", "xlsx", "json", "jsonl", "flow_results"]), "As what"),
    prop("query", Shape::Text, "Whom it is about; null for everybody").or_null(),
    prop("status", STATUS, "How it stands"),
    prop("progress", PROGRESS, "How far it is"),
    prop("download_url", Shape::Text, "Where the file is, with a token of the workspace, for a week")
        .or_null(),
    prop("error", Shape::Text, "What went wrong").or_null(),
    prop("created_on", Shape::Moment, "When it was asked for"),
    prop("created_by", Shape::Text, "Name of who asked for it").or_null(),
    prop("ended_on", Shape::Moment, "When it ended").or_null(),
];

const KINDS: [JobKind; 3] = [JobKind::ExportContacts, JobKind::ExportDefinitions, JobKind::ExportRows];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let mut found = Vec::new();
    for kind in KINDS {
        found.extend(jobs(call, kind, &walk, |_| true).await?);
    }
    found.sort_by_key(|(job, _)| if walk.up { job.id.0 } else { -job.id.0 });
    found.truncate(walk.limit);
    let shown = found.iter().filter_map(|(job, spec)| Some(((0, job.id.0), shown(call, job, spec)?)));
    Ok(walk.page(shown.collect()))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    let kind = given.word("type", &TYPES).unwrap_or("contacts");
    let format = given.word("format", &["csv", "xlsx", "jsonl", "flow_results"]).unwrap_or("csv");
    let rows = match kind {
        "messages" => Some(RowsKind::Messages),
        "results" => Some(RowsKind::Results),
        _ => None,
    };
    if rows.is_none() && !["csv", "xlsx"].contains(&format) {
        given.wrong("format", format!("\"{format}\" is not a valid choice."));
    }
    let query = query(call, &mut given);
    let flows = flows(call, &mut given);
    let (after, before) = (moment_of(&mut given, "after"), moment_of(&mut given, "before"));
    given.done()?;
    let (ctx, workspace) = (call.ctx(), call.workspace());
    let user = domain::Reference { uuid: call.user.uuid, name: call.user.name.clone() };
    let job = match (kind, rows) {
        (_, Some(rows)) => {
            let format = match format {
                "xlsx" => RowsFormat::Xlsx,
                "jsonl" => RowsFormat::Jsonl,
                "flow_results" => RowsFormat::FlowResults,
                _ => RowsFormat::Csv,
            };
            let flows = flows.iter().filter_map(|uuid| uuid.parse().ok()).collect();
            let export = ExportRowsJob { rows, format, flows, after, before, user: Some(user) };
            export_rows(ctx, workspace, export).await
        }
        ("contacts", None) => {
            let format = if format == "xlsx" { SheetFormat::Xlsx } else { SheetFormat::Csv };
            export_contacts(ctx, workspace, &query, format, Some(user)).await
        }
        (_, None) => export_definitions_later(ctx, workspace, flows, SPECIFICATION, &call.base).await,
    };
    let job = job.map_err(refused)?;
    let spec = serde_json::from_str(&job.spec).map_err(|_| ApiError::not_found())?;
    Ok(Reply::Made(shown(call, &job, &spec).ok_or_else(ApiError::not_found)?))
}

fn moment_of(given: &mut Given<'_>, name: &str) -> Option<jiff::Timestamp> {
    let value = given.value(name)?;
    let read = value.as_str().and_then(|text| text.parse().ok());
    if read.is_none() {
        given.wrong(name, "A moment is required, such as 2026-05-01T08:30:00Z.");
    }
    read
}

fn refused(error: JobError) -> ApiError {
    match error {
        JobError::Store(error) => error.into(),
        JobError::Gone | JobError::Twice | JobError::Unwritable(_) => ApiError::whole(error.to_string()),
    }
}

/// Whom an export of contacts is about, as a query.
fn query(call: &Call, given: &mut Given<'_>) -> SmolStr {
    let text = given.any_text("query", MAX_QUERY).unwrap_or_default();
    if !text.is_empty()
        && let Err(error) = call.ws.query(&text, call.ctx().now())
    {
        given.wrong("query", error.to_string());
    }
    let Some(value) = given.value("group") else { return text };
    match named::group(call, value) {
        Some(_) if !text.is_empty() => given.wrong("group", "Give a group or a query."),
        Some(group) => return format_smolstr!("group = \"{}\"", group.name),
        None => given.wrong("group", format!("Not found: {}", value.as_str().unwrap_or_default())),
    }
    text
}

fn flows(call: &Call, given: &mut Given<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for (place, value) in given.list("flows", MAX_ITEMS).unwrap_or_default().iter().enumerate() {
        let (uuid, name) = (uuid_of(value), value.as_str().unwrap_or_default().trim().to_lowercase());
        let fits = |flow: &&store::FlowRow| match uuid {
            Some(uuid) => flow.uuid.0 == uuid,
            None => flow.name.to_lowercase() == name,
        };
        match call.definitions().flows.iter().find(fits) {
            Some(flow) => found.push(flow.uuid.to_string()),
            None => given.wrong_item("flows", place, format!("Not found: {name}")),
        }
    }
    found
}

async fn cancel(call: &Call) -> Result<Reply, ApiError> {
    let job = named_export(call).await?;
    match set_job_status(call.ctx(), call.workspace(), job.id, JobStatus::Cancelled).await {
        Ok(()) | Err(JobError::Gone) => Ok(Reply::Done),
        Err(error) => Err(refused(error)),
    }
}

/// The export that the address names.
pub(crate) async fn named_export(call: &Call) -> Result<JobRow, ApiError> {
    let uuid = call.wanted("uuid")?.ok_or_else(ApiError::not_found)?;
    let job = call.ctx().store.job_by_uuid(call.workspace(), uuid.into()).await?;
    job.filter(|job| KINDS.contains(&job.kind)).ok_or_else(ApiError::not_found)
}

fn shown(call: &Call, job: &JobRow, spec: &JobSpec) -> Option<Value> {
    let (kind, format, query, user) = match spec {
        JobSpec::ExportContacts(export) => {
            ("contacts", export.format.word(), &export.query, export.user.as_ref())
        }
        JobSpec::ExportRows(export) => {
            (export.rows.word(), export.format.word(), &SmolStr::default(), export.user.as_ref())
        }
        JobSpec::ExportDefinitions(_) => ("definitions", "json", &SmolStr::default(), None),
        _ => return None,
    };
    let status = match job.status {
        JobStatus::Queued => "queued",
        JobStatus::Running => "started",
        JobStatus::Paused => "paused",
        JobStatus::Done => "completed",
        JobStatus::Failed => "failed",
        JobStatus::Cancelled => "interrupted",
    };
    let address = format!("{}/api/v2/export_files.json?uuid={}", call.base, job.uuid);
    Some(json!({
        "uuid": job.uuid,
        "type": kind,
        "format": format,
        "query": Some(query).filter(|query| !query.is_empty()),
        "status": status,
        "progress": {"total": job.total.unwrap_or(-1), "done": job.done},
        "download_url": (job.status == JobStatus::Done).then_some(address),
        "error": job.error,
        "created_on": moment(job.created_on),
        "created_by": user.map(|user| &user.name),
        "ended_on": moment_or_null(job.ended_on),
    }))
}
