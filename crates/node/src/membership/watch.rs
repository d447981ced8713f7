//! Who has been silent for too long, by what was seen with one's own eyes: no clock of another machine is believed, and
//! time in which one saw nothing oneself does not count.

use std::collections::BTreeMap;
use std::time::Duration;

use store::NodeRow;
use tokio::time::Instant;

/// What was seen of others.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The beat of each run, and since when it is the same.
    seen: BTreeMap<i64, (i64, Instant)>,
    /// When was last looked.
    last: Option<Instant>,
}

impl Watch {
    /// Takes note of the nodes as they were between `asked` and `answered`. Answers those whose beat has been the same
    /// for their time, with that beat. Looks that are further apart than `gap` have not watched: it begins anew.
    pub(super) fn look(
        &mut self,
        (asked, answered): (Instant, Instant),
        nodes: &[NodeRow],
        own: Own,
    ) -> Vec<(i64, i64)> {
        if self.last.is_none_or(|last| answered.duration_since(last) > own.gap) {
            self.seen.clear();
        }
        self.last = Some(answered);
        self.seen.retain(|run, _| nodes.iter().any(|node| node.run == *run));
        let mut silent = Vec::new();
        for node in nodes.iter().filter(|node| node.run != own.run) {
            let (beat, since) = self.seen.entry(node.run).or_insert((node.beat, answered));
            if *beat != node.beat {
                (*beat, *since) = (node.beat, answered);
            }
            let ttl = Duration::try_from(node.ttl).unwrap_or_default().max(own.ttl);
            if asked.saturating_duration_since(*since) >= ttl {
                silent.push((node.run, node.beat));
            }
        }
        silent
    }

    /// Nothing can be seen: the store does not answer. What was seen before counts for nothing, because the others may
    /// have been kept from beating by the same.
    pub(super) fn blind(&mut self) {
        self.last = None;
    }
}

/// Who looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Own {
    /// The own run.
    pub(super) run: i64,
    /// How long another must be silent, at least.
    pub(super) ttl: Duration,
    /// How far apart two looks may be.
    pub(super) gap: Duration,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::{SignedDuration, Timestamp};
    use store::{NodeRow, NodeState};
    use tokio::time::Instant;

    use super::{Own, Watch};

    fn node(run: i64, beat: i64, ttl: i64) -> NodeRow {
        NodeRow {
            run,
            name: "n".into(),
            slot: 0,
            version: "1".into(),
            schema: 14,
            address: "a".into(),
            host: "h".into(),
            process: "".into(),
            ttl: SignedDuration::from_secs(ttl),
            started_on: Timestamp::UNIX_EPOCH,
            beat,
            beat_on: Timestamp::UNIX_EPOCH,
            state: NodeState::Running,
            spool_from: None,
        }
    }

    const OWN: Own = Own { run: 1, ttl: Duration::from_secs(10), gap: Duration::from_secs(5) };

    /// Second and beat of another node as it is seen, `None` if the store does not answer; and whether it is silent then.
    fn silent(looks: &[(u64, Option<i64>)], ttl: i64) -> Vec<bool> {
        let start = Instant::now();
        let mut watch = Watch::default();
        let look = |(second, beat): &(u64, Option<i64>)| match beat {
            None => {
                watch.blind();
                false
            }
            Some(beat) => {
                let nodes = [node(1, 0, 10), node(2, *beat, ttl)];
                let now = start + Duration::from_secs(*second);
                watch.look((now, now), &nodes, OWN) == [(2, *beat)]
            }
        };
        looks.iter().map(look).collect()
    }

    #[test]
    fn silence_is_what_was_watched_without_a_break() {
        let every = |from: u64, to: u64, beat: i64| (from..=to).map(move |second| (second, Some(beat)));
        let last =
            |looks: Vec<(u64, Option<i64>)>, ttl| silent(&looks, ttl).last().copied().unwrap_or_default();
        assert!(!last(every(0, 9, 7).collect(), 10));
        assert!(last(every(0, 10, 7).collect(), 10));
        assert!(!last(every(0, 10, 7).collect(), 20), "it asked for more time");
        assert!(last(every(0, 10, 7).collect(), 1), "its watcher gives more time");
        let alive = every(0, 9, 7).chain(every(10, 19, 8));
        assert!(!last(alive.clone().collect(), 10));
        assert!(last(alive.chain(every(20, 20, 8)).collect(), 10));
        let asleep = every(0, 3, 7).chain(every(60, 69, 7));
        assert!(!last(asleep.clone().collect(), 10), "the watcher itself was away in between");
        assert!(last(asleep.chain(every(70, 70, 7)).collect(), 10));
        let blind = every(0, 8, 7).chain([(9, None)]).chain(every(10, 19, 7));
        assert!(!last(blind.clone().collect(), 10), "the store was away in between");
        assert!(last(blind.chain(every(20, 20, 7)).collect(), 10));
    }
}
