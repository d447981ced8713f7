//! Codes for keypads with four keys: `1` begins, then 14 keys of 2, 3, 4 and 5, each two bits.
//!
//! The 28 bits are the number's lowest six, two of type, eight of body and twelve of check; the upper sixteen are
//! obscured by the check.

use super::{NO_KEY, window};
use crate::keycode::{DeviceKey, grouped};

/// The body that unlocks, for what adds and what sets.
pub(super) const UNLOCK: u8 = 255;

/// The body that takes the maker's mark away.
pub(super) const CLEAR_RESTRICTED: u8 = 253;

/// The body that sets no time at all.
pub(super) const SET_NOTHING: u8 = 254;

/// What a code does; days are whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// Adds 1 to 405 days; beyond 180 the device rounds up to 183, 186 …
    AddCredit {
        /// Days.
        days: u32,
    },
    /// Says that 0 to 960 days are left; beyond 90 in steps.
    SetCredit {
        /// Days.
        days: u32,
    },
    /// Paid off; older codes can still be entered.
    Unlock,
    /// Paid off; older codes do nothing any more.
    SetUnlock,
    /// Takes the maker's mark away.
    ClearRestricted,
}

/// What service staff take away. **Nothing stops such a code from being entered again.**
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Maintenance {
    /// The credit.
    Credit = 128,
    /// The credit, and which codes were entered.
    CreditAndIds = 129,
    /// Which codes were entered.
    Ids = 130,
}

/// Codes that all devices take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Test {
    /// Two minutes, without credit only.
    Short = 0,
    /// An hour, five times in a device's life.
    Quality = 1,
}

/// A code cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// Days beyond what a code can say.
    #[error("a code adds 1 to 405 days or sets 0 to 960, not {0}")]
    Days(u32),
    /// An old test code has the same digits.
    #[error("number {0} cannot set one day: an old test code has the same digits; take the next number")]
    TestCode(u32),
    /// Another number that the device may expect has the same check.
    #[error("number {0} has the same check as another one; take the next number")]
    Ambiguous(u32),
}

/// A code as it is sent and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keycode {
    /// `1` and 14 keys.
    pub keys: String,
    /// The bits before they are obscured.
    pub bits: u32,
}

impl Keycode {
    /// In groups of three: `152 333 322 254 442`.
    pub fn shown(&self) -> String {
        grouped(&self.keys, 3)
    }
}

/// The check of a message with its whole number: twelve bits.
pub(super) fn check(key: &DeviceKey, id: u32, kind: u8, body: u8) -> u16 {
    let mut message = [0; 6];
    message[..4].copy_from_slice(&id.to_le_bytes());
    message[4] = kind;
    message[5] = body;
    (key.hash(&message) >> 52) as u16
}

/// The check of a message that sets time and takes the mark away.
pub(super) fn extended_check(key: &DeviceKey, id: u32, body: u8) -> u16 {
    let mut message = [0; 7];
    message[..4].copy_from_slice(&id.to_le_bytes());
    message[5] = body;
    message[6] = (id & 3) as u8;
    (key.hash(&message) >> 52) as u16
}

/// Obscures the upper sixteen of 28 bits, and back.
fn obscured(bits: u32) -> u32 {
    let check = (bits & 0xFFF) as u16;
    let [high, low] = check.to_be_bytes();
    let mask = NO_KEY.hash(&[0, high, low]).to_le_bytes();
    bits ^ (u32::from(mask[0]) << 8 | u32::from(mask[1])) << 12
}

fn keys_of(bits: u32) -> String {
    let mut keys = String::with_capacity(15);
    keys.push('1');
    for pair in (0..14).rev() {
        keys.push(char::from(b'2' + (bits >> (2 * pair) & 3) as u8));
    }
    keys
}

/// The 28 bits that keys stand for, laid open.
pub(super) fn read(keys: &str) -> Option<u32> {
    let keys = keys.strip_prefix('1').filter(|keys| keys.len() == 14)?;
    let mut bits = 0;
    for key in keys.bytes() {
        bits = bits << 2 | u32::from(key.checked_sub(b'2').filter(|value| *value < 4)?);
    }
    Some(obscured(bits))
}

fn keycode(low_id: u32, kind: u8, body: u8, check: u16) -> Keycode {
    let bits = (low_id & 63) << 22 | u32::from(kind) << 20 | u32::from(body) << 12 | u32::from(check);
    Keycode { keys: keys_of(obscured(bits)), bits }
}

/// The body for days that are added: each beyond 180 stands for three.
fn add_body(days: u32) -> Option<u8> {
    let body = match days {
        1..=180 => days - 1,
        181..=405 => 180 + (days - 181) / 3,
        _ => return None,
    };
    u8::try_from(body).ok()
}

