//! Slices of an export of contacts: each reads some people and adds a part to the file.

use std::sync::Arc;

use domain::{ContactId, Reference, UserUuid, WorkspaceId};
use serde::{Deserialize, Serialize};
use store::{JOB_CHUNK_BYTES, JobFile, JobRow};

use super::{
    ExportContactsJob, JobError, JobSpec, NewJob, SheetFormat,
    contact_file::{contact_line, header},
    create_job,
    files::chunks,
    slice::{Progress, Trouble, commit, fewer, place_of, place_text},
};
use crate::{Committed, Context, Workspace, find_contacts};

/// People whom one slice reads.
const SLICE: usize = 500;
/// Parts of one file: with a quarter of a megabyte each, 2.5 gigabytes.
const PARTS_MAX: i64 = 10_000;

/// How far the export is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    #[serde(default)]
    after: Option<ContactId>,
    /// Parts that are written.
    #[serde(default)]
    parts: i64,
}

/// Lets a job write the contacts that a query fits into a file; all of them with an empty query.
pub async fn export_contacts(
    ctx: &Context,
    workspace: WorkspaceId,
    query: &str,
    format: SheetFormat,
    user: Option<Reference<UserUuid>>,
) -> Result<JobRow, JobError> {
    let spec = JobSpec::ExportContacts(ExportContactsJob { query: query.trim().into(), format, user });
    create_job(ctx, NewJob { workspace, spec, unique_key: None }).await
}

pub(super) async fn slice(
    ctx: &Context,
    ws: &Arc<Workspace>,
    job: &JobRow,
    export: &ExportContactsJob,
) -> Result<Committed<JobRow>, Trouble> {
    let place: Place = place_of(job)?;
    if place.parts >= PARTS_MAX {
        return Err(Trouble::Never(
            "the file would be too large; export fewer contacts at a time".to_owned(),
        ));
    }
    let query = match export.query.as_str() {
        "" => None,
        text => Some(ws.query(text, ctx.now()).map_err(|error| Trouble::Never(error.to_string()))?),
    };
    let search = ws.search(query);
    let total = match job.total {
        None if job.steps == 0 => i64::try_from(ctx.store.count_contacts(search.clone()).await?).ok(),
        known => known,
    };
    let limit = fewer(SLICE, job);
    let people = find_contacts(ctx, search, place.after, limit).await?;
    let mut text = if place.parts == 0 { header(ws) } else { String::new() };
    let (mut done, mut after) = (0, place.after);
    for contact in &people {
        if text.len() >= JOB_CHUNK_BYTES {
            break;
        }
        text.push_str(&contact_line(contact, ws));
        (done, after) = (done + 1, Some(contact.contact.id));
    }
    let is_last = people.len() < limit && done == people.len();
    let parts = if text.is_empty() { Vec::new() } else { vec![text.into_bytes()] };
    let next = Place { after, parts: place.parts + i64::from(!parts.is_empty()) };
    let changes = chunks(job, JobFile::Made, place.parts, parts).collect();
    let progress = Progress { place: place_text(&next), is_last, done, total, ..Progress::default() };
    commit(ctx, job, progress, changes).await
}
