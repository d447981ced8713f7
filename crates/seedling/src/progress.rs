//! Commands that wait for a job: they work it off themselves, and show how far it is.

use std::io::{IsTerminal as _, Write as _};

use domain::WorkspaceId;
use operations::{Context, JobError, work_off};
use store::JobRow;

/// Works a job off and answers how it stands at the end. A node may do slices of it too. On a terminal its progress
/// is shown; cut off, the job stays where it is and a node goes on with it.
pub async fn follow(context: &Context, workspace: WorkspaceId, job: &JobRow) -> Result<JobRow, JobError> {
    let shows = std::io::stderr().is_terminal();
    let ended = work_off(context, workspace, job.id, |job| {
        if shows {
            let total = job.total.map_or_else(String::new, |total| format!(" of {total}"));
            eprint!("\r{} done{total}, {} left out", job.done, job.left_out);
            std::io::stderr().flush().ok();
        }
    })
    .await;
    if shows {
        eprintln!();
    }
    ended
}
