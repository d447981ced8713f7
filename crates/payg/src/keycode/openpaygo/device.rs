//! A device that takes OpenPAYGO codes, by the documented rules.
//!
//! The published firmware in C differs: it takes some codes a second time (`facts/payg.md` section 2.3). This model does
//! not, so it is what a device should do, not what each one does.

use super::{
    CODES, DISABLE, SYNC, next_code,
    token::{Settings, from_four_keys},
};

/// How many counts ahead of the highest a device looks.
const AHEAD: u32 = 64;

/// How many ahead it looks for a code that only says where the count stands.
const AHEAD_FOR_SYNC: u32 = 100;

/// How many counts behind the highest a code that adds is still taken.
const BEHIND: u32 = 16;

const DAY_SECONDS: i64 = 86_400;

/// What a device made of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entered {
    /// Time was added: value and count of the code.
    Added(u32, u32),
    /// Time was set: value and count.
    Set(u32, u32),
    /// The lock is off for good: its count.
    Disabled(u32),
    /// The count was told.
    Synced(u32),
    /// It was entered before, or is too old.
    AlreadyUsed,
    /// No code of this device.
    Invalid,
}

impl Entered {
    /// The name of the published sequences.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added(..) => "ADD_TIME",
            Self::Set(..) => "SET_TIME",
            Self::Disabled(_) => "DISABLE_PAYG",
            Self::Synced(_) => "COUNTER_SYNC",
            Self::AlreadyUsed => "ALREADY_USED",
            Self::Invalid => "INVALID",
        }
    }
}

/// A device. It keeps no time: say what elapsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    settings: Settings,
    /// How many parts of a day a value counts: 1 to 255.
    divider: u32,
    /// The highest count that it took.
    pub count: u32,
    /// Which of the last counts were taken; from low to high.
    used: Vec<u32>,
    /// What is left, in seconds times the divider, so that no part of a day is rounded.
    left: i64,
    /// Whether it locks at all.
    pub is_payg: bool,
}

impl Device {
    /// A device that has taken codes up to `count`, without time.
    pub fn new(settings: Settings, divider: u8, count: u32) -> Self {
        Self { settings, divider: u32::from(divider).max(1), count, used: Vec::new(), left: 0, is_payg: true }
    }

    /// The counts that it remembers as taken.
    pub fn used(&self) -> &[u32] {
        &self.used
    }

    /// Seconds left, rounded down.
    pub fn seconds_left(&self) -> i64 {
        self.left / i64::from(self.divider)
    }

    /// Days left, for showing.
    pub fn days_left(&self) -> f64 {
        self.left as f64 / (DAY_SECONDS * i64::from(self.divider)) as f64
    }

    /// Whether it gives light.
    pub fn is_lit(&self) -> bool {
        !self.is_payg || self.left > 0
    }

    /// Time passes.
    pub fn elapse(&mut self, seconds: u32) {
        self.left = (self.left - i64::from(seconds) * i64::from(self.divider)).max(0);
    }

    /// Somebody types a code.
    pub fn enter(&mut self, digits: &str) -> Entered {
        let Some(token) = self.read(digits) else { return Entered::Invalid };
        let entered = self.find(token);
        let value = |value: u32| i64::from(value) * DAY_SECONDS;
        match entered {
            Entered::Added(worth, count) => {
                self.count = self.count.max(count);
                self.mark(count);
                if self.is_payg {
                    self.left += value(worth);
                }
            }
            Entered::Set(worth, count) => {
                self.settle(count);
                self.is_payg = true;
                self.left = value(worth);
            }
            Entered::Disabled(count) => {
                self.settle(count);
                self.is_payg = false;
            }
            Entered::Synced(count) => self.settle(count),
            Entered::AlreadyUsed | Entered::Invalid => {}
        }
        entered
    }

    fn read(&self, digits: &str) -> Option<u32> {
        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = match (self.settings.is_restricted, digits.len()) {
            (true, 15) => from_four_keys(digits)?,
            (false, 9) if is_number => digits.parse().ok()?,
            _ => return None,
        };
        u32::try_from(number).ok().filter(|number| *number < CODES)
    }

    /// The first count whose code this is and that may be taken.
    fn find(&self, token: u32) -> Entered {
        let start = self.settings.starting_code;
        let (base, first) = (token % 1000, start % 1000);
        let value = (base + 1000 - first) % 1000;
        let mut code = start - first + base;
        let ahead = if value == SYNC { AHEAD_FOR_SYNC } else { AHEAD };
        let mut found = Entered::Invalid;
        for count in 0..=self.count.saturating_add(ahead) {
            if code - code % 1000 + base == token {
                if self.may_take(count, value) {
                    return match (count % 2, value) {
                        (_, SYNC) => Entered::Synced(count),
                        (0, value) => Entered::Added(value, count),
                        (_, DISABLE) => Entered::Disabled(count),
                        (_, value) => Entered::Set(value, count),
                    };
                }
                found = Entered::AlreadyUsed;
            }
            code = next_code(&self.settings.key, code);
        }
        found
    }

    fn may_take(&self, count: u32, value: u32) -> bool {
        if value == SYNC {
            return count.saturating_add(AHEAD) > self.count;
        }
        let is_late = count.is_multiple_of(2)
            && count.saturating_add(BEHIND) > self.count
            && !self.used.contains(&count);
        count > self.count || is_late
    }

    /// Forgets what is too old, and marks one count.
    fn mark(&mut self, count: u32) {
        self.used.push(count);
        self.used.sort_unstable();
        self.used.dedup();
        let highest = self.count;
        self.used.retain(|used| used.saturating_add(BEHIND) > highest);
    }

    /// Nothing before this count is taken any more.
    fn settle(&mut self, count: u32) {
        self.count = count;
        self.used = ((count + 1).saturating_sub(BEHIND)..=count).collect();
    }
}
