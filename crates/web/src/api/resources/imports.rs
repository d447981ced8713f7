//! `imports.json`: people out of files. A file is handed in and looked at, somebody says what its columns are, and a job
//! brings its lines in.

use domain::{GroupUuid, JobUuid, Reference};
use node::limits;
use operations::{
    ColumnError, ContactColumn, ContactFileError, ContactIntake, ImportContactsJob, JobError, JobSpec,
    Workspace, confirm_import, save_field, save_group, set_job_status,
};
use serde_json::{Value, json};
use smol_str::SmolStr;
use store::{JobKind, JobRow, JobStatus};

use super::broadcasts::jobs;
use crate::api::call::{Asked, Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles, UUID};
use crate::api::error::ApiError;
use crate::api::given::Given;
use crate::api::named;
use crate::api::page::Walk;
use crate::api::shape::{Prop, REFS, Shape, TEXTS, prop};
use crate::api::words::{moment, moment_or_null, reference};

pub(crate) static RESOURCE: Resource = Resource {
    name: "imports",
    alias: None,
    about: "Files of contacts that are brought in, the latest first.",
    limit: &limits::API,
    endpoints: &[
        Endpoint::list(Roles::READERS, "Imports, with how far they are", &[UUID], PROPS, |call| {
            Box::pin(list(call))
        }),
        Endpoint::save(
            Roles::EDITORS,
            "Takes a file (multipart/form-data with `file`: CSV or .xlsx) and shows what its columns seem to be; with \
             `uuid` lets the import of one begin",
            &[UUID],
            BODY,
            PROPS,
            |call| Box::pin(save(call)),
        )
        .with_upload(),
        Endpoint::delete(
            Roles::EDITORS,
            "Ends an import; those who were brought in stay",
            &[UUID],
            &["uuid"],
            |call| Box::pin(cancel(call)),
        ),
    ],
};

const BODY: &[Prop] = &[
    prop(
        "mappings",
        TEXTS,
        "What each column is, in their order: `Name`, `Language`, `Status`, `Contact UUID`, `URNs`, `URN:tel`, \
         `Field:…`, `Group:…`, `Groups`; null for one that is passed over. Without it, what was guessed",
    )
    .or_null(),
    prop("groups", TEXTS, "Groups that everybody of the file joins, by identifier or name"),
    prop("create_missing", Shape::Bool, "Whether fields and groups that the columns name and that are not there are made"),
];

const COLUMN: Shape = Shape::Object(&[
    prop("header", Shape::Text, "What stands in the first line"),
    prop("mapping", Shape::Text, "What the column is; null for one that is passed over").or_null(),
    prop("examples", TEXTS, "Its first cells"),
]);

const STATUS: Shape =
    Shape::Word(&["preview", "queued", "started", "paused", "completed", "failed", "interrupted"]);

const PROGRESS: Shape = Shape::Object(&[
    prop("total", Shape::Int, "Lines"),
    prop("done", Shape::Int, "Lines that were brought in"),
    prop("left_out", Shape::Int, "Lines that were not"),
]);

const PROPS: &[Prop] = &[
    prop("uuid", Shape::Uuid, "Identifier"),
    prop("file", Shape::Text, "Name of the file"),
    prop("status", STATUS, "How it stands; `preview` until its columns are confirmed"),
    prop("columns", Shape::List(&COLUMN), "The columns of the file"),
    prop("groups", REFS, "Groups that everybody of the file joins"),
    prop("progress", PROGRESS, "How far it is"),
    prop(
        "errors_url",
        Shape::Text,
        "Where the lines that were left out can be fetched as CSV, with the reasons",
    )
    .or_null(),
    prop("error", Shape::Text, "What went wrong with the whole").or_null(),
    prop("created_on", Shape::Moment, "When it was handed in"),
    prop("created_by", Shape::Text, "Name of who handed it in").or_null(),
    prop("ended_on", Shape::Moment, "When it ended").or_null(),
];

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let walk = Walk::of(call, false)?;
    let found = jobs(call, JobKind::ImportContacts, &walk, |_| true).await?;
    let shown = found.iter().filter_map(|(job, spec)| Some(((0, job.id.0), shown(call, job, spec)?)));
    Ok(walk.page(shown.collect()))
}

