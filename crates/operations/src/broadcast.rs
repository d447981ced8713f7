//! Somebody tells many people something, or starts a flow for many: checked here, done by a job.

use std::sync::Arc;

use domain::{FlowUuid, JobUuid, QueryError, WorkspaceId};
use flows::events::{BroadcastContent, BroadcastCreated};
use smol_str::SmolStr;
use store::{JobRow, StoreError};
use thiserror::Error;

use crate::{
    Context, Workspace,
    jobs::{
        BroadcastJob, JobError, JobSpec, NewJob, Recipients, SoftStart, StartJob, StartedBy,
        count_recipients, create_job,
    },
};

/// Characters of a text that is told to many.
pub const MAX_BROADCAST_CHARS: usize = 4_096;

/// What is done for each.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// They are told this, in the workspace's first language. Expressions in it are evaluated for each.
    Text(String),
    /// They are told this, in the language of each as far as there is one. Expressions in it are evaluated for each.
    Message(Box<BroadcastCreated>),
    /// This flow starts for them.
    Flow {
        /// The flow.
        flow: FlowUuid,
        /// Whether people who are in a flow are left in it.
        skip_in_a_flow: bool,
    },
}

/// Percent of the people whom a soft start may tell first.
pub const MAX_SOFT_START: u8 = 50;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Broadcast {
    /// Owner.
    pub workspace: WorkspaceId,
    /// What is done.
    pub said: Said,
    /// For whom.
    pub to: Recipients,
    /// While one with this key goes on, another is not begun.
    pub unique_key: Option<SmolStr>,
}

