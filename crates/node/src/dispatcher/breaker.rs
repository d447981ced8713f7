//! Keeps a carrier that is away from wasting attempts: after failures of several messages in a row its line pauses,
//! then one message at a time tries whether it is back. One message that fails again and again does not count as a
//! carrier that is away.

use std::time::Duration;

use domain::OutboxId;
use tokio::time::Instant;

use crate::limits;

/// Whether a line may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// As much as its window allows.
    Open,
    /// One message, to see.
    Probe,
    /// Nothing before this moment.
    Closed(Instant),
}

/// The state of one line.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    /// Messages that failed since the last answer, each once.
    failing: Vec<OutboxId>,
    pauses: u32,
    closed_until: Option<Instant>,
}

impl Breaker {
    /// Whether the line may send at `now`.
    pub(super) fn gate(&self, now: Instant) -> Gate {
        match self.closed_until {
            None => Gate::Open,
            Some(until) if now < until => Gate::Closed(until),
            Some(_) => Gate::Probe,
        }
    }

    /// Whether the carrier counts as away.
    pub(super) fn is_tripped(&self) -> bool {
        self.closed_until.is_some()
    }

    /// The carrier answered, whatever it said.
    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }

    /// The carrier asks us to slow down: the line pauses at once, for as long as the carrier says if it says so. Answers
    /// whether the line has just paused.
    pub(super) fn held(&mut self, now: Instant, wait: Option<Duration>) -> bool {
        if let Gate::Closed(until) = self.gate(now) {
            self.closed_until = wait.map(|wait| now + wait).max(Some(until));
            return false;
        }
        self.pause(now, wait.unwrap_or_default());
        true
    }

    fn pause(&mut self, now: Instant, least: Duration) {
        let pause = limits::BREAKER_FIRST.saturating_mul(1 << self.pauses.min(16));
        self.closed_until = Some(now + pause.min(limits::BREAKER_LONGEST).max(least));
        self.pauses += 1;
    }

    /// The carrier did not answer to a message, or failed. Answers whether the line has just paused.
    pub(super) fn failed(&mut self, now: Instant, message: OutboxId) -> bool {
        if !self.is_tripped() {
            if !self.failing.contains(&message) {
                self.failing.push(message);
            }
            if self.failing.len() < limits::BREAKER_FAILURES {
                return false;
            }
        }
        // Failures of messages that were under way when the line paused do not make the pause longer.
        if matches!(self.gate(now), Gate::Closed(_)) {
            return false;
        }
        self.pause(now, Duration::ZERO);
        true
    }
}

/// The wait before attempt `attempts + 1`: doubling from `first`, up to a limit, with up to half of it again by chance
/// so that messages which failed together do not come back together.
pub(crate) fn backoff(attempts: u32, first: Duration, random: u64) -> Duration {
    let doubled = first.saturating_mul(1 << attempts.min(20)).min(limits::RETRY_LONGEST);
    doubled + jitter(doubled, random)
}

/// Up to half of a wait, by chance.
pub(crate) fn jitter(wait: Duration, random: u64) -> Duration {
    let half = wait.as_millis() as u64 / 2;
    Duration::from_millis(if half == 0 { 0 } else { random % half })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::OutboxId;
    use tokio::time::Instant;

    use super::{Breaker, Gate, backoff};
    use crate::limits;

    #[test]
    fn pauses_after_failures_in_a_row_and_probes() {
        let start = Instant::now();
        let mut breaker = Breaker::default();
        let message = |n: usize| OutboxId(i64::try_from(n).expect("small"));
        for round in [0, 100] {
            for n in 1..limits::BREAKER_FAILURES {
                assert!(!breaker.failed(start, message(round + n)));
                assert!(!breaker.failed(start, message(round + n)), "again the same message");
            }
            if round == 0 {
                breaker.answered();
            }
        }
        assert!(breaker.failed(start, message(0)), "the last one trips it");
        assert!(!breaker.failed(start, message(1)), "stragglers do not lengthen the pause");
        let until = start + limits::BREAKER_FIRST;
        assert_eq!(breaker.gate(start), Gate::Closed(until));
        assert_eq!(breaker.gate(until), Gate::Probe);
        assert!(breaker.failed(until, message(0)), "a failed probe pauses again, longer");
        assert_eq!(breaker.gate(until), Gate::Closed(until + limits::BREAKER_FIRST * 2));
        breaker.answered();
        assert_eq!(breaker.gate(until), Gate::Open);
    }

    #[test]
    fn pauses_at_once_and_for_as_long_as_the_carrier_asks() {
        let start = Instant::now();
        let mut breaker = Breaker::default();
        assert!(breaker.held(start, Some(Duration::from_secs(90))));
        assert_eq!(breaker.gate(start), Gate::Closed(start + Duration::from_secs(90)));
        assert!(!breaker.held(start, Some(Duration::from_secs(120))), "the longer counts");
        assert!(!breaker.held(start, Some(Duration::from_secs(5))));
        let until = start + Duration::from_secs(120);
        assert_eq!(breaker.gate(start), Gate::Closed(until));
        assert!(breaker.held(until, None), "and again, longer each time");
        assert_eq!(breaker.gate(until), Gate::Closed(until + limits::BREAKER_FIRST * 2));
    }

    #[test]
    fn waits_longer_each_time_up_to_a_limit() {
        let first = Duration::from_secs(5);
        assert_eq!(backoff(0, first, 0), first);
        assert_eq!(backoff(3, first, 0), first * 8);
        assert_eq!(backoff(60, first, 0), limits::RETRY_LONGEST);
        for random in [1, 999, u64::MAX] {
            let wait = backoff(1, first, random);
            assert!(wait >= first * 2 && wait < first * 2 + first, "{wait:?}");
        }
    }
}