async fn save(call: &Call) -> Result<Reply, ApiError> {
    match (call.wanted("uuid")?, call.take_upload()) {
        (None, Some(mut upload)) => {
            let missing = || ApiError::field("file", "This field is required.");
            let name = upload.file("file").await?.ok_or_else(missing)?;
            let user = Reference { uuid: call.user.uuid, name: call.user.name.clone() };
            let begun = ContactIntake::begin(call.ctx(), call.workspace(), &name, Some(user), false).await;
            let mut intake = begun.map_err(refused)?;
            let taken = async {
                while let Some(piece) = upload.next().await? {
                    intake.take(&piece).await.map_err(refused)?;
                }
                intake.end().await.map_err(refused)
            };
            let taken = taken.await;
            if taken.is_err() {
                intake.give_up().await;
            }
            answer(call, taken?, true)
        }
        (None, None) => {
            Err(ApiError::field("file", "Send the file as multipart/form-data, or name an import by `uuid`."))
        }
        (Some(_), Some(_)) => Err(ApiError::query("An import that has its file takes JSON.")),
        (Some(uuid), None) => confirm(call, JobUuid(uuid)).await,
    }
}

async fn confirm(call: &Call, uuid: JobUuid) -> Result<Reply, ApiError> {
    let job = call.ctx().store.job_by_uuid(call.workspace(), uuid).await?;
    let job = job.filter(|job| job.kind == JobKind::ImportContacts).ok_or_else(ApiError::not_found)?;
    let mut given = Given::of(&call.body);
    let makes = given.flag("create_missing") == Some(true);
    let groups: Vec<GroupUuid> = named::groups(call, &mut given, "groups", true)
        .map(|groups| groups.iter().map(|group| group.uuid).collect())
        .unwrap_or_default();
    let listed = given.list("mappings", 1_000).map(<[Value]>::to_vec);
    given.done()?;
    let columns = match listed {
        Some(listed) => Some(mapped(call, &listed, makes).await?),
        None => None,
    };
    let begun = confirm_import(call.ctx(), call.workspace(), job.uuid, columns, groups).await;
    answer(call, begun.map_err(refused)?, false)
}

/// What the columns are said to be. Fields and groups that are not there are made, if that is wanted.
async fn mapped(call: &Call, listed: &[Value], makes: bool) -> Result<Vec<ContactColumn>, ApiError> {
    let mut given = Given::of(&call.body);
    let mut ws = call.ws.clone();
    let mut columns = Vec::with_capacity(listed.len());
    for (place, value) in listed.iter().enumerate() {
        let name = match value {
            Value::Null => SmolStr::default(),
            Value::String(text) => text.trim().into(),
            _ => {
                given.wrong_item("mappings", place, "Not a valid string.");
                continue;
            }
        };
        let mut read = ContactColumn::read(&name, &ws);
        if let (true, Err(ColumnError::Missing { kind, name: missing })) = (makes, &read) {
            match make(call, kind, missing).await {
                Ok(()) => {
                    let ctx = call.ctx();
                    let fresh = ctx.registry.workspace(ctx, call.workspace()).await?;
                    ws = fresh.ok_or_else(ApiError::not_found)?;
                    read = ContactColumn::read(&name, &ws);
                }
                Err(ApiError::Fields(wrong)) => {
                    given.wrong_item("mappings", place, said(&Value::Object(wrong)));
                    continue;
                }
                Err(other) => return Err(other),
            }
        }
        match read {
            Ok(column) => columns.push(column),
            Err(error) => given.wrong_item("mappings", place, error.to_string()),
        }
    }
    given.done()?;
    Ok(columns)
}

/// Makes a field for texts, or a group that is filled by hand.
async fn make(call: &Call, kind: &str, name: &str) -> Result<(), ApiError> {
    let (ctx, workspace) = (call.ctx(), call.workspace());
    match kind {
        "field" => drop(save_field(ctx, workspace, None, name, domain::FieldType::Text).await?),
        _ => drop(save_group(ctx, workspace, None, Some(name), None).await?),
    }
    Ok(())
}

/// The first thing that is said of members that are wrong.
fn said(wrong: &Value) -> String {
    let first = wrong.as_object().and_then(|members| members.values().next());
    first.and_then(|said| said[0].as_str()).unwrap_or("It cannot be made.").to_owned()
}

