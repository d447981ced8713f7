//! A device with a keypad of ten digits: what it does with a code. Modelled after the published firmware.

use super::{
    ALLOW_TEST_SECONDS, Answer, Credit, FACTORY_TESTS_MAX, LONG_TEST_SECONDS, NO_KEY, factory, full,
    number_of, obscure, read_digits, window::Window,
};
use crate::keycode::DeviceKey;

/// Longest test of the factory that counts as a short one.
const SHORT_TEST_SECONDS: u32 = 600;

/// Applications to which digits are handed on; others are no codes.
const APPLICATIONS: [u8; 3] = [0, 1, 4];

/// A device. It keeps no time: say what elapsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullDevice {
    key: DeviceKey,
    /// The number that it shows.
    pub id: u32,
    /// What is left.
    pub credit: Credit,
    /// Which codes it took.
    pub window: Window,
    short_tests: u8,
    long_tests: u8,
}

impl FullDevice {
    /// A device as it leaves the factory.
    pub fn new(key: DeviceKey, id: u32) -> Self {
        Self { key, id, credit: Credit::none(), window: Window::new(), short_tests: 0, long_tests: 0 }
    }

    /// Time passes while it has power.
    pub fn elapse(&mut self, seconds: u32) {
        self.credit.elapse(seconds);
    }

    /// Somebody types a code, `*` and `#` included or not. Answers what the device shows, and the digits that it handed
    /// on to the product.
    pub fn enter(&mut self, code: &str) -> (Answer, Option<String>) {
        let typed = code.strip_prefix('*').unwrap_or(code);
        let typed = typed.strip_suffix('#').unwrap_or(typed);
        let Some(digits) = read_digits(typed) else { return (Answer::Invalid, None) };
        if digits.len() == full::DIGITS {
            return (self.enter_own(digits), None);
        }
        let answer = match digits.first() {
            Some(4) if typed == factory::allow_test() => self.allow_test(),
            Some(5) if digits.len() == 12 => self.quality_test(&digits),
            Some(6) if typed == factory::display_id() => Answer::DisplayId,
            Some(7) if (9..=11).contains(&digits.len()) => self.confirm_id(&digits[1..]),
            Some(8) if digits.len() > 1 => {
                let answer = if APPLICATIONS.contains(&digits[1]) { Answer::Silent } else { Answer::Invalid };
                return (answer, Some(typed[1..].to_owned()));
            }
            _ => Answer::Invalid,
        };
        (answer, None)
    }

    /// A code that gives or takes time.
    fn enter_own(&mut self, mut digits: Vec<u8>) -> Answer {
        let check = number_of(&digits[8..]) as u32;
        obscure(&mut digits[..8], check, true);
        let (kind, low) = (digits[0], number_of(&digits[1..3]) as u32);
        let value = if kind == 2 { u32::from(digits[7]) } else { number_of(&digits[3..8]) as u32 };
        if low > 63 || kind > 2 {
            return Answer::Invalid;
        }
        let id = self.window.number(low);
        if full::check(&self.key, id, kind, value) != check {
            return Answer::Invalid;
        }
        let wipe = full::Wipe::of(value);
        if kind == 2 && wipe.is_none() {
            return Answer::Invalid;
        }
        if self.window.is_used(id) {
            return Answer::Duplicate;
        }
        match (kind, wipe) {
            (0, _) => self.add(id, value),
            (1, _) => self.set(id, value),
            (_, wipe) => self.wipe(id, wipe),
        }
    }

    fn add(&mut self, id: u32, hours: u32) -> Answer {
        self.window.take(id);
        if self.credit.unlocked {
            return Answer::Duplicate;
        }
        self.credit.add(hours.wrapping_mul(3_600));
        Answer::Applied
    }

    fn set(&mut self, id: u32, hours: u32) -> Answer {
        self.window.take_all_until(id);
        match hours {
            full::UNLOCK_HOURS => self.credit.unlock(),
            hours => self.credit.set(hours.wrapping_mul(3_600)),
        }
        Answer::Applied
    }

    fn wipe(&mut self, id: u32, wipe: Option<full::Wipe>) -> Answer {
        let Some(wipe) = wipe else { return Answer::Invalid };
        self.window.take_all_until(id);
        match wipe {
            full::Wipe::Credit | full::Wipe::CreditAndIds => self.credit.set(0),
            full::Wipe::Restricted => self.credit.restricted = false,
            full::Wipe::Ids => {}
        }
        if wipe.reopens_old_codes() {
            self.window = Window::new();
            (self.short_tests, self.long_tests) = (0, 0);
        }
        Answer::Applied
    }

    fn allow_test(&mut self) -> Answer {
        if !self.credit.is_disabled() {
            return Answer::Duplicate;
        }
        self.credit.add(ALLOW_TEST_SECONDS);
        Answer::Applied
    }

    fn quality_test(&mut self, digits: &[u8]) -> Answer {
        let minutes = number_of(&digits[1..6]) as u32;
        if full::check(&NO_KEY, 0, 5, minutes) != number_of(&digits[6..]) as u32 {
            return Answer::Invalid;
        }
        let seconds = minutes * 60;
        let tests = if seconds <= SHORT_TEST_SECONDS { &mut self.short_tests } else { &mut self.long_tests };
        let waits_for_dark = seconds != LONG_TEST_SECONDS && self.credit.seconds > 0;
        if self.credit.unlocked || waits_for_dark || *tests >= FACTORY_TESTS_MAX {
            return Answer::Duplicate;
        }
        *tests += 1;
        self.credit.add(seconds);
        Answer::Applied
    }

    fn confirm_id(&self, digits: &[u8]) -> Answer {
        if number_of(digits) == u64::from(self.id) { Answer::Applied } else { Answer::Duplicate }
    }
}
