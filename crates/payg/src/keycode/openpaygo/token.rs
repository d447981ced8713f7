//! Codes as the server makes them.

use super::{CODES, DISABLE, LONG_CODES, SYNC, VALUE_MAX, folded, next_code, next_long_code};
use crate::keycode::DeviceKey;

/// Most that the value of an extended code can say.
pub const LONG_VALUE_MAX: u32 = 999_999;

/// Highest count for which a code is made: each costs as many hashes as its count.
pub const COUNT_MAX: u32 = 1_000_000;

/// How a device was set up in the factory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The key that it shares with the server.
    pub key: DeviceKey,
    /// Nine digits from which all codes are drawn.
    pub starting_code: u32,
    /// Its keypad has four keys only: codes are written with 1, 2, 3 and 4.
    pub is_restricted: bool,
}

/// What a code does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Adds days times the device's divider; 0 to 995.
    AddTime(u32),
    /// Says how much is left from now on; 0 to 995.
    SetTime(u32),
    /// Paid off.
    DisablePayg,
    /// Only tells the device where the count stands.
    CounterSync,
}

impl Kind {
    /// The number that stands in the code's last digits.
    fn value(self) -> u32 {
        match self {
            Self::AddTime(value) | Self::SetTime(value) => value,
            Self::DisablePayg => DISABLE,
            Self::CounterSync => SYNC,
        }
    }
}

/// A code and its count, which is to be kept: the next code is made from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What is typed.
    pub digits: String,
    /// Its count.
    pub count: u32,
}

/// A code cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// More than a code can say.
    #[error(
        "a code's value is at most {VALUE_MAX} (extended {LONG_VALUE_MAX}; days times the divider), not {0}: issue several"
    )]
    TooHigh(u32),
    /// A starting code has nine digits.
    #[error("a starting code is a number of at most nine digits, not {0}")]
    StartingCode(u32),
    /// The count is out of all proportion.
    #[error("a count is at most {COUNT_MAX}, not {0}: is it the one of this device?")]
    Count(u32),
}

/// The starting code of a device for which none was chosen.
pub fn starting_code(key: &DeviceKey) -> u32 {
    folded(key.hash(key.bytes()))
}

/// The count of a code of this kind after one with the count `last`: even for what adds, odd for all else.
pub fn next_count(last: u32, kind: Kind) -> u32 {
    let is_even = matches!(kind, Kind::AddTime(_));
    let next = last.saturating_add(1);
    if next.is_multiple_of(2) == is_even { next } else { next.saturating_add(1) }
}

/// The code after the one with the count `last`.
pub fn encode(settings: &Settings, last: u32, kind: Kind) -> Result<Token, EncodeError> {
    let (count, start, value) = checked(settings, last, kind, VALUE_MAX)?;
    let base = (start % 1000 + value) % 1000;
    let mut code = start - start % 1000 + base;
    for _ in 0..count {
        code = next_code(&settings.key, code);
    }
    let token = u64::from(code - code % 1000 + base);
    let digits = if settings.is_restricted { with_four_keys(token, 15) } else { format!("{token:09}") };
    Ok(Token { digits, count })
}

/// The extended code after the one with the count `last`: twelve digits, values to 999,999. Beyond the standard.
pub fn encode_long(settings: &Settings, last: u32, kind: Kind) -> Result<Token, EncodeError> {
    let (count, start, value) = checked(settings, last, kind, LONG_VALUE_MAX)?;
    let (start, value) = (u64::from(start), u64::from(value));
    let base = (start % 1_000_000 + value) % 1_000_000;
    let mut code = start - start % 1_000_000 + base;
    for _ in 0..count {
        code = next_long_code(&settings.key, code);
    }
    let token = code - code % 1_000_000 + base;
    debug_assert!(token < LONG_CODES);
    let digits = if settings.is_restricted { with_four_keys(token, 20) } else { format!("{token:012}") };
    Ok(Token { digits, count })
}

fn checked(settings: &Settings, last: u32, kind: Kind, max: u32) -> Result<(u32, u32, u32), EncodeError> {
    if settings.starting_code >= CODES {
        return Err(EncodeError::StartingCode(settings.starting_code));
    }
    let value = kind.value();
    if matches!(kind, Kind::AddTime(_) | Kind::SetTime(_)) && value > max {
        return Err(EncodeError::TooHigh(value));
    }
    let count = next_count(last, kind);
    if count > COUNT_MAX {
        return Err(EncodeError::Count(count));
    }
    Ok((count, settings.starting_code, value))
}

/// A number written with the digits 1 to 4, two bits each.
pub fn with_four_keys(number: u64, keys: u32) -> String {
    (0..keys).rev().map(|at| char::from(b'1' + (number >> (2 * at) & 3) as u8)).collect()
}

/// The number that the digits 1 to 4 stand for.
pub fn from_four_keys(keys: &str) -> Option<u64> {
    if keys.len() > 32 {
        return None;
    }
    keys.bytes().try_fold(0, |number, key| {
        Some(number << 2 | u64::from(key.checked_sub(b'1').filter(|bits| *bits < 4)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_specification() {
        let key = DeviceKey::from_hex("bc41ec9530f6dac86b1a29ab82edc5fb").unwrap();
        let settings = Settings { key, starting_code: 516_959_010, is_restricted: false };
        let four_keys = Settings { is_restricted: true, ..settings.clone() };
        let token = encode(&settings, 1, Kind::AddTime(1)).unwrap();
        assert_eq!((token.digits.as_str(), token.count), ("588224011", 2));
        assert_eq!(encode_long(&settings, 1, Kind::AddTime(1)).unwrap().digits, "247264959011");
        assert_eq!(encode(&four_keys, 1, Kind::AddTime(1)).unwrap().digits, "314114432231134");
        assert_eq!(encode(&settings, 1, Kind::SetTime(996)), Err(EncodeError::TooHigh(996)));
    }

    #[test]
    fn what_adds_has_even_counts() {
        let cases = [
            (0, Kind::AddTime(1), 2),
            (1, Kind::AddTime(1), 2),
            (2, Kind::AddTime(1), 4),
            (0, Kind::SetTime(1), 1),
            (1, Kind::DisablePayg, 3),
            (2, Kind::CounterSync, 3),
        ];
        for (last, kind, expected) in cases {
            assert_eq!(next_count(last, kind), expected, "{last} {kind:?}");
        }
    }

    #[test]
    fn four_keys_say_any_number() {
        assert_eq!(with_four_keys(662_486_790, 15), "324244134441123");
        assert_eq!(from_four_keys("324244134441123"), Some(662_486_790));
        assert_eq!(from_four_keys("5"), None);
        assert_eq!(from_four_keys("0"), None);
    }
}
