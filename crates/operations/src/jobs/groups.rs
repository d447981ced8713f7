//! Slices of the filling of a group that is defined by a query. What it does for its people are transactions of their
//! own, one for each person; doing a slice again changes nothing, so the job's place is written after them.

use std::sync::Arc;

use domain::ContactId;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use store::{JobRow, StoreError};

use super::{
    FillGroupJob,
    slice::{Progress, Trouble, commit, fewer, left_out, place_of, place_text},
};
use crate::{
    Committed, Context, FillGroupError, Workspace,
    fill_group::{self, SLICE},
};

/// How far the filling is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    #[serde(default)]
    after: Option<ContactId>,
    /// The query that those before this place were held against. If the group has another by now, all begins anew.
    #[serde(default)]
    query: SmolStr,
}

pub(super) async fn slice(
    ctx: &Context,
    ws: &Arc<Workspace>,
    job: &JobRow,
    fill: &FillGroupJob,
) -> Result<Committed<JobRow>, Trouble> {
    let query = ws.assets.group(fill.group).and_then(|group| group.query.clone()).unwrap_or_default();
    let mut place: Place = place_of(job)?;
    if place.query != query {
        place = Place { after: None, query };
    }
    let due = fill_group::due(ctx, ws, fill.group, place.after, fewer(SLICE, job)).await?;
    let progress = |after: Option<ContactId>, done: usize| Progress {
        place: place_text(&Place { after, query: place.query.clone() }),
        is_last: after.is_none(),
        done,
        ..Progress::default()
    };
    let (next, moving) = (due.next, due.moving().to_vec());
    match due.settle(ctx, ws).await {
        Ok(filled) => {
            let done = usize::try_from(filled.joined + filled.left).unwrap_or(usize::MAX);
            commit(ctx, job, progress(filled.next, done), Vec::new()).await
        }
        Err(error) => match (Trouble::from(error), moving.as_slice()) {
            (Trouble::Later { error, .. }, [one]) => {
                let mut alone = progress(next, 0);
                alone.left_out.push(left_out(Some(*one), "", error.to_string()));
                alone.error = Some(error.to_string());
                Err(Trouble::Later { error, alone: Some(Box::new(alone)) })
            }
            (trouble, _) => Err(trouble),
        },
    }
}

impl From<FillGroupError> for Trouble {
    fn from(error: FillGroupError) -> Self {
        match error {
            FillGroupError::NoQuery | FillGroupError::Query(_) => Self::Never(error.to_string()),
            FillGroupError::Busy => StoreError::Busy.into(),
            FillGroupError::Store(error) => error.into(),
        }
    }
}
