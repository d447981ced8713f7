//! `broadcast_actions.json`: broadcasts rest, go on or end.

use domain::JobId;
use node::limits;
use operations::{JobError, release_broadcast, set_job_status};
use serde_json::Value;
use store::{JobKind, JobRow, JobStatus};

use crate::api::call::{Call, Reply};
use crate::api::endpoint::{Endpoint, Resource, Roles};
use crate::api::error::ApiError;
use crate::api::given::{Given, MAX_ITEMS, uuid_of};
use crate::api::shape::{Prop, Shape, TEXTS, prop};

pub(crate) static RESOURCE: Resource = Resource {
    name: "broadcast_actions",
    alias: None,
    about: "Something that is done with several broadcasts.",
    limit: &limits::API,
    endpoints: &[Endpoint::act(
        Roles::EDITORS,
        "Does it with all of them; those with which it cannot be done come back",
        BODY,
        |call| Box::pin(act(call)),
    )],
};

const ACTIONS: [&str; 4] = ["pause", "resume", "stop", "release"];

const BODY: &[Prop] = &[
    prop("broadcasts", TEXTS, "Broadcasts by identifier or number, at most 100"),
    prop(
        "action",
        Shape::Word(&ACTIONS),
        "`pause`, `resume`, `stop` for good, or `release` those who wait since a soft start",
    ),
];

async fn act(call: &Call) -> Result<Reply, ApiError> {
    let mut given = Given::of(&call.body);
    for name in ["broadcasts", "action"] {
        if !given.has(name) {
            given.wrong(name, "This field is required.");
        }
    }
    let named = given.list("broadcasts", MAX_ITEMS).unwrap_or_default();
    let action = given.word("action", &ACTIONS);
    given.done()?;
    let action = action.ok_or_else(|| ApiError::whole("Invalid data."))?;
    let mut failures = Vec::new();
    for value in named {
        let done = match job(call, value).await? {
            Some(job) => steer(call, &job, action).await?,
            None => false,
        };
        if !done {
            failures.push(value.clone());
        }
    }
    Ok(if failures.is_empty() { Reply::Done } else { Reply::Failures(failures) })
}

async fn job(call: &Call, named: &Value) -> Result<Option<JobRow>, ApiError> {
    let (store, workspace) = (&call.ctx().store, call.workspace());
    let found = match (uuid_of(named), named.as_i64()) {
        (Some(uuid), _) => store.job_by_uuid(workspace, uuid.into()).await?,
        (None, Some(id)) => store.job(workspace, JobId(id)).await?,
        (None, None) => None,
    };
    Ok(found.filter(|job| job.kind == JobKind::Broadcast))
}

/// Answers whether it was done.
async fn steer(call: &Call, job: &JobRow, action: &str) -> Result<bool, ApiError> {
    let (ctx, workspace) = (call.ctx(), call.workspace());
    let done = match action {
        "pause" => set_job_status(ctx, workspace, job.id, JobStatus::Paused).await,
        // What does not rest goes on already.
        "resume" if job.status != JobStatus::Paused => return Ok(job.ended_on.is_none()),
        "resume" => set_job_status(ctx, workspace, job.id, JobStatus::Running).await,
        "stop" => set_job_status(ctx, workspace, job.id, JobStatus::Cancelled).await,
        _ => release_broadcast(ctx, workspace, job.id).await,
    };
    match done {
        Ok(()) => Ok(true),
        Err(JobError::Store(error)) => Err(error.into()),
        Err(JobError::Gone | JobError::Twice | JobError::Unwritable(_)) => Ok(false),
    }
}
