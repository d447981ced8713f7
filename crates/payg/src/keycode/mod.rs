//! Keycodes: digits that somebody types into a device to give it time or to unlock it, and the device that takes them.
//!
//! Two protocols are spoken natively: `nexus` (full and small keypads) and `openpaygo`. All of their codes are bound to a
//! device by SipHash-2-4 with a key that server and device share.

pub mod nexus;
pub mod openpaygo;

use std::{fmt, hash::Hasher as _};

use siphasher::sip::SipHasher24;

/// The key that a device shares with the server: 16 bytes. Never shown: `Debug` hides it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DeviceKey([u8; 16]);

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceKey(…)")
    }
}

/// A text is no key of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a device's key is 32 hexadecimal digits")]
pub struct KeyError;

impl DeviceKey {
    /// A key of these bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads 32 hexadecimal digits, large or small.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let digits = text.as_bytes();
        if digits.len() != 32 {
            return Err(KeyError);
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
        }
        Ok(Self(bytes))
    }

    /// The key as 32 small hexadecimal digits, to be kept.
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// SipHash-2-4 of a message.
    pub(crate) fn hash(&self, message: &[u8]) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write(message);
        hasher.finish()
    }
}

fn hex_digit(digit: u8) -> Result<u8, KeyError> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()).ok_or(KeyError)
}

/// SipHash-2-4 of a message, as both protocols and the signatures of OpenPAYGO Metrics use it.
pub fn siphash(key: &DeviceKey, message: &[u8]) -> u64 {
    key.hash(message)
}

/// Digits in groups, as people read them to each other: `92455 1…` in groups of three is `924 551 …`.
pub fn grouped(digits: &str, size: usize) -> String {
    let mut shown = String::with_capacity(digits.len() + digits.len() / size.max(1));
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && at.is_multiple_of(size.max(1)) {
            shown.push(' ');
        }
        shown.push(digit);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_32_digits_and_never_shown() {
        let key = DeviceKey::from_hex("00112233445566778899AABBccddeeff").unwrap();
        assert_eq!(key.to_hex(), "00112233445566778899aabbccddeeff");
        assert_eq!(format!("{key:?}"), "DeviceKey(…)");
        for text in [
            "",
            "zz",
            "0011",
            "00112233445566778899aabbccddeefg",
            "00112233445566778899aabbccddeeff0",
            "é0112233445566778899aabbccddeef",
        ] {
            assert_eq!(DeviceKey::from_hex(text), Err(KeyError), "{text}");
        }
    }

    #[test]
    fn digits_are_shown_in_groups() {
        assert_eq!(grouped("92455196530506", 3), "924 551 965 305 06");
        assert_eq!(grouped("", 3), "");
        assert_eq!(grouped("123", 3), "123");
    }
}
