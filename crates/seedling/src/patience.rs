//! Patience of commands with a node that writes into the same database.
//!
//! SQLite lets one process write at a time and keeps no queue. A command beside a node under load may find the
//! database taken each time it looks, until its wait in the store is over; the node does well to go first.

/// How often a command tries. Each try waits in the store ([`store::StoreOptions::busy_timeout`]), so that all of
/// them take a minute.
const TRIES: usize = 6;

/// Does it again while the database is held by somebody else, and says so. Nothing of a try that found the database
/// busy is kept, so it may be repeated.
///
/// # Errors
/// What the last try ran into.
pub async fn while_busy<T, E>(
    is_busy: impl Fn(&E) -> bool,
    mut work: impl AsyncFnMut() -> Result<T, E>,
) -> Result<T, E> {
    let mut tries = 1;
    loop {
        match work().await {
            Err(error) if tries < TRIES && is_busy(&error) => {
                tries += 1;
                eprintln!("the database is busy with another process; trying again ({tries} of {TRIES})");
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use store::StoreError;

    use super::{TRIES, while_busy};

    #[tokio::test]
    async fn tries_again_only_what_may_succeed_and_not_for_ever() {
        let is_busy = |error: &StoreError| matches!(error, StoreError::Busy);
        type Case = (fn(usize) -> Result<usize, StoreError>, usize, bool);
        let cases: [Case; 4] = [
            (Ok, 1, true),
            (|tried| if tried < 3 { Err(StoreError::Busy) } else { Ok(tried) }, 3, true),
            (|_| Err(StoreError::Busy), TRIES, false),
            (|_| Err(StoreError::DiskFull), 1, false),
        ];
        for (case, (answer, expected, succeeds)) in cases.into_iter().enumerate() {
            let mut tried = 0;
            let done = while_busy(is_busy, async || {
                tried += 1;
                answer(tried)
            })
            .await;
            assert_eq!((tried, done.is_ok()), (expected, succeeds), "case {case}");
        }
    }
}
