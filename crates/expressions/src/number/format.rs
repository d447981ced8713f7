//! Numbers as text, plain and with the symbols of a country.

use std::fmt::{self, Write};

use crate::environment::NumberFormat;

use super::Number;
use super::arithmetic::Rounding;

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mantissa = self.mantissa();
        let exponent = self.exponent();
        if exponent == 0 {
            // Most numbers are small and whole; the 64-bit way is several times faster.
            return match i64::try_from(mantissa) {
                Ok(small) => write!(formatter, "{small}"),
                Err(_) => write!(formatter, "{mantissa}"),
            };
        }
        if exponent > 0 {
            write!(formatter, "{mantissa}")?;
            return (0..exponent).try_for_each(|_| formatter.write_char('0'));
        }
        if self.is_negative() {
            formatter.write_char('-')?;
        }
        let text = mantissa.unsigned_abs().to_string();
        let places = exponent.unsigned_abs() as usize;
        if text.len() > places {
            let (whole, fraction) = text.split_at(text.len() - places);
            write!(formatter, "{whole}.{fraction}")
        } else {
            write!(formatter, "0.{text:0>places$}")
        }
    }
}

/// Appends `number` with the symbols of `format`: rounded to `places` decimals (all that it has if `None`), whole
/// digits in groups of three if `group`.
pub(crate) fn write_grouped(
    out: &mut String,
    number: Number,
    format: &NumberFormat,
    places: Option<u32>,
    group: bool,
) {
    let rounded = match places {
        Some(places) => number.rounded(places as i32, Rounding::Nearest).unwrap_or(number),
        None => number,
    };
    let text = rounded.absolute().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if rounded.is_negative() {
        out.push('-');
    }
    for (index, digit) in whole.chars().enumerate() {
        if group && index > 0 && (whole.len() - index) % 3 == 0 {
            out.push_str(&format.digit_grouping_symbol);
        }
        out.push(digit);
    }
    let width = places.map_or(fraction.len(), |places| places as usize);
    if width > 0 {
        out.push_str(&format.decimal_symbol);
        out.push_str(fraction);
        out.extend(std::iter::repeat_n('0', width.saturating_sub(fraction.len())));
    }
}

impl Number {
    /// Appends the number as plain text; several times faster than formatting where it is small and whole.
    pub(crate) fn write(self, out: &mut String) {
        let Some(mut rest) = u64::try_from(self.mantissa()).ok().filter(|_| self.exponent() == 0) else {
            // Writing to a String cannot fail.
            let _ = write!(out, "{self}");
            return;
        };
        const MOST_DIGITS: usize = 20;
        let mut digits = [b'0'; MOST_DIGITS];
        let mut start = MOST_DIGITS;
        loop {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        out.extend(digits[start..].iter().map(|digit| char::from(*digit)));
    }

    /// The number with the symbols of `format`, rounded to `places` decimals (`None`: all that it has), its whole
    /// digits grouped by three if `group`.
    pub fn format(self, format: &NumberFormat, places: Option<u32>, group: bool) -> String {
        let mut out = String::new();
        write_grouped(&mut out, self, format, places, group);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_and_grouped() {
        let european = NumberFormat { decimal_symbol: ",".into(), digit_grouping_symbol: ".".into() };
        let here = NumberFormat::default();
        for (text, format, places, group, expected) in [
            ("1234.5", &here, None, true, "1,234.5"),
            ("1234567.891", &european, Some(2), true, "1.234.567,89"),
            ("-0.5", &here, Some(0), true, "-1"),
            ("-1234", &here, Some(1), false, "-1234.0"),
            ("999.995", &here, Some(2), true, "1,000.00"),
        ] {
            let number = Number::parse(text).expect(text);
            assert_eq!(number.format(format, places, group), expected);
        }
        for number in [0, 7, 10, 987_654_321, u64::MAX] {
            let mut out = String::from(">");
            Number::from(number).write(&mut out);
            assert_eq!(out, format!(">{number}"));
        }
        let tiny = Number::new(5, -4).expect("in range");
        assert_eq!(tiny.to_string(), "0.0005");
    }
}