/// The days that a body adds.
pub(super) fn add_days(body: u8) -> u32 {
    match u32::from(body) {
        body @ 0..180 => body + 1,
        body => 180 + (body - 179) * 3,
    }
}

/// Where steps of days that are set begin: body, days before it, days a step.
const SET_STEPS: [(u32, u32, u32); 4] = [(90, 90, 2), (135, 180, 4), (180, 360, 8), (225, 720, 16)];

/// Bodies from here on are kept for other things.
const SET_RESERVED: u32 = 240;

/// The body for days that are set.
fn set_body(days: u32) -> Option<u8> {
    let body = match days {
        0 => u32::from(SET_NOTHING),
        1..=90 => days - 1,
        _ => {
            let (first, before, step) = SET_STEPS.into_iter().rev().find(|(_, before, _)| days > *before)?;
            let body = first + (days - before - 1) / step;
            Some(body).filter(|body| *body < SET_RESERVED)?
        }
    };
    u8::try_from(body).ok()
}

/// The days that a body sets, or nothing for one that is kept for other things.
pub(super) fn set_days(body: u8) -> Option<u32> {
    let number = u32::from(body);
    if body == SET_NOTHING {
        return Some(0);
    }
    if number >= SET_RESERVED {
        return None;
    }
    let step = SET_STEPS.into_iter().rev().find(|(first, ..)| number >= *first);
    Some(step.map_or(number + 1, |(first, before, step)| before + (number - first + 1) * step))
}

/// The code number `id` for the device with this key.
pub fn encode(key: &DeviceKey, id: u32, message: Message) -> Result<Keycode, EncodeError> {
    let (kind, body) = match message {
        Message::AddCredit { days } => (0, add_body(days).ok_or(EncodeError::Days(days))?),
        Message::SetCredit { days: 1 } if id & 63 == 63 => return Err(EncodeError::TestCode(id)),
        Message::SetCredit { days } => (2, set_body(days).ok_or(EncodeError::Days(days))?),
        Message::Unlock => (0, UNLOCK),
        Message::SetUnlock => (2, UNLOCK),
        Message::ClearRestricted => (2, CLEAR_RESTRICTED),
    };
    Ok(keycode(id, kind, body, check(key, id, kind, body)))
}

/// A code that sets 0 to 960 days and takes the maker's mark away.
pub fn encode_set_and_clear(key: &DeviceKey, id: u32, days: u32) -> Result<Keycode, EncodeError> {
    let body = set_body(days).ok_or(EncodeError::Days(days))?;
    let check = extended_check(key, id, body);
    let others = id.saturating_sub(window::BEHIND)..=id.saturating_add(window::AHEAD);
    if others
        .filter(|other| *other != id && other & 3 == id & 3)
        .any(|other| extended_check(key, other, body) == check)
    {
        return Err(EncodeError::Ambiguous(id));
    }
    // One bit that says extended, three of its kind (0), the number's lowest two; then the type that hands digits on.
    let upper = 0b10_0000 | (id & 3);
    Ok(keycode(upper, 1, body, check))
}

/// A code for service staff.
pub fn encode_maintenance(key: &DeviceKey, what: Maintenance) -> Keycode {
    keycode(0, 3, what as u8, check(key, 0, 3, what as u8))
}

/// The key of the tests that all devices take.
pub(super) const TEST_KEY: DeviceKey = DeviceKey::new([0xFF; 16]);

/// A code that all devices take.
pub fn encode_test(test: Test) -> Keycode {
    keycode(0, 3, test as u8, check(&TEST_KEY, 0, 3, test as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_specification() {
        let key = DeviceKey::from_hex("deadbeefdeadbeefdeadbeefdeadbeef").unwrap();
        let cases = [
            (42, Message::AddCredit { days: 7 }, "135242422455244"),
            (44, Message::SetCredit { days: 10 }, "142522332234533"),
            (45, Message::Unlock, "152323254454322"),
            (46, Message::ClearRestricted, "154545254542523"),
        ];
        for (id, message, expected) in cases {
            assert_eq!(encode(&key, id, message).unwrap().keys, expected, "{message:?}");
        }
        assert_eq!(encode_maintenance(&key, Maintenance::Ids).keys, "122324235545545");
        assert_eq!(encode_set_and_clear(&key, 51, 84).unwrap().keys, "145545244442435");
        assert_eq!(encode_set_and_clear(&key, 50, 84), Err(EncodeError::Ambiguous(50)));
    }

    #[test]
    fn days_are_rounded_up_to_what_a_body_says() {
        for days in 1..=405 {
            let given = add_days(add_body(days).unwrap());
            assert!(given >= days && given < days + 3, "{days} {given}");
        }
        for days in 0..=960 {
            let given = set_days(set_body(days).unwrap()).unwrap();
            assert!(given >= days && given < days + 16, "{days} {given}");
        }
        assert_eq!((add_body(0), add_body(406), set_body(961)), (None, None, None));
    }
}
