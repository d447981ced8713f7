//! The lines of an import that were left out, as a file that people mend and hand in again: each with its number, the
//! reason, and its cells as they were.

use domain::WorkspaceId;
use smol_str::SmolStr;
use store::{JobFile, JobRow, LeftOut, MAX_LEFT_OUT, StoreError};

use super::{JobSpec, contact_file::line, contacts_in::Line};
use crate::Context;

/// Lines of one piece.
const PIECE: usize = 200;

/// What was left out of an import, to be handed out piece by piece.
pub struct ImportErrors {
    workspace: WorkspaceId,
    job: JobRow,
    header: Vec<SmolStr>,
    /// What was left out by line, the last line first.
    left: Vec<(usize, LeftOut)>,
    part: i64,
    lines: std::vec::IntoIter<Line>,
    begun: bool,
    more: i64,
}

impl ImportErrors {
    /// Those of a job; `None` if it is no import of contacts.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn of(ctx: &Context, job: JobRow) -> Result<Option<Self>, StoreError> {
        let Ok(JobSpec::ImportContacts(import)) = serde_json::from_str(&job.spec) else { return Ok(None) };
        let limit = usize::try_from(MAX_LEFT_OUT).unwrap_or(usize::MAX);
        let rows = ctx.store.job_left_out(job.workspace, job.id, 0, limit).await?;
        let more = job.left_out - i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let number =
            |row: &LeftOut| row.what.rsplit(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut left: Vec<_> = rows.into_iter().map(|row| (number(&row), row)).collect();
        left.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
        Ok(Some(Self {
            workspace: job.workspace,
            header: import.header,
            left,
            part: 0,
            lines: Vec::new().into_iter(),
            begun: false,
            more: more.max(0),
            job,
        }))
    }

    /// The next piece of the file; `None` at its end.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn next(&mut self, ctx: &Context) -> Result<Option<String>, StoreError> {
        let mut text = String::new();
        if !std::mem::replace(&mut self.begun, true) {
            let names = ["Line", "Error"].into_iter().chain(self.header.iter().map(SmolStr::as_str));
            text.push_str(&line(names.map(str::to_owned).collect()));
        }
        for _ in 0..PIECE {
            let Some((number, row)) = self.left.pop() else { break };
            let cells = self.cells(ctx, number).await?;
            let cells = cells.iter().map(SmolStr::to_string);
            text.push_str(&line([number.to_string(), row.reason].into_iter().chain(cells).collect()));
        }
        if self.left.is_empty() && std::mem::take(&mut self.more) > 0 {
            let more = self.job.left_out - MAX_LEFT_OUT;
            text.push_str(&line(vec![
                String::new(),
                format!("{more} more lines were left out and are not named"),
            ]));
        }
        Ok((!text.is_empty()).then_some(text))
    }

    /// The cells of a line; none if it could not be read, or the file is not kept any more.
    async fn cells(&mut self, ctx: &Context, number: usize) -> Result<Vec<SmolStr>, StoreError> {
        loop {
            match self.lines.as_slice().first() {
                Some((known, _)) if *known > number => return Ok(Vec::new()),
                Some((known, _)) if *known == number => {
                    return Ok(self.lines.next().map(|(_, cells)| cells).unwrap_or_default());
                }
                Some(_) => drop(self.lines.next()),
                None => {
                    let body =
                        ctx.store.job_chunk(self.workspace, self.job.id, JobFile::Given, self.part).await?;
                    let Some(body) = body else { return Ok(Vec::new()) };
                    self.part += 1;
                    self.lines = serde_json::from_slice::<Vec<Line>>(&body).unwrap_or_default().into_iter();
                }
            }
        }
    }
}
