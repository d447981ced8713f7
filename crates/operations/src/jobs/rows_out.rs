//! Slices of an export of messages or of what flows kept: each reads some rows and adds a part to the file.

use std::{collections::BTreeMap, sync::Arc};

use domain::{FlowId, FlowUuid, WorkspaceId};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use store::{
    JOB_CHUNK_BYTES, JobFile, JobRow, ListedMessage, ListedRun, MessageList, MessagesOf, RunList, RunsOf,
    Walk,
};

use super::{
    ExportRowsJob, JobError, JobSpec, NewJob, RowsFormat, RowsKind, create_job,
    files::chunks,
    rows_file::{answer_rows, answers_header, descriptor, flow_rows, message_cells, messages_header},
    slice::{Progress, Trouble, commit, fewer, place_of, place_text},
};
use crate::{
    Committed, Context, Workspace,
    archives::{message_line, run_line, shown_line},
    inspected,
};

/// Rows that one slice reads.
const SLICE: usize = 500;
/// Parts of one file: with a quarter of a megabyte each, 2.5 gigabytes.
const PARTS_MAX: i64 = 10_000;

/// How far the export is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Place {
    /// Of which of the flows.
    #[serde(default)]
    flow: usize,
    #[serde(default)]
    after: Option<(i64, i64)>,
    /// Parts that are written.
    #[serde(default)]
    parts: i64,
    /// Questions that were answered, with their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    asked: BTreeMap<SmolStr, SmolStr>,
    /// Whether a row of Flow Results is written.
    #[serde(default)]
    begun: bool,
}

/// Lets a job write messages, or what flows kept, into a file: as they stand when it begins. Flow Results are of one flow.
///
/// # Errors
/// [`JobError::Unwritable`] if that cannot be.
pub async fn export_rows(
    ctx: &Context,
    workspace: WorkspaceId,
    export: ExportRowsJob,
) -> Result<JobRow, JobError> {
    let fits = match (export.rows, export.format) {
        (RowsKind::Messages, RowsFormat::FlowResults) => Err("messages are no Flow Results"),
        (RowsKind::Results, RowsFormat::FlowResults) if export.flows.len() != 1 => {
            Err("Flow Results are of one flow; name it")
        }
        (RowsKind::Messages | RowsKind::Results, _) => Ok(()),
    };
    fits.map_err(|said| JobError::Unwritable(said.to_owned()))?;
    let spec = JobSpec::ExportRows(export);
    create_job(ctx, NewJob { workspace, spec, unique_key: None }).await
}

/// What a slice read.
enum Read {
    Messages(Vec<ListedMessage>),
    Runs(Vec<ListedRun>),
}

impl Read {
    fn len(&self) -> usize {
        match self {
            Self::Messages(found) => found.len(),
            Self::Runs(found) => found.len(),
        }
    }
}

pub(super) async fn slice(
    ctx: &Context,
    ws: &Arc<Workspace>,
    job: &JobRow,
    export: &ExportRowsJob,
) -> Result<Committed<JobRow>, Trouble> {
    let mut place: Place = place_of(job)?;
    if place.parts >= PARTS_MAX {
        return Err(Trouble::Never("the file would be too large; export a shorter span".to_owned()));
    }
    let (after, before) = span(job, export);
    let limit = fewer(SLICE, job);
    let walk = Walk { from: place.after, up: true, limit };
    let (store, workspace) = (ctx.store.for_reports(), ws.row.id);
    let read = match export.rows {
        RowsKind::Messages => {
            let list = MessageList { of: MessagesOf::Everything, after, before, walk };
            Read::Messages(store.list_messages(workspace, list).await?)
        }
        RowsKind::Results => {
            let of = match export.flows.get(place.flow) {
                Some(uuid) => RunsOf::Flow(flow_id(ws, *uuid)?),
                None => RunsOf::Everything,
            };
            Read::Runs(
                store.list_runs(workspace, RunList { of, responded: false, after, before, walk }).await?,
            )
        }
    };
    let mut text = if place.parts == 0 && place.after.is_none() && place.flow == 0 {
        header(export)
    } else {
        String::new()
    };
    let done = write(ws, export, &read, (&mut place, &mut text));
    let is_end = read.len() < limit && done == read.len();
    let is_last = is_end && place.flow + 1 >= export.flows.len().max(1);
    if is_end && !is_last {
        (place.flow, place.after) = (place.flow + 1, None);
    }
    let mut parts = Vec::new();
    if is_last && export.format == RowsFormat::FlowResults {
        text.push_str(if place.begun { "\n]\n" } else { "[]\n" });
    }
    if !text.is_empty() {
        parts.push(text.into_bytes());
    }
    if is_last && export.format == RowsFormat::FlowResults {
        // The last part is the descriptor: whoever fetches the file gets both as a package.
        let shown = described(ctx, ws, job, (export, &place.asked)).await?;
        parts.push(format!("{shown:#}\n").into_bytes());
    }
    let from = place.parts;
    place.parts += i64::try_from(parts.len()).unwrap_or_default();
    let changes = chunks(job, JobFile::Made, from, parts).collect();
    let progress = Progress { place: place_text(&place), is_last, done, ..Progress::default() };
    commit(ctx, job, progress, changes).await
}

