//! Definitions in and out as jobs. An import is one transaction and one slice: it is all or nothing, and the limits of
//! exports keep it below those of a transaction. What takes long after it, the filling of groups, are jobs of their own.

use domain::WorkspaceId;
use flows::migrations;
use store::{Change, JobFile, JobRow, StoreError};

use super::{
    ExportDefinitionsJob, ImportDefinitionsJob, JobError, JobSpec, NewJob, create_job,
    files::{chunks, create_with_file, cut, read_whole},
    slice::{Progress, Trouble, after, commit, committed},
};
use crate::{
    Committed, Context, ExportDefinitionsError, ExportRequest, ImportError, context::Left,
    export_definitions, import_export::import_with,
};

/// Hands an export in to be imported by a job. The report of the import is the file that the job makes.
pub async fn import_definitions_later(
    ctx: &Context,
    workspace: WorkspaceId,
    file: &str,
    bytes: &[u8],
) -> Result<JobRow, JobError> {
    let spec = JobSpec::ImportDefinitions(ImportDefinitionsJob { file: file.into() });
    create_with_file(ctx, NewJob { workspace, spec, unique_key: None }, Some(1), cut(bytes)).await
}

/// Lets a job write an export.
pub async fn export_definitions_later(
    ctx: &Context,
    workspace: WorkspaceId,
    flows: Vec<String>,
    specification: &str,
    site: &str,
) -> Result<JobRow, JobError> {
    migrations::target(specification).map_err(|error| JobError::Unwritable(error.to_string()))?;
    let (specification, site) = (specification.into(), site.to_owned());
    let spec = JobSpec::ExportDefinitions(ExportDefinitionsJob { flows, specification, site });
    create_job(ctx, NewJob { workspace, spec, unique_key: None }).await
}

/// The one slice of a job that brings definitions in.
pub(super) async fn bring_in(
    ctx: &Context,
    job: &JobRow,
    import: &ImportDefinitionsJob,
) -> Result<Committed<JobRow>, Trouble> {
    let bytes = read_whole(ctx, job.workspace, job.id, JobFile::Given).await?;
    let Some(bytes) = bytes else {
        return Err(Trouble::Never(format!("the file {:?} is not here any more", import.file)));
    };
    let progress =
        || Progress { place: "{}".to_owned(), is_last: true, done: 1, total: Some(1), ..Progress::default() };
    let (row, _) = after(ctx, job, progress());
    let with = |report: &flows::export::ImportReport| {
        let report = serde_json::to_vec(report).unwrap_or_default();
        let mut changes: Vec<Change> = chunks(job, JobFile::Made, 0, cut(&report)).collect();
        changes.push(Change::Job(Box::new(row.clone())));
        changes
    };
    match import_with(ctx, job.workspace, bytes, with).await {
        Ok(_) => Ok(Committed::new(committed(row), Left::default())),
        Err(ImportError::Gone) => Err(Trouble::Gone),
        Err(ImportError::Busy) => Err(StoreError::Busy.into()),
        Err(ImportError::Store(error)) => Err(error.into()),
        Err(error @ (ImportError::Export(_) | ImportError::NoWorkspace | ImportError::Taken(_))) => {
            Err(Trouble::Never(error.to_string()))
        }
    }
}

/// The one slice of a job that writes definitions out.
pub(super) async fn write_out(
    ctx: &Context,
    job: &JobRow,
    export: &ExportDefinitionsJob,
) -> Result<Committed<JobRow>, Trouble> {
    let specification =
        migrations::target(&export.specification).map_err(|error| Trouble::Never(error.to_string()))?;
    let request = ExportRequest { flows: export.flows.clone(), specification, site: export.site.clone() };
    match export_definitions(ctx, job.workspace, request).await {
        Ok(exported) => {
            let text = format!("{:#}\n", exported.written.json);
            let changes = chunks(job, JobFile::Made, 0, cut(text.as_bytes())).collect();
            let progress = Progress {
                place: "{}".to_owned(),
                is_last: true,
                done: exported.written.json["flows"].as_array().map_or(0, Vec::len),
                ..Progress::default()
            };
            commit(ctx, job, progress, changes).await
        }
        Err(ExportDefinitionsError::Store(error)) => Err(error.into()),
        Err(
            error @ (ExportDefinitionsError::NoWorkspace
            | ExportDefinitionsError::UnknownFlow { .. }
            | ExportDefinitionsError::Export(_)),
        ) => Err(Trouble::Never(error.to_string())),
    }
}
