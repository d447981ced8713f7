//! Files that jobs made, written where people want them.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context as _;
use operations::{Context, MadeFile};
use store::JobRow;

/// Writes the file of a job; answers whether there is one. `-` is standard output. A file is written beside its place
/// first, so that half of one is never taken for the whole.
pub async fn write_made_file(context: &Context, job: &JobRow, output: &Path) -> anyhow::Result<bool> {
    let Some(mut made) = MadeFile::of(context, job).await? else { return Ok(false) };
    let shown = output.display().to_string();
    let failed = |error: std::io::Error| anyhow::anyhow!("cannot write {shown}: {error}");
    if output == Path::new("-") {
        let mut out = std::io::stdout().lock();
        while let Some(piece) = made.next(context).await? {
            out.write_all(&piece).map_err(failed)?;
        }
        return Ok(true);
    }
    let beside = output.with_extension("part");
    let file = File::create(&beside).with_context(|| format!("cannot write {}", beside.display()))?;
    let mut out = BufWriter::new(file);
    while let Some(piece) = made.next(context).await? {
        out.write_all(&piece).map_err(failed)?;
    }
    out.into_inner().map_err(|error| failed(error.into_error()))?.sync_all().map_err(failed)?;
    std::fs::rename(&beside, output).with_context(|| format!("cannot write {shown}"))?;
    Ok(true)
}