/// Why nothing is begun.
#[derive(Debug, Clone, Error)]
pub enum BroadcastError {
    /// There is no such workspace.
    #[error("there is no such workspace")]
    NoWorkspace,
    /// Nobody is named.
    #[error("say to whom: a group, a query or contacts")]
    Nobody,
    /// There is nothing to say.
    #[error("there is nothing to say")]
    Empty,
    /// There is too much to say.
    #[error("the text has more than {MAX_BROADCAST_CHARS} characters")]
    TooLong,
    /// A group, flow or contact that is not there.
    #[error("there is no {0} with this identifier")]
    Missing(&'static str),
    /// The query cannot be read.
    #[error("the query cannot be read: {0}")]
    Query(#[from] QueryError),
    /// Something that people who are left out cannot be known by.
    #[error("who is left out cannot depend on former flows (history); name a group instead")]
    Exclude,
    /// A few of nobody.
    #[error("a soft start goes to 1 to {MAX_SOFT_START} percent of groups, a query or contacts first")]
    SoftStart,
    /// One with the same key goes on.
    #[error("the same broadcast goes on already: job {0}")]
    GoesOn(JobUuid),
    /// The job cannot be written.
    #[error(transparent)]
    Job(#[from] JobError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Begins a broadcast: writes the job that does it.
pub async fn broadcast(ctx: &Context, asked: Broadcast) -> Result<JobRow, BroadcastError> {
    let spec = broadcast_spec(ctx, asked.workspace, asked.said, asked.to).await?;
    let new = NewJob { workspace: asked.workspace, spec, unique_key: asked.unique_key.clone() };
    let job = create_job(ctx, new).await?;
    // One with its key may have been there before; then it was not written.
    let Some(key) = asked.unique_key else { return Ok(job) };
    if ctx.store.job(job.workspace, job.id).await?.is_some() {
        return Ok(job);
    }
    let jobs = ctx.store.jobs(job.workspace, JOBS_LOOKED_AT).await?;
    let same = |other: &&JobRow| other.kind == job.kind && other.unique_key.as_ref() == Some(&key);
    let known = jobs.iter().filter(|job| job.ended_on.is_none()).find(same).map_or(job.uuid, |job| job.uuid);
    Err(BroadcastError::GoesOn(known))
}

/// What a job is to do for a broadcast, checked: for one that begins now, or for a schedule.
pub async fn broadcast_spec(
    ctx: &Context,
    workspace: WorkspaceId,
    said: Said,
    to: Recipients,
) -> Result<JobSpec, BroadcastError> {
    let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(BroadcastError::NoWorkspace)?;
    check(ctx, &ws, &to).await?;
    spec(&ws, said, to)
}

/// The same, going to a few first.
pub async fn soft_broadcast_spec(
    ctx: &Context,
    workspace: WorkspaceId,
    said: Said,
    to: Recipients,
    soft: Option<SoftStart>,
) -> Result<JobSpec, BroadcastError> {
    let of_many = !to.groups.is_empty() || !to.query.is_empty() || !to.contacts.is_empty();
    if soft.is_some_and(|soft| !of_many || !(1..=MAX_SOFT_START).contains(&soft.percent)) {
        return Err(BroadcastError::SoftStart);
    }
    let mut spec = broadcast_spec(ctx, workspace, said, to).await?;
    match &mut spec {
        JobSpec::Broadcast(job) => job.soft_start = soft,
        _ if soft.is_some() => return Err(BroadcastError::SoftStart),
        _ => {}
    }
    Ok(spec)
}

/// Jobs among which the one is looked for that is in the way.
const JOBS_LOOKED_AT: usize = 1_000;

/// How many people are meant now. Of these, who opted out or has no address is left out.
pub async fn preview_broadcast(
    ctx: &Context,
    workspace: WorkspaceId,
    to: &Recipients,
) -> Result<u64, BroadcastError> {
    let ws = ctx.registry.workspace(ctx, workspace).await?.ok_or(BroadcastError::NoWorkspace)?;
    check(ctx, &ws, to).await?;
    Ok(count_recipients(ctx, &ws, to).await?)
}

pub(crate) async fn check(ctx: &Context, ws: &Workspace, to: &Recipients) -> Result<(), BroadcastError> {
    let named = to.groups.len() + to.contacts.len() + to.urns.len() + usize::from(to.create_contact);
    if named == 0 && to.query.is_empty() {
        return Err(BroadcastError::Nobody);
    }
    let mut groups = to.groups.iter().chain(&to.exclude.groups);
    if groups.any(|group| ws.assets.group(*group).is_none()) {
        return Err(BroadcastError::Missing("group"));
    }
    if !to.query.is_empty() {
        ws.query(&to.query, ctx.now())?;
    }
    if !to.exclude.query.is_empty() {
        let query = ws.query(&to.exclude.query, ctx.now())?;
        if query.inspection().attributes.contains("history") {
            return Err(BroadcastError::Exclude);
        }
    }
    if !to.contacts.is_empty() {
        let found = ctx.store.contact_ids(ws.row.id, to.contacts.clone()).await?;
        if found.len() < to.contacts.len() {
            return Err(BroadcastError::Missing("contact"));
        }
    }
    Ok(())
}

fn spec(ws: &Workspace, said: Said, recipients: Recipients) -> Result<JobSpec, BroadcastError> {
    match said {
        Said::Text(text) => {
            let text = text.trim();
            if text.is_empty() {
                return Err(BroadcastError::Empty);
            }
            if text.chars().count() > MAX_BROADCAST_CHARS {
                return Err(BroadcastError::TooLong);
            }
            let language = ws.row.languages.first().cloned().unwrap_or_else(|| "und".into());
            let content = BroadcastContent { text: text.into(), ..BroadcastContent::default() };
            let broadcast = BroadcastCreated {
                translations: [(language.clone(), content)].into_iter().collect(),
                base_language: language,
                groups: Vec::new(),
                contacts: Vec::new(),
                contact_query: SmolStr::default(),
                urns: Vec::new(),
                template: None,
                template_variables: Vec::new(),
            };
            Ok(told(Box::new(broadcast), recipients))
        }
        Said::Message(broadcast) => Ok(told(broadcast, recipients)),
        Said::Flow { flow, skip_in_a_flow } => {
            ws.flow(flow).ok_or(BroadcastError::Missing("flow"))?;
            Ok(JobSpec::StartFlow(StartJob {
                flow,
                recipients,
                skip_in_a_flow,
                not_again: false,
                params: None::<Arc<serde_json::Value>>,
                started_by: StartedBy::Person { user: None, origin: Some("ui".into()) },
            }))
        }
    }
}

fn told(broadcast: Box<BroadcastCreated>, recipients: Recipients) -> JobSpec {
    JobSpec::Broadcast(BroadcastJob { broadcast, recipients, evaluate: true, soft_start: None })
}
