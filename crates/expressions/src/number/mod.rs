//! The decimal numbers of expressions: exact, at most 36 significant digits, magnitudes between 1e-100 and 1e100.
//!
//! A number is a 128-bit mantissa and a power of ten, so that it never touches the heap; only sums and products
//! whose intermediate value does not fit take the slow way over big integers (`wide`).

mod arithmetic;
mod format;
mod power;
mod wide;

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

pub(crate) use arithmetic::Rounding;
pub(crate) use format::write_grouped;

/// Most significant digits a number may have.
pub const MAX_DIGITS: u32 = 36;
/// Largest power of ten, and with a minus sign the smallest, that a number may need.
pub const MAX_EXPONENT: i32 = 100;
/// Beyond this no mantissa brings a number back into range.
const FARTHEST_EXPONENT: u32 = 1000;
/// Decimals that a division is carried to.
pub const DIVISION_PLACES: i32 = 16;

/// A number would need more digits or a larger exponent than numbers may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("number value out of range")]
pub struct OutOfRange;

/// A decimal of up to 36 significant digits and a magnitude between 1e-100 and 1e100.
///
/// There is one representation per value, so `==` is numeric equality.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Number {
    // The mantissa is kept as two words because an i128 would align, and so grow, every value to 48 bytes.
    high: i64,
    low: u64,
    exponent: i16,
}

impl Number {
    /// Zero.
    pub const ZERO: Number = Number { high: 0, low: 0, exponent: 0 };
    /// One.
    pub const ONE: Number = Number { high: 0, low: 1, exponent: 0 };

    const fn raw(mantissa: i128, exponent: i16) -> Self {
        Self { high: (mantissa >> 64) as i64, low: mantissa as u64, exponent }
    }

    pub(crate) const fn mantissa(&self) -> i128 {
        ((self.high as i128) << 64) | self.low as i128
    }

    pub(crate) const fn exponent(&self) -> i32 {
        self.exponent as i32
    }

    /// `mantissa` × 10^`exponent`.
    ///
    /// # Errors
    /// [`OutOfRange`] if that needs more digits or a larger exponent than numbers may have.
    pub fn new(mantissa: i128, exponent: i32) -> Result<Self, OutOfRange> {
        if exponent == 0 && mantissa.unsigned_abs() < POWERS_OF_TEN[MAX_DIGITS as usize] {
            return Ok(Self::raw(mantissa, 0));
        }
        let (mut mantissa, mut exponent) = (mantissa, exponent);
        if mantissa == 0 {
            return Ok(Self::ZERO);
        }
        if exponent.unsigned_abs() > FARTHEST_EXPONENT {
            return Err(OutOfRange);
        }
        while exponent < 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        if exponent >= 0 && mantissa.unsigned_abs() >= POWERS_OF_TEN[MAX_DIGITS as usize] || exponent > 0 {
            while mantissa % 10 == 0 {
                mantissa /= 10;
                exponent += 1;
            }
            let length = digits(mantissa) as i32;
            if length + exponent <= MAX_DIGITS as i32 {
                return Ok(Self::raw(mantissa * POWERS_OF_TEN[exponent as usize] as i128, 0));
            }
        }
        if digits(mantissa) > MAX_DIGITS || exponent.abs() > MAX_EXPONENT {
            return Err(OutOfRange);
        }
        Ok(Self::raw(mantissa, exponent as i16))
    }

