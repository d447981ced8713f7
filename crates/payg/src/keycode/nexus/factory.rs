//! Codes that are the same for all devices, used in the factory and by service staff, and digits that are handed on to
//! the product. None of them has 14 digits, by which a device tells them from codes of its own.

use super::{NO_KEY, check_digits, digits_of, full, text_of};
use crate::keycode::DeviceKey;

/// Digits that may follow the subtype of what is handed on, but for [`PASSTHROUGH_FORBIDDEN`].
pub const PASSTHROUGH_DIGITS_MAX: usize = 30;

/// With this many digits the code would have 14 and be taken for one of the device's own.
pub const PASSTHROUGH_FORBIDDEN: usize = 12;

/// A code cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FactoryError {
    /// Minutes have two digits.
    #[error("a test of the factory lasts 1 to 99 minutes, not {0}")]
    Minutes(u32),
    /// Something else than digits, too many of them, or the forbidden number.
    #[error("what is handed on is 1 to {PASSTHROUGH_DIGITS_MAX} digits, but not {PASSTHROUGH_FORBIDDEN}")]
    Passthrough,
}

/// Two minutes of light on a device without credit: shows the buyer that it works.
pub fn allow_test() -> String {
    format!("4{:06}", full::check(&NO_KEY, 0, 4, 0))
}

/// Makes the device show its number.
pub fn display_id() -> String {
    "6347765".to_owned()
}

/// Light for some minutes, for the factory's tests of quality; each device takes five of each kind.
pub fn quality_test(minutes: u32) -> Result<String, FactoryError> {
    if !(1..=99).contains(&minutes) {
        return Err(FactoryError::Minutes(minutes));
    }
    Ok(format!("5000{minutes:02}{:06}", full::check(&NO_KEY, 0, 5, minutes)))
}

/// Asks the device whether it is the one with this number: 8 to 10 digits, no check.
pub fn confirm_id(id: u32) -> String {
    format!("7{id:08}")
}

/// Digits for the product itself; `application` is 0 for its serial line, 1 for Nexus Channel.
pub fn passthrough(application: u8, data: &str) -> Result<String, FactoryError> {
    let is_fit = application <= 9
        && !data.is_empty()
        && data.len() <= PASSTHROUGH_DIGITS_MAX
        && data.len() != PASSTHROUGH_FORBIDDEN
        && data.bytes().all(|byte| byte.is_ascii_digit());
    is_fit.then(|| format!("8{application}{data}")).ok_or(FactoryError::Passthrough)
}

/// The key with which a device's serial line is opened, made of its own.
pub fn serial_line_key(key: &DeviceKey) -> DeviceKey {
    let (low, high) = key.bytes().split_at(8);
    let mut made = [0; 16];
    made[..8].copy_from_slice(&NO_KEY.hash(low).to_le_bytes());
    made[8..].copy_from_slice(&NO_KEY.hash(high).to_le_bytes());
    DeviceKey::new(made)
}

/// Opens the serial line of a device.
pub fn open_serial_line(key: &DeviceKey) -> String {
    format!("800{}", text_of(&digits_of::<6>(u64::from(check_digits(&serial_line_key(key), &[0])))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factory_codes_are_those_of_the_specification() {
        assert_eq!(allow_test(), "4064983");
        assert_eq!(quality_test(60).unwrap(), "500060694509");
        assert_eq!(quality_test(100), Err(FactoryError::Minutes(100)));
        assert_eq!(confirm_id(12_345_678), "712345678");
        assert_eq!(passthrough(1, "0319").unwrap(), "810319");
        for data in ["", "12a", "123456789012", &"1".repeat(31)] {
            assert_eq!(passthrough(0, data), Err(FactoryError::Passthrough), "{data}");
        }
    }
}
