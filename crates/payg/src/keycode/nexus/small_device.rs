//! A device with four keys: what it does with a code. Modelled after the published firmware.

use super::{
    ALLOW_TEST_SECONDS, Answer, Credit, FACTORY_TESTS_MAX, LONG_TEST_SECONDS, small, window::Window,
};
use crate::keycode::DeviceKey;

const DAY_SECONDS: u32 = 86_400;

/// A device. It keeps no time: say what elapsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmallDevice {
    key: DeviceKey,
    /// What is left.
    pub credit: Credit,
    /// Which codes it took.
    pub window: Window,
    tests: u8,
}

impl SmallDevice {
    /// A device as it leaves the factory.
    pub fn new(key: DeviceKey) -> Self {
        Self { key, credit: Credit::none(), window: Window::new(), tests: 0 }
    }

    /// Time passes while it has power.
    pub fn elapse(&mut self, seconds: u32) {
        self.credit.elapse(seconds);
    }

    /// Somebody presses the keys of a code, `1` first.
    pub fn enter(&mut self, keys: &str) -> Answer {
        let Some(bits) = small::read(keys) else { return Answer::Invalid };
        let (low, kind) = (bits >> 22, bits >> 20 & 3);
        let (body, check) = ((bits >> 12) as u8, (bits & 0xFFF) as u16);
        match kind {
            0 | 2 => self.enter_own(low, kind as u8, body, check),
            1 => self.enter_extended(low, body, check),
            _ if low == 0 => self.enter_service(body, check),
            _ => Answer::Invalid,
        }
    }

    fn enter_own(&mut self, low: u32, kind: u8, body: u8, check: u16) -> Answer {
        let id = self.window.number(low);
        if small::check(&self.key, id, kind, body) != check {
            return Answer::Invalid;
        }
        let is_set = kind == 2;
        let days = if is_set { small::set_days(body) } else { Some(small::add_days(body)) };
        if days.is_none() && !matches!(body, small::UNLOCK | small::CLEAR_RESTRICTED) {
            return Answer::Invalid;
        }
        if self.window.is_used(id) {
            return Answer::Duplicate;
        }
        if !is_set {
            return self.add(id, body);
        }
        self.window.take_all_until(id);
        match (body, days) {
            (small::UNLOCK, _) => self.credit.unlock(),
            (small::CLEAR_RESTRICTED, _) => self.credit.restricted = false,
            (_, days) => self.credit.set(days.unwrap_or(0).wrapping_mul(DAY_SECONDS)),
        }
        Answer::Applied
    }

    fn add(&mut self, id: u32, body: u8) -> Answer {
        self.window.take(id);
        if self.credit.unlocked {
            return Answer::Duplicate;
        }
        match body {
            small::UNLOCK => self.credit.unlock(),
            body => self.credit.add(small::add_days(body).wrapping_mul(DAY_SECONDS)),
        }
        Answer::Applied
    }

    /// Sets time and takes the maker's mark away. Only two bits of the number are sent, so all that it may be are tried.
    fn enter_extended(&mut self, upper: u32, body: u8, check: u16) -> Answer {
        if upper >> 2 != 0b1000 {
            return Answer::Invalid;
        }
        let is_meant = |id: &u32| {
            id & 3 == upper & 3
                && !self.window.is_used(*id)
                && small::extended_check(&self.key, *id, body) == check
        };
        let (Some(id), Some(days)) = (self.window.numbers().find(is_meant), small::set_days(body)) else {
            return Answer::Invalid;
        };
        self.window.take_all_until(id);
        self.credit.set(days.wrapping_mul(DAY_SECONDS));
        self.credit.restricted = false;
        Answer::Applied
    }

    fn enter_service(&mut self, body: u8, check: u16) -> Answer {
        let key = if body >= 128 { &self.key } else { &small::TEST_KEY };
        if small::check(key, 0, 3, body) != check {
            return Answer::Invalid;
        }
        match body {
            0 if self.credit.is_disabled() => self.credit.add(ALLOW_TEST_SECONDS),
            1 if !self.credit.unlocked && self.tests < FACTORY_TESTS_MAX => {
                self.tests += 1;
                self.credit.add(LONG_TEST_SECONDS);
            }
            0 | 1 => return Answer::Duplicate,
            128 => self.credit.set(0),
            129 | 130 => {
                if body == 129 {
                    self.credit.set(0);
                }
                self.window = Window::new();
                self.tests = 0;
            }
            _ => return Answer::Invalid,
        }
        Answer::Applied
    }
}
