//! Files that jobs made, written where people want them.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context as _;
use domain::{JobId, WorkspaceId};
use operations::{Context, read_job_file};

/// Writes the file of a job; answers whether there is one. `-` is standard output. A file is written beside its place
/// first, so that half of one is never taken for the whole.
pub async fn write_made_file(
    context: &Context,
    workspace: WorkspaceId,
    job: JobId,
    output: &Path,
) -> anyhow::Result<bool> {
    let shown = output.display().to_string();
    let failed = |error: std::io::Error| anyhow::anyhow!("cannot write {shown}: {error}");
    if output == Path::new("-") {
        let mut out = std::io::stdout().lock();
        return read_job_file(context, workspace, job, |part| out.write_all(part).map_err(failed)).await;
    }
    let beside = output.with_extension("part");
    let file = File::create(&beside).with_context(|| format!("cannot write {}", beside.display()))?;
    let mut out = BufWriter::new(file);
    let found = read_job_file(context, workspace, job, |part| out.write_all(part).map_err(failed)).await?;
    out.into_inner().map_err(|error| failed(error.into_error()))?.sync_all().map_err(failed)?;
    if found {
        std::fs::rename(&beside, output).with_context(|| format!("cannot write {shown}"))?;
    } else {
        std::fs::remove_file(&beside).with_context(|| format!("cannot remove {}", beside.display()))?;
    }
    Ok(found)
}
