//! Removes what the feed need not keep any more.

use jiff::Timestamp;
use store::{Change, StoreError, Unit, UnitError};

use crate::Context;

/// Removes entries of the feed from before a moment, some at a time, at most `times`. Answers whether all are gone. Whoever
/// had not read them yet is told when it goes on.
///
/// # Errors
/// When the store does not take it; what was removed stays so.
pub async fn prune_feed(ctx: &Context, before: Timestamp, times: usize) -> Result<bool, StoreError> {
    for _ in 0..times {
        if ctx.store.feed_oldest().await?.is_none_or(|oldest| oldest >= before) {
            return Ok(true);
        }
        match ctx.write_one(Unit::new(vec![Change::PruneFeed(before)])).await {
            Ok(_) => {}
            Err(UnitError::Store(error)) => return Err(error),
            Err(other) => return Err(StoreError::Database(other.to_string())),
        }
    }
    Ok(false)
}
