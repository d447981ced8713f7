//! Amounts as integers of a currency's smallest unit, read from and written to the decimal texts of providers and people.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Highest amount that is read, in minor units: sums of a million of them fit in 64 bits.
pub const AMOUNT_MAX: i64 = 1_000_000_000_000;

/// A currency by its three letters (ISO 4217).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// Currencies without a smaller unit, and those with three decimals; all others have two (ISO 4217).
const WITHOUT_DECIMALS: [&str; 16] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF",
    "XPF",
];
const THREE_DECIMALS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// What is no amount or no currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not three letters.
    #[error("a currency is three letters, such as KES, not {0:?}")]
    Currency(String),
    /// Not a decimal number.
    #[error("an amount is a number such as 1250 or 1250.50, not {0:?}")]
    Amount(String),
    /// More decimals than the currency has.
    #[error("{0:?} has more decimals than the currency")]
    Decimals(String),
    /// Beyond the limit.
    #[error("{0:?} is more than can be kept")]
    TooMuch(String),
}

impl Currency {
    /// Reads three letters, large or small.
    pub fn new(code: &str) -> Result<Self, MoneyError> {
        match code.as_bytes() {
            [a, b, c] if code.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase(), c.to_ascii_uppercase()]))
            }
            _ => Err(MoneyError::Currency(code.chars().take(20).collect())),
        }
    }

    /// Its three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// How many decimals its amounts have.
    pub fn decimals(&self) -> u32 {
        match self.as_str() {
            code if WITHOUT_DECIMALS.contains(&code) => 0,
            code if THREE_DECIMALS.contains(&code) => 3,
            _ => 2,
        }
    }

    /// An amount as people write it: `KES 1,250.50`.
    pub fn shown(&self, minor: i64) -> String {
        format!("{self} {}", written(minor, self.decimals(), Some(',')))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(code: String) -> Result<Self, MoneyError> {
        Self::new(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

/// Minor units as a decimal number, with or without a mark between thousands.
pub fn written(minor: i64, decimals: u32, thousands: Option<char>) -> String {
    let unit = 10_u64.pow(decimals);
    let (whole, rest) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
    let digits = whole.to_string();
    let mut text = if minor < 0 { "-".to_owned() } else { String::new() };
    for (at, digit) in digits.chars().enumerate() {
        if let Some(mark) = thousands.filter(|_| at > 0 && (digits.len() - at).is_multiple_of(3)) {
            text.push(mark);
        }
        text.push(digit);
    }
    if decimals > 0 {
        text.push_str(&format!(".{rest:0width$}", width = decimals as usize));
    }
    text
}

/// Reads a decimal number into minor units: `1250`, `1,250.50`, `-0.55`. Zeros beyond the currency's decimals are
/// nothing; other digits there are refused, never rounded.
pub fn read_amount(text: &str, decimals: u32) -> Result<i64, MoneyError> {
    let shown = || text.chars().take(40).collect::<String>();
    let trimmed = text.trim();
    let (sign, number) = trimmed.strip_prefix('-').map_or((1, trimmed), |number| (-1, number));
    let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
    let whole = without_thousands(whole).ok_or_else(|| MoneyError::Amount(shown()))?;
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(&whole) || !is_number(rest) {
        return Err(MoneyError::Amount(shown()));
    }
    let rest = rest.trim_end_matches('0');
    if rest.len() > decimals as usize {
        return Err(MoneyError::Decimals(shown()));
    }
    let minor: i64 = format!("{whole}{rest:0<width$}", width = decimals as usize)
        .parse()
        .map_err(|_| MoneyError::TooMuch(shown()))?;
    if minor > AMOUNT_MAX { Err(MoneyError::TooMuch(shown())) } else { Ok(sign * minor) }
}

/// Digits without commas between thousands; nothing if commas stand elsewhere.
fn without_thousands(whole: &str) -> Option<String> {
    let mut parts = whole.split(',');
    let first = parts.next().filter(|first| !whole.contains(',') || (1..=3).contains(&first.len()))?;
    let mut digits = first.to_owned();
    for part in parts {
        digits.push_str(Some(part).filter(|part| part.len() == 3)?);
    }
    Some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_without_rounding() {
        let cases = [
            ("10", 2, Ok(1_000)),
            ("10.00", 2, Ok(1_000)),
            ("50.0", 2, Ok(5_000)),
            (" 2,999.5 ", 2, Ok(299_950)),
            ("-0.55", 2, Ok(-55)),
            ("5000", 0, Ok(5_000)),
            ("5000.00", 0, Ok(5_000)),
            ("1.5", 0, Err(MoneyError::Decimals("1.5".into()))),
            ("1.005", 2, Err(MoneyError::Decimals("1.005".into()))),
            ("", 2, Err(MoneyError::Amount("".into()))),
            ("1e5", 2, Err(MoneyError::Amount("1e5".into()))),
            ("1,00", 2, Err(MoneyError::Amount("1,00".into()))),
            ("+5", 2, Err(MoneyError::Amount("+5".into()))),
            ("99999999999999999999", 2, Err(MoneyError::TooMuch("99999999999999999999".into()))),
        ];
        for (text, decimals, expected) in cases {
            assert_eq!(read_amount(text, decimals), expected, "{text}");
        }
    }

    #[test]
    fn amounts_are_written_as_people_do() {
        let cases =
            [("KES", 125_050, "KES 1,250.50"), ("UGX", 1_000_000, "UGX 1,000,000"), ("KES", -5, "KES -0.05")];
        for (currency, minor, expected) in cases {
            assert_eq!(Currency::new(currency).unwrap().shown(minor), expected);
        }
        assert_eq!(Currency::new("KE"), Err(MoneyError::Currency("KE".into())));
        assert_eq!(Currency::new("kes").unwrap().as_str(), "KES");
    }
}
