//! What was written elsewhere comes in: whole rows, as they were there.

use domain::WorkspaceId;
use store::{StoreError, Unit, UnitError};

use crate::{Context, JobError, JobSpec, NewJob, PlanCampaignJob, create_job};

/// Commits units of rows that were something elsewhere before, and answers each. Nothing is decided here: whoever brings
/// them has read what they were.
///
/// # Errors
/// If nothing is known to be committed.
pub async fn bring_in(ctx: &Context, units: Vec<Unit>) -> Result<Vec<Result<(), UnitError>>, StoreError> {
    let answers = ctx.write(units).await?;
    Ok(answers.into_iter().map(|answer| answer.map(drop)).collect())
}

/// Lets the campaigns of a workspace be planned for everybody who was brought in. A node that serves does it.
///
/// # Errors
/// If the store fails; doing it again changes nothing.
pub async fn plan_campaigns(ctx: &Context, workspace: WorkspaceId) -> Result<(), StoreError> {
    let definitions = ctx.store.definitions(workspace).await?;
    for campaign in definitions.iter().flat_map(|known| &known.campaigns).filter(|one| !one.archived) {
        let spec = JobSpec::PlanCampaign(PlanCampaignJob { campaign: campaign.uuid });
        let unique_key = Some(campaign.uuid.to_string().into());
        match create_job(ctx, NewJob { workspace, spec, unique_key }).await {
            Ok(_) | Err(JobError::Twice) => {}
            Err(JobError::Store(error)) => return Err(error),
            Err(error @ (JobError::Gone | JobError::Unwritable(_))) => {
                return Err(StoreError::Database(error.to_string()));
            }
        }
    }
    Ok(())
}
