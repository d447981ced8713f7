//! What a fake carrier does wrong, as carriers do: it is slow, asks to slow down, fails, takes a message and does not
//! answer, repeats and reorders its reports. A seed makes a run repeatable.

use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use thiserror::Error;

/// Longest that a carrier waits before it answers, or reports.
const LONGEST: Duration = Duration::from_secs(600);
/// What a carrier that asks to slow down says when to come again.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long a carrier takes that does not answer: longer than nodes wait.
pub const HANGS: Duration = Duration::from_secs(60);
/// By how much reports that are out of order are late at most.
pub const REORDERED_BY: Duration = Duration::from_millis(800);

/// How often, of a hundred, a carrier does each; and how long it takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Answers after up to so long.
    pub delay: Duration,
    /// Asks to slow down: 429, of Meta with its codes.
    pub throttle: u8,
    /// Fails: 500 or 503, nothing taken.
    pub fail: u8,
    /// Takes the message and does not answer.
    pub hang: u8,
    /// Reports twice.
    pub repeat: u8,
    /// Reports out of order.
    pub reorder: u8,
    /// What decides which messages it meets.
    pub seed: u64,
}

/// What is not a description of faults.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("'{0}' is none of delay=50ms, throttle=5%, fail=5%, hang=1%, repeat=10%, reorder=10%, seed=7")]
pub struct FaultsError(String);

impl FromStr for Faults {
    type Err = FaultsError;

    /// Reads `delay=50ms,throttle=5%,hang=1%`.
    fn from_str(text: &str) -> Result<Self, FaultsError> {
        let mut faults = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let wrong = || FaultsError(part.to_owned());
            let (name, value) = part.split_once('=').ok_or_else(wrong)?;
            let percent = || {
                let number = value.trim_end_matches('%').parse::<u8>().ok();
                number.filter(|number| *number <= 100).ok_or_else(wrong)
            };
            match name {
                "delay" => {
                    let millis = value.trim_end_matches("ms").parse().map_err(|_| wrong())?;
                    faults.delay = Some(Duration::from_millis(millis))
                        .filter(|delay| *delay <= LONGEST)
                        .ok_or_else(wrong)?;
                }
                "throttle" => faults.throttle = percent()?,
                "fail" => faults.fail = percent()?,
                "hang" => faults.hang = percent()?,
                "repeat" => faults.repeat = percent()?,
                "reorder" => faults.reorder = percent()?,
                "seed" => faults.seed = value.parse().map_err(|_| wrong())?,
                _ => return Err(wrong()),
            }
        }
        Ok(faults)
    }
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It is taken and answered.
    Fine,
    /// The node shall come again later; nothing is taken. With a number that varies which code says it.
    Throttles(u64),
    /// It fails with this status; nothing is taken.
    Fails(u16),
    /// It is taken, and the answer does not come.
    Hangs,
}

/// Chance that decides over requests and reports.
#[derive(Debug)]
pub struct Fate {
    faults: Faults,
    state: AtomicU64,
}

impl Fate {
    /// The chance of these faults.
    pub fn new(faults: Faults) -> Self {
        Self { faults, state: AtomicU64::new(faults.seed) }
    }

    /// The next number (splitmix64).
    fn draw(&self) -> u64 {
        let step = 0x9e37_79b9_7f4a_7c15_u64;
        let mut z = self.state.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn meets(&self, percent: u8) -> bool {
        percent > 0 && self.draw() % 100 < u64::from(percent)
    }

    fn up_to(&self, longest: Duration) -> Duration {
        let millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        if millis == 0 { Duration::ZERO } else { Duration::from_millis(self.draw() % (millis + 1)) }
    }

    /// What becomes of the next request.
    pub fn mood(&self) -> Mood {
        if self.meets(self.faults.throttle) {
            Mood::Throttles(self.draw())
        } else if self.meets(self.faults.fail) {
            Mood::Fails(if self.draw().is_multiple_of(2) { 500 } else { 503 })
        } else if self.meets(self.faults.hang) {
            Mood::Hangs
        } else {
            Mood::Fine
        }
    }

    /// How long the next answer takes.
    pub fn delay(&self) -> Duration {
        self.up_to(self.faults.delay)
    }

    /// How often the next report is sent.
    pub fn times(&self) -> usize {
        1 + usize::from(self.meets(self.faults.repeat))
    }

    /// By how much the next report is late, if it is out of order.
    pub fn late(&self) -> Option<Duration> {
        self.meets(self.faults.reorder).then(|| self.up_to(REORDERED_BY))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Fate, Faults, Mood};

    #[test]
    fn reads_descriptions() {
        let read = |text: &str| text.parse::<Faults>();
        assert_eq!(read(""), Ok(Faults::default()));
        let all = read("delay=50ms, throttle=5%,fail=4,hang=3%,repeat=2%,reorder=1%,seed=9").expect("read");
        let wanted = Faults {
            delay: Duration::from_millis(50),
            throttle: 5,
            fail: 4,
            hang: 3,
            repeat: 2,
            reorder: 1,
            seed: 9,
        };
        assert_eq!(all, wanted);
        for text in ["throttle", "throttle=101%", "delay=x", "delay=9999999ms", "moods=1%"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_same_seed_meets_the_same_requests_about_as_often_as_wanted() {
        let faults: Faults = "throttle=20%,fail=20%,hang=20%,repeat=50%,seed=3".parse().expect("read");
        let moods = |fate: &Fate| -> Vec<Mood> { (0..1_000).map(|_| fate.mood()).collect() };
        let (one, other) = (moods(&Fate::new(faults)), moods(&Fate::new(faults)));
        assert_eq!(one, other);
        let count = |is: fn(&Mood) -> bool| one.iter().filter(|mood| is(mood)).count();
        let throttled = count(|mood| matches!(mood, Mood::Throttles(_)));
        assert!((150..250).contains(&throttled), "{throttled}");
        assert!(count(|mood| matches!(mood, Mood::Fails(500 | 503))) > 100);
        assert!(count(|mood| *mood == Mood::Hangs) > 80);
        assert!(Fate::new(Faults::default()).mood() == Mood::Fine);
    }
}