async fn cancel(call: &Call) -> Result<Reply, ApiError> {
    let uuid = call.wanted("uuid")?.ok_or_else(ApiError::not_found)?;
    let job = call.ctx().store.job_by_uuid(call.workspace(), JobUuid(uuid)).await?;
    let job = job.filter(|job| job.kind == JobKind::ImportContacts).ok_or_else(ApiError::not_found)?;
    match set_job_status(call.ctx(), call.workspace(), job.id, JobStatus::Cancelled).await {
        Ok(()) | Err(JobError::Gone) => Ok(Reply::Done),
        Err(JobError::Store(error)) => Err(error.into()),
        Err(error @ (JobError::Twice | JobError::Unwritable(_))) => Err(ApiError::whole(error.to_string())),
    }
}

fn refused(error: ContactFileError) -> ApiError {
    match error {
        ContactFileError::NoWorkspace => ApiError::not_found(),
        ContactFileError::Gone => ApiError::whole(error.to_string()),
        ContactFileError::Columns(_) | ContactFileError::Count(_) => {
            ApiError::field("mappings", error.to_string())
        }
        ContactFileError::Job(JobError::Store(error)) => error.into(),
        ContactFileError::TooLarge
        | ContactFileError::NotText
        | ContactFileError::Workbook(_)
        | ContactFileError::Header(_)
        | ContactFileError::Empty
        | ContactFileError::TooWide
        | ContactFileError::Job(_) => ApiError::field("file", error.to_string()),
    }
}

fn answer(call: &Call, job: JobRow, made: bool) -> Result<Reply, ApiError> {
    let spec = serde_json::from_str(&job.spec).map_err(|_| ApiError::not_found())?;
    let value = shown(call, &job, &spec).ok_or_else(ApiError::not_found)?;
    Ok(Reply::saved(made, value))
}

fn shown(call: &Call, job: &JobRow, spec: &JobSpec) -> Option<Value> {
    let JobSpec::ImportContacts(import) = spec else { return None };
    let groups = import.groups.iter().filter_map(|uuid| {
        let group = call.definitions().groups.iter().find(|group| group.uuid == *uuid)?;
        Some(reference(group.uuid, &group.name))
    });
    let errors = format!("{}/api/v2/import_errors.json?uuid={}", call.base, job.uuid);
    Some(json!({
        "uuid": job.uuid,
        "file": import.file,
        "status": status(job, import.waits),
        "columns": columns(&call.ws, import),
        "groups": groups.collect::<Vec<_>>(),
        "progress": {"total": job.total.unwrap_or(0), "done": job.done, "left_out": job.left_out},
        "errors_url": (job.left_out > 0).then_some(errors),
        "error": job.error.as_ref().filter(|_| !import.waits),
        "created_on": moment(job.created_on),
        "created_by": import.user.as_ref().map(|user| &user.name),
        "ended_on": moment_or_null(job.ended_on),
    }))
}

fn columns(ws: &Workspace, import: &ImportContactsJob) -> Vec<Value> {
    let column = |(place, (name, column)): (usize, (&SmolStr, &ContactColumn))| {
        let examples = import.preview.iter().map(|line| line.get(place).cloned().unwrap_or_default());
        json!({"header": name, "mapping": column.called(ws), "examples": examples.collect::<Vec<_>>()})
    };
    import.header.iter().zip(&import.columns).enumerate().map(column).collect()
}

fn status(job: &JobRow, waits: bool) -> &'static str {
    match job.status {
        JobStatus::Paused if waits => "preview",
        JobStatus::Paused => "paused",
        JobStatus::Queued => "queued",
        JobStatus::Running => "started",
        JobStatus::Done => "completed",
        JobStatus::Failed => "failed",
        JobStatus::Cancelled => "interrupted",
    }
}

/// The import that the address names.
pub(crate) async fn named_import(call: &Call) -> Result<JobRow, ApiError> {
    let Asked::This(uuid) = call.query.uuid("uuid") else { return Err(ApiError::not_found()) };
    let job = call.ctx().store.job_by_uuid(call.workspace(), JobUuid(uuid)).await?;
    job.filter(|job| job.kind == JobKind::ImportContacts).ok_or_else(ApiError::not_found)
}
