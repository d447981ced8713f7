//! Nexus Keycode, for keypads with ten digits (`full`, `factory`, `channel`) and with four keys (`small`); each with the
//! device's side, which is also the simulator.
//!
//! Rules: `facts/payg.md` sections 2.1 and 2.2, after the published specification and firmware.

pub mod channel;
pub mod factory;
pub mod full;
mod full_device;
pub mod small;
mod small_device;
mod window;

pub use full_device::FullDevice;
pub use small_device::SmallDevice;
pub use window::{AHEAD, BEHIND, FIRST_CENTRE};

use super::DeviceKey;

/// How many codes may be issued that were not entered, before a client must be warned and a code that sets time be
/// issued: the device looks 40 numbers ahead.
pub const UNENTERED_WARNING: u32 = 35;

/// Highest number of a message: the firmware keeps 16 bits of it.
pub const MESSAGE_ID_MAX: u32 = 64_999;

/// Most seconds of a long test of the factory, of which a device takes any number while it is without credit.
const LONG_TEST_SECONDS: u32 = 3_600;

/// How many tests of each kind a device takes in its life.
const FACTORY_TESTS_MAX: u8 = 5;

/// Seconds of light that a device gives for a code that only shows that it works.
const ALLOW_TEST_SECONDS: u32 = 127;

/// The key of what is the same for all devices.
const NO_KEY: DeviceKey = DeviceKey::new([0; 16]);

/// What a device answers to a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The code did something.
    Applied,
    /// The code is right and does nothing (any more).
    Duplicate,
    /// Not a code for this device.
    Invalid,
    /// Shows the device's number.
    DisplayId,
    /// Handed on to the product, which answers by itself.
    Silent,
}

impl Answer {
    /// The name of the published sequences.
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Duplicate => "valid_duplicate",
            Self::Invalid => "invalid",
            Self::DisplayId => "display_id",
            Self::Silent => "none",
        }
    }
}

/// What a device knows about its credit; survives the loss of power.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// Seconds left; counts around at 2^32, as the firmware's does.
    pub seconds: u32,
    /// Paid off: lit for good.
    pub unlocked: bool,
    /// A mark that the maker's own service sets, and a code takes away.
    pub restricted: bool,
}

impl Credit {
    /// A device as it comes from the factory: without credit.
    pub const fn none() -> Self {
        Self { seconds: 0, unlocked: false, restricted: false }
    }

    /// Whether the device is dark.
    pub fn is_disabled(&self) -> bool {
        !self.unlocked && self.seconds == 0
    }

    fn add(&mut self, seconds: u32) {
        self.seconds = self.seconds.wrapping_add(seconds);
    }

    fn set(&mut self, seconds: u32) {
        self.unlocked = false;
        self.seconds = seconds;
    }

    fn unlock(&mut self) {
        self.unlocked = true;
        self.seconds = 0;
    }

    fn elapse(&mut self, seconds: u32) {
        if !self.unlocked {
            self.seconds = self.seconds.saturating_sub(seconds);
        }
    }
}

/// Six digits of a keyed check over `message`.
fn check_digits(key: &DeviceKey, message: &[u8]) -> u32 {
    // The lower half of the hash, by the specification; the cast cuts it off.
    key.hash(message) as u32 % 1_000_000
}

/// The eight numbers that are added to what stands before a check of six digits, so that codes of one device do not
/// look alike.
fn mask_of(check: u32) -> [u8; 8] {
    let mut seed = [0; 5];
    seed[1..].copy_from_slice(&check.to_le_bytes());
    NO_KEY.hash(&seed).to_le_bytes()
}

/// Adds (or takes away) the mask of a check to the digits before it; digits are 0–9, one a byte. What is beyond eight
/// digits stays.
fn obscure(digits: &mut [u8], check: u32, back: bool) {
    for (digit, mask) in digits.iter_mut().zip(mask_of(check)) {
        let mask = mask % 10;
        *digit = (*digit + if back { 10 - mask } else { mask }) % 10;
    }
}

/// The digits of a number, filled with zeros from the left.
fn digits_of<const N: usize>(mut number: u64) -> [u8; N] {
    let mut digits = [0; N];
    for digit in digits.iter_mut().rev() {
        *digit = (number % 10) as u8;
        number /= 10;
    }
    digits
}

/// The number that digits make.
fn number_of(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(*digit))
}

fn text_of(digits: &[u8]) -> String {
    digits.iter().map(|digit| char::from(b'0' + digit)).collect()
}

/// Digits of a text, or nothing if anything else stands in it.
fn read_digits(text: &str) -> Option<Vec<u8>> {
    text.bytes().map(|byte| byte.is_ascii_digit().then(|| byte - b'0')).collect()
}