    /// Reads digits with perhaps a minus sign in front and a fraction behind a point, such as `-12.50` or `.5`.
    /// Nothing else: no plus sign, no exponent, no spaces, no point without digits behind it.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (negative, unsigned) = match bytes.first()? {
            b'-' => (true, &bytes[1..]),
            _ => (false, bytes),
        };
        let mut mantissa: i128 = 0;
        let (mut significant, mut fraction) = (0u32, None::<i32>);
        let mut previous_is_digit = false;
        // Zeros behind the last digit that counts are held back, so that long tails of zeros cost no digits.
        let mut pending_zeros = 0u32;
        for byte in unsigned {
            match byte {
                b'.' if fraction.is_none() => {
                    fraction = Some(0);
                    previous_is_digit = false;
                    continue;
                }
                b'0' => pending_zeros += 1,
                b'1'..=b'9' => {
                    let shift = if significant == 0 { 1 } else { pending_zeros + 1 };
                    significant += shift;
                    if significant > MAX_DIGITS {
                        return None;
                    }
                    mantissa = mantissa * POWERS_OF_TEN[shift as usize] as i128 + i128::from(byte - b'0');
                    pending_zeros = 0;
                }
                _ => return None,
            }
            previous_is_digit = true;
            if let Some(places) = &mut fraction {
                *places += 1;
            }
        }
        if !previous_is_digit {
            return None;
        }
        let zeros = if significant == 0 { 0 } else { pending_zeros as i32 };
        Self::new(if negative { -mantissa } else { mantissa }, zeros - fraction.unwrap_or(0)).ok()
    }

    /// The number that a double shows with the fewest digits that still read back as the same double. Infinities
    /// and not-a-number become zero.
    pub fn from_f64(value: f64) -> Self {
        if !value.is_finite() {
            return Self::ZERO;
        }
        // `{}` of a double is plain digits without an exponent.
        Self::parse(&format!("{value}")).unwrap_or(Self::ZERO)
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(0.0)
    }

    /// The whole part, if it fits.
    pub fn to_i64(self) -> Option<i64> {
        let mantissa = self.mantissa();
        match self.exponent() {
            0 => i64::try_from(mantissa).ok(),
            exponent if exponent < 0 => match POWERS_OF_TEN.get(exponent.unsigned_abs() as usize) {
                Some(power) => i64::try_from(mantissa / *power as i128).ok(),
                None => Some(0),
            },
            _ => None,
        }
    }

    /// Whether there is no fraction.
    pub fn is_integer(self) -> bool {
        self.exponent >= 0
    }

    /// Whether this is zero.
    pub fn is_zero(self) -> bool {
        self.high == 0 && self.low == 0
    }

    /// Whether this is below zero.
    pub fn is_negative(self) -> bool {
        self.high < 0
    }
}

/// 10^0 to 10^38.
pub(crate) const POWERS_OF_TEN: [u128; 39] = {
    let mut powers = [1u128; 39];
    let mut index = 1;
    while index < 39 {
        powers[index] = powers[index - 1] * 10;
        index += 1;
    }
    powers
};

pub(crate) fn digits(mantissa: i128) -> u32 {
    mantissa.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1)
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.exponent == other.exponent {
            return self.mantissa().cmp(&other.mantissa());
        }
        match arithmetic::align(*self, *other) {
            Some((left, right, _)) => left.cmp(&right),
            None => wide::compare(*self, *other),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl std::fmt::Debug for Number {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, formatter)
    }
}

macro_rules! from_integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Number {
            fn from(value: $integer) -> Self {
                Self::raw(value as i128, 0)
            }
        }
    )*};
}
from_integers!(i32, u32, i64, u64, usize, u8);

impl Serialize for Number {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not a decimal number")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::parse(text).expect(text)
    }

    #[test]
    fn reads_plain_decimals_only() {
        for (text, expected) in [
            ("0", Some("0")),
            ("-0", Some("0")),
            ("007", Some("7")),
            ("12.50", Some("12.5")),
            ("-0.001", Some("-0.001")),
            ("100", Some("100")),
            ("123456789012345678901234567890123456", Some("123456789012345678901234567890123456")),
            ("1234567890123456789012345678901234567", None),
            ("1000000000000000000000000000000000000000", Some("1000000000000000000000000000000000000000")),
            ("", None),
            ("-", None),
            ("+1", None),
            ("1.", None),
            (".5", Some("0.5")),
            (".", None),
            ("1e5", None),
            ("1.2.3", None),
            (" 1", None),
        ] {
            assert_eq!(Number::parse(text).map(|n| n.to_string()).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn one_value_has_one_representation() {
        assert_eq!(Number::new(100, -2), Ok(Number::ONE));
        assert_eq!(Number::new(12, 3), Ok(Number::from(12_000)));
        assert_eq!(number("1.10"), number("1.1"));
        assert!(number("1.2") > number("1.15"));
        assert!(number("-3") < number("0.5"));
        assert_eq!(std::mem::size_of::<Number>(), 24);
    }

    #[test]
    fn whole_parts() {
        assert_eq!(number("15.9").to_i64(), Some(15));
        assert_eq!(number("-15.9").to_i64(), Some(-15));
        assert_eq!(number("12345678901234567890").to_i64(), None);
    }
}
