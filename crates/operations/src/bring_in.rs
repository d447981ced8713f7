//! What was written elsewhere comes in: whole rows, as they were there.

use store::{StoreError, Unit, UnitError};

use crate::Context;

/// Commits units of rows that were something elsewhere before, and answers each. Nothing is decided here: whoever brings
/// them has read what they were.
///
/// # Errors
/// If nothing is known to be committed.
pub async fn bring_in(ctx: &Context, units: Vec<Unit>) -> Result<Vec<Result<(), UnitError>>, StoreError> {
    let answers = ctx.write(units).await?;
    Ok(answers.into_iter().map(|answer| answer.map(drop)).collect())
}
