//! Keys for contact searches that were left for later while less valuable work was turned off.

use store::{Change, StoreError, Unit, UnitError};

use crate::Context;

/// Makes the keys of up to `limit` contacts whose keys were left for later. Answers how many it found; call again while
/// that reaches the limit. What fails stays for the next call.
///
/// # Errors
/// When the store fails.
pub async fn index_later(ctx: &Context, limit: usize) -> Result<usize, StoreError> {
    let waiting = ctx.store.search_later(limit).await?;
    if waiting.is_empty() {
        return Ok(0);
    }
    let found = waiting.len();
    let index = |(workspace, contact)| Unit::new(vec![Change::IndexContact(workspace, contact)]);
    let answers = ctx.write(waiting.into_iter().map(index).collect()).await?;
    for error in answers.into_iter().filter_map(Result::err) {
        if let UnitError::Store(error) = error {
            return Err(error);
        }
    }
    Ok(found)
}