/// Writes rows, as many as fit into a part. Answers how many.
fn write(
    ws: &Workspace,
    export: &ExportRowsJob,
    read: &Read,
    (place, text): (&mut Place, &mut String),
) -> usize {
    let mut done = 0;
    match read {
        Read::Messages(found) => {
            for message in found {
                if done > 0 && text.len() >= JOB_CHUNK_BYTES {
                    break;
                }
                match export.format {
                    RowsFormat::Csv | RowsFormat::Xlsx => text.push_str(&message_cells(ws, message)),
                    RowsFormat::Jsonl | RowsFormat::FlowResults => {
                        push_line(text, &message_line(ws, message))
                    }
                }
                place.after = Some(message.place);
                done += 1;
            }
        }
        Read::Runs(found) => {
            for run in found {
                if done > 0 && text.len() >= JOB_CHUNK_BYTES {
                    break;
                }
                match export.format {
                    RowsFormat::Csv | RowsFormat::Xlsx => text.push_str(&answer_rows(ws, run)),
                    RowsFormat::Jsonl => push_line(text, &run_line(ws, run)),
                    RowsFormat::FlowResults => {
                        for row in flow_rows(run, &mut place.asked) {
                            text.push_str(if place.begun { ",\n" } else { "[\n" });
                            text.push_str(&row.to_string());
                            place.begun = true;
                        }
                    }
                }
                place.after = Some((run.modified_on.as_microsecond(), run.id.0));
                done += 1;
            }
        }
    }
    done
}

/// From when to when rows are meant. What changes while the export goes on is in the next one.
fn span(job: &JobRow, export: &ExportRowsJob) -> (i64, i64) {
    let micros = |at: Option<jiff::Timestamp>| at.map(jiff::Timestamp::as_microsecond);
    let before = micros(export.before).unwrap_or(i64::MAX).min(job.created_on.as_microsecond());
    (micros(export.after).unwrap_or(i64::MIN), before)
}

fn flow_id(ws: &Workspace, uuid: FlowUuid) -> Result<FlowId, Trouble> {
    let flow = ws.flows().iter().find(|flow| flow.uuid == uuid).map(|flow| flow.id);
    flow.ok_or_else(|| Trouble::Never(format!("there is no flow {uuid}")))
}

fn header(export: &ExportRowsJob) -> String {
    match (export.format, export.rows) {
        (RowsFormat::Csv | RowsFormat::Xlsx, RowsKind::Messages) => messages_header(),
        (RowsFormat::Csv | RowsFormat::Xlsx, RowsKind::Results) => answers_header(),
        (RowsFormat::Jsonl | RowsFormat::FlowResults, _) => String::new(),
    }
}

fn push_line(text: &mut String, value: &serde_json::Value) {
    text.push_str(&String::from_utf8_lossy(&shown_line(value)));
}

async fn described(
    ctx: &Context,
    ws: &Workspace,
    job: &JobRow,
    (export, asked): (&ExportRowsJob, &BTreeMap<SmolStr, SmolStr>),
) -> Result<serde_json::Value, Trouble> {
    let named = export.flows.first().and_then(|uuid| ws.flows().iter().find(|flow| flow.uuid == *uuid));
    let flow = named.ok_or_else(|| Trouble::Never("the flow is gone".to_owned()))?;
    let known = inspected(ctx, ws, flow).await?;
    let results = known.as_ref().map(|known| known.results.as_slice()).unwrap_or_default();
    Ok(descriptor(ws, flow, (results, asked), job.created_on))
}
