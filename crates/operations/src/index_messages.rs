//! Words of messages go into the index by which they are searched, behind the hot path: what is committed is looked at
//! some seconds later, in the order of row numbers.

use domain::search_words;
use jiff::{SignedDuration, Timestamp};
use store::{Change, IdSource, MessageWords, StoreError, Unit, UnitError};

use crate::Context;

/// Row numbers are drawn before the commit: what is younger may have older ones beside it that are not there yet.
const SETTLED_AFTER: SignedDuration = SignedDuration::from_secs(5);
/// How far back is looked again for commits that took longer, or whose node's clock is behind.
const LOOKED_AT_AGAIN: SignedDuration = SignedDuration::from_mins(2);

/// Puts the words of up to `limit` messages into the index. Answers how many it took; call again while that reaches the
/// limit. Several nodes may do this: what one has done the other leaves.
///
/// # Errors
/// When the store fails.
pub async fn index_messages(ctx: &Context, limit: usize) -> Result<usize, StoreError> {
    let from = ctx.store.message_search_place().await?;
    let until = before(ctx.now() - SETTLED_AFTER);
    let again = before(ctx.now() - SETTLED_AFTER - LOOKED_AT_AGAIN);
    let after = from.min(again);
    let found = ctx.store.unsearchable_messages(after, until, limit).await?;
    let to = match found.last() {
        // What lies behind the last one was looked at as well.
        Some(_) if found.len() < limit => until.max(from),
        Some(last) => last.id.0.max(from),
        None => return Ok(0),
    };
    let taken = found.len();
    let messages = found.into_iter().map(|one| (one.id, one.workspace, search_words(&one.text))).collect();
    let unit = Unit::new(vec![Change::IndexMessages(Box::new(MessageWords { from, to, messages }))]);
    match ctx.write_one(unit).await {
        // Another node was faster.
        Ok(_) | Err(UnitError::Gone) => Ok(taken),
        Err(UnitError::Store(error)) => Err(error),
        Err(other) => Err(StoreError::Database(other.to_string())),
    }
}

/// A row number that all made before a moment are below.
fn before(at: Timestamp) -> i64 {
    IdSource::first_of(at)
}
