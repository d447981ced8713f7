//! What the dispatcher asks for: rows that nobody has in hand, and at the start those that a crash left.
//!
//! How what may be claimed is shared: lines get equal parts; of a line the stronger priority comes first, but each
//! weaker one that has something due gets a tenth, so that it goes on; within a priority workspaces and jobs take
//! turns.

use jiff::Timestamp;
use store::{Claimed, OutboxLine, OutboxQueue, Priority, Recovered, StoreError};

use crate::Context;

/// The part of a line that a weaker priority has in spite of stronger ones.
const WEAKER_PART: usize = 10;

/// A line's rows of one priority: what a hand has room for.
pub type Room = (OutboxLine, Priority);

/// What a look into the outbox found.
#[derive(Debug, Default)]
pub struct Look {
    /// Rows that are in this run's hand now. Those of one contact and channel are in order.
    pub claimed: Claimed,
    /// Whether more is due for which there is room.
    pub more: bool,
    /// Of what rows are due for which there was no room.
    pub held_back: Vec<Room>,
    /// When the next row is due of lines of which none is due yet.
    pub next: Option<Timestamp>,
}

/// Takes up to `limit` outbox rows that are due and in nobody's hand: backlog, retries, rows written by commands.
/// Rows of one contact and channel come in order, and never before an earlier one that is not due yet. Lines share
/// the limit, and none gives more of a priority than `room` has for it; to look costs no write if nothing can be
/// taken.
pub async fn claim_outbox(
    ctx: &Context,
    limit: usize,
    room: impl Fn(OutboxLine, Priority) -> usize,
) -> Result<Look, StoreError> {
    let now = ctx.now();
    let mut look = Look::default();
    let mut due = Vec::new();
    for (queue, at) in ctx.store.outbox_due().await? {
        let key = (queue.line, queue.rank.priority);
        match room(key.0, key.1) {
            _ if at > now => look.next = Some(look.next.map_or(at, |next| next.min(at))),
            0 if look.held_back.last() == Some(&key) => {}
            0 => look.held_back.push(key),
            room => due.push(Due { queue, at, room }),
        }
    }
    let shares;
    (shares, look.more) = share_out(due, limit);
    if shares.is_empty() {
        return Ok(look);
    }
    look.claimed = ctx.store.claim_outbox(ctx.run, now, shares).await?;
    look.more |= !look.claimed.unfinished.is_empty();
    Ok(look)
}

/// A queue of which something is due.
#[derive(Clone, Copy)]
struct Due {
    queue: OutboxQueue,
    at: Timestamp,
    room: usize,
}

/// How many rows each queue may give, and whether some got none though there was room. The queues come line by line
/// and priority by priority.
fn share_out(due: Vec<Due>, limit: usize) -> (Vec<(OutboxQueue, usize)>, bool) {
    let mut lines: Vec<&[Due]> = due.chunk_by(|a, b| a.queue.line == b.queue.line).collect();
    let mut left_out = lines.len() > limit;
    // Whoever waited longest, if there is not enough for all.
    lines.sort_by_key(|line| line.iter().map(|due| due.at).min());
    lines.truncate(limit);
    let mut shares = Vec::new();
    for line in &lines {
        let mut left = limit / lines.len();
        let classes: Vec<&[Due]> =
            line.chunk_by(|a, b| a.queue.rank.priority == b.queue.rank.priority).collect();
        let least = (left / WEAKER_PART).max(1);
        for (place, class) in classes.iter().enumerate() {
            let for_weaker = least * (classes.len() - place - 1);
            let share = left.saturating_sub(for_weaker).max(least).min(left).min(class[0].room);
            left -= share;
            left_out |= take_turns(class, share, &mut shares);
        }
    }
    (shares, left_out)
}

/// Shares out among the queues of one line and priority. Answers whether some got nothing.
fn take_turns(class: &[Due], share: usize, shares: &mut Vec<(OutboxQueue, usize)>) -> bool {
    let mut queues = class.to_vec();
    queues.sort_by_key(|due| due.at);
    let left_out = queues.len() > share;
    queues.truncate(share);
    let (each, over) = (share / queues.len().max(1), share % queues.len().max(1));
    shares
        .extend(queues.iter().enumerate().map(|(place, due)| (due.queue, each + usize::from(place < over))));
    left_out
}

/// Gives back what runs had in hand that are not alive any more: each is marked as possibly repeated (row and message)
/// and is due now. What is left by a run that another node ends is given back then; this is for a start.
pub async fn recover(ctx: &Context) -> Result<Recovered, StoreError> {
    ctx.store.recover_outbox(ctx.now()).await
}

#[cfg(test)]
mod tests {
    use domain::{ChannelId, WorkspaceId};
    use jiff::Timestamp;
    use store::{OutboxQueue, Priority, Rank};

    use super::{Due, share_out};

    /// Line, priority, source, seconds that it waits since, room.
    type Row = (i64, Priority, i64, i64, usize);

    fn check(rows: &[Row], limit: usize, expected: &[(i64, Priority, i64, usize)], left_out: bool) {
        let due = rows.iter().map(|&(line, priority, source, at, room)| Due {
            queue: OutboxQueue {
                line: Some(ChannelId(line)),
                workspace: WorkspaceId(1),
                rank: Rank { priority, source },
            },
            at: Timestamp::from_second(at).expect("a moment"),
            room,
        });
        let (shares, more) = share_out(due.collect(), limit);
        let mut got: Vec<_> = shares
            .iter()
            .map(|(queue, share)| {
                let line = queue.line.map_or(0, |id| id.0);
                (line, queue.rank.priority, queue.rank.source, *share)
            })
            .collect();
        got.sort();
        assert_eq!((got.as_slice(), more), (expected, left_out), "{rows:?} of {limit}");
    }

    #[test]
    fn shares_by_line_priority_and_source() {
        use Priority::{Bulk, OneOff, Reply};
        check(&[], 10, &[], false);
        check(&[(1, Reply, 0, 5, 100)], 10, &[(1, Reply, 0, 10)], false);
        check(&[(1, Reply, 0, 5, 3)], 10, &[(1, Reply, 0, 3)], false);
        // A weaker priority has a tenth, also behind two others.
        check(
            &[(1, Reply, 0, 9, 100), (1, OneOff, 0, 1, 100), (1, Bulk, 7, 1, 100)],
            100,
            &[(1, Reply, 0, 80), (1, OneOff, 0, 10), (1, Bulk, 7, 10)],
            false,
        );
        // What a stronger one has no room for goes to the weaker.
        check(
            &[(1, Reply, 0, 9, 5), (1, Bulk, 7, 1, 100)],
            100,
            &[(1, Reply, 0, 5), (1, Bulk, 7, 95)],
            false,
        );
        // Jobs share; one that finds no place is told, and has waited longest next time.
        check(&[(1, Bulk, 7, 9, 100), (1, Bulk, 8, 2, 100)], 11, &[(1, Bulk, 7, 5), (1, Bulk, 8, 6)], false);
        check(&[(1, Bulk, 7, 9, 100), (1, Bulk, 8, 2, 100)], 1, &[(1, Bulk, 8, 1)], true);
        // Lines share whatever waits on them.
        check(
            &[(1, Reply, 0, 1, 100), (2, Bulk, 7, 1, 100)],
            10,
            &[(1, Reply, 0, 5), (2, Bulk, 7, 5)],
            false,
        );
        check(&[(1, Reply, 0, 2, 100), (2, Bulk, 7, 1, 100)], 1, &[(2, Bulk, 7, 1)], true);
    }
}
