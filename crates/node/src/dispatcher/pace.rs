//! How fast a line goes: requests leave at even distances and never closer, also not after a pause or a start, so that
//! no stretch of time holds more of them than the line's rate allows.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store::Rate;
use tokio::time::Instant;

use crate::limits;

/// How fast a lane may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// Requests under way at a time.
    pub(super) window: usize,
    /// Shortest time between two requests.
    pub(super) every: Duration,
}

impl Pace {
    /// The pace of a line of this rate, of which each of so many nodes has an equal part.
    pub(super) fn of(window: usize, rate: Option<Rate>, nodes: usize) -> Self {
        let every = rate.map_or(Duration::ZERO, |rate| {
            let seconds = Duration::from_secs(rate.seconds.unsigned_abs().max(1));
            let messages = u32::try_from(rate.messages).unwrap_or(u32::MAX).max(1);
            // Rounded up: many that are a little too close would be too many.
            let every = seconds / messages + Duration::from_nanos(1);
            let every = every.saturating_mul(u32::try_from(nodes).unwrap_or(u32::MAX).max(1));
            if every < limits::PACE_EVEN_FROM {
                every + every.mul_f64(limits::PACE_GRAIN.as_secs_f64())
            } else {
                every
            }
        });
        Self { window, every }
    }

    /// How many rows it can send while they may be in hand, if it is held to a rate at all.
    pub(super) fn reach(&self) -> Option<usize> {
        let many = limits::LINE_REACH.as_nanos().checked_div(self.every.as_nanos())?;
        Some(usize::try_from(many).unwrap_or(usize::MAX).max(limits::LINE_REACH_LEAST))
    }

    /// By how much a request may come early because the one before came late: nothing, but for lines so fast that
    /// the timers' own grain would hold them below their rate.
    fn tolerance(&self) -> Duration {
        if self.every < limits::PACE_EVEN_FROM { limits::PACE_GRAIN } else { limits::PACE_BURST }
    }
}

/// Keeps the distances of one lane, also between the requests of one message, which the lane does not see. Cheap to
/// clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Pacer {
    last: Arc<Mutex<Option<Instant>>>,
    /// When the last request really left: between its place and its way out something may have held it up.
    left: Arc<Mutex<Option<Instant>>>,
}

impl Pacer {
    /// As if a request had left at `start`: what a run before sent just before its end is not known.
    pub(super) fn since(start: Instant) -> Self {
        Self { last: Arc::new(Mutex::new(Some(start))), left: Arc::default() }
    }

    fn last(&self) -> MutexGuard<'_, Option<Instant>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the next request may leave; `None`: at once.
    pub(super) fn free_at(&self, pace: &Pace) -> Option<Instant> {
        (!pace.every.is_zero()).then_some(())?;
        self.last().map(|last| last + pace.every)
    }

    /// When a request that has its place and is on its way out at `now` may really leave: what was held up leaves at the
    /// pace as well, and not together. `None`: at once.
    pub(super) fn leaves_at(&self, now: Instant, pace: &Pace) -> Option<Instant> {
        if pace.every.is_zero() {
            return None;
        }
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let next = left.map_or(now, |left| (left + pace.every - pace.tolerance()).max(now));
        *left = Some(next);
        (next > now).then_some(next)
    }

    /// Takes the next place at `now` or later and answers when it is.
    pub(super) fn take(&self, now: Instant, pace: &Pace) -> Instant {
        if pace.every.is_zero() {
            return now;
        }
        let mut last = self.last();
        let mut next = last.map_or(now, |last| last + pace.every);
        if next > now && pace.every >= limits::PACE_EVEN_FROM {
            // Whoever waits is woken at whole milliseconds: the one after counts from there.
            next = now + whole_millis(next - now);
        }
        let late = now.saturating_duration_since(next);
        // What comes late by less than the tolerance counts as in time, so that the next need not wait for it.
        *last = Some(if late <= pace.tolerance() { next } else { now });
        next.max(now)
    }
}

fn whole_millis(wait: Duration) -> Duration {
    let millis = wait.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use store::Rate;
    use tokio::time::Instant;

    use super::{Pace, Pacer};

    fn every(messages: i64, seconds: i64, nodes: usize) -> Duration {
        Pace::of(1, Some(Rate { messages, seconds }), nodes).every
    }

    #[test]
    fn distances_follow_the_rate_and_the_nodes() {
        let near = |got: Duration, want: f64| (got.as_secs_f64() - want).abs() < want * 0.003;
        for (messages, seconds, nodes, want) in [
            (1, 1, 1, 1.0),
            (10, 1, 1, 0.1),
            (10, 1, 4, 0.4),
            (1, 60, 1, 60.0),
            (30, 3_600, 2, 240.0),
            (80, 1, 1, 0.0125),
        ] {
            let got = every(messages, seconds, nodes);
            assert!(near(got, want), "{messages} in {seconds} s of {nodes} nodes: {got:?}");
        }
        assert_eq!(Pace::of(1, None, 3).every, Duration::ZERO);
        assert_eq!(Pace::of(1, None, 3).reach(), None);
    }

    #[test]
    fn the_first_after_a_start_keeps_the_distance() {
        let start = Instant::now();
        let (pacer, pace) = (Pacer::since(start), Pace::of(1, Some(Rate { messages: 1, seconds: 60 }), 1));
        assert_eq!(pacer.free_at(&pace), Some(start + pace.every));
        let first = pacer.take(start, &pace);
        assert!(first >= start + pace.every && first < start + pace.every + Duration::from_millis(2));
        assert!(pacer.take(start, &pace) >= first + pace.every, "a second part of the same message");
    }

    proptest! {
        /// Requests that want to leave at any moments, through a timer that is late by up to two milliseconds.
        #[test]
        fn no_stretch_of_time_holds_more_than_the_rate(
            messages in 1_i64..400, seconds in prop_oneof![Just(1_i64), Just(7), Just(60)], nodes in 1_usize..4,
            waits in prop::collection::vec((0_u64..3_000, 0_u64..2_000), 2..120),
        ) {
            let start = Instant::now();
            let rate = Rate { messages, seconds };
            let (pacer, pace) = (Pacer::since(start), Pace::of(1, Some(rate), nodes));
            let mut now = start;
            let mut left = vec![start];
            for (wait, late) in waits {
                now += Duration::from_millis(wait);
                if let Some(free) = pacer.free_at(&pace).filter(|free| *free > now) {
                    now = free + Duration::from_micros(late);
                }
                left.push(pacer.take(now, &pace));
            }
            let share = messages as f64 / seconds as f64 / nodes as f64;
            for (first, from) in left.iter().enumerate() {
                for (last, to) in left.iter().enumerate().skip(first) {
                    let stretch = (*to - *from).as_secs_f64();
                    let count = (last - first) as f64;
                    prop_assert!(count <= share * (stretch + 0.002) + 1e-6, "{count} in {stretch} s at {share}/s");
                    if stretch >= 1.0 || share <= 100.0 {
                        prop_assert!(count <= share * stretch + 1e-6, "{count} in {stretch} s at {share}/s");
                    }
                }
            }
        }
    }
}
