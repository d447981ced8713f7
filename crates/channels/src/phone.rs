//! Numbers as carriers write them, to addresses as we keep them: `tel:+250788123123`, short codes as they are.

use domain::Urn;
use phonenumber::{country, metadata::DATABASE};
use thiserror::Error;

/// Digits of the shortest and longest international number (ITU-T E.164), country code included.
const E164_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// Digits of numbers without a country: service and short numbers.
const SHORT_CODE_DIGITS: std::ops::RangeInclusive<usize> = 3..=6;
/// From so many digits on, a number that does not fit its channel's country is tried as international.
const BARE_INTERNATIONAL_DIGITS: usize = 9;

/// The text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a possible number")]
pub struct PhoneError;

/// Reads a phone number that a carrier gave, with the country of the channel for local forms.
///
/// Numbers with a plus are taken as they are without asking the numbering plan: the carrier knows its
/// subscribers, and the plan's tables need not be in memory for the usual case.
///
/// # Errors
/// When the text cannot be a number.
pub fn parse_phone(raw: &str, country: Option<&str>) -> Result<Urn, PhoneError> {
    let raw = raw.trim();
    let mut digits = String::with_capacity(raw.len() + 1);
    for (index, character) in raw.chars().enumerate() {
        match character {
            '0'..='9' => digits.push(character),
            '+' if index == 0 => digits.push('+'),
            ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' => {}
            _ => return Err(PhoneError),
        }
    }
    if let Some(international) = digits.strip_prefix('+') {
        return from_international(international).ok_or(PhoneError);
    }
    if SHORT_CODE_DIGITS.contains(&digits.len()) {
        return Ok(tel(&digits));
    }
    let local = country.and_then(|code| from_national(&digits, code));
    let bare = || (digits.len() >= BARE_INTERNATIONAL_DIGITS).then(|| from_international(&digits)).flatten();
    let access = || digits.strip_prefix("00").and_then(from_international);
    local.or_else(access).or_else(bare).ok_or(PhoneError)
}

/// The number without its country code, for carriers that want the national form; unchanged if it has none.
pub(crate) fn national(path: &str) -> &str {
    let Some(digits) = path.strip_prefix('+') else { return path };
    calling_code(digits).map_or(digits, |code| &digits[code.len()..])
}

fn tel(path: &str) -> Urn {
    Urn { scheme: "tel".into(), path: path.into(), display: None }
}

fn from_international(digits: &str) -> Option<Urn> {
    if !E164_DIGITS.contains(&digits.len()) {
        return None;
    }
    calling_code(digits).map(|_| tel(&format!("+{digits}")))
}

fn from_national(digits: &str, country: &str) -> Option<Urn> {
    let country: country::Id = country.to_ascii_uppercase().parse().ok()?;
    let number = phonenumber::parse(Some(country), digits).ok()?;
    let national = number.national().to_string();
    let plan = number.metadata(&DATABASE)?.descriptors();
    let length = u16::try_from(national.len()).ok()?;
    let kinds = [plan.mobile(), plan.fixed_line(), plan.toll_free(), plan.premium_rate()];
    let possible = kinds.into_iter().flatten().any(|kind| kind.possible_length().contains(&length));
    possible.then(|| tel(&format!("+{}{national}", number.code().value())))
}

/// Country calling codes of two digits (ITU-T E.164 list); 1 and 7 have one digit, all others three.
const TWO_DIGIT_CODES: [&str; 43] = [
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
    "82", "84", "86", "90", "91", "92", "93", "94", "95",
];

fn calling_code(digits: &str) -> Option<&str> {
    let first = digits.as_bytes().first()?;
    let length = match first {
        b'1' | b'7' => 1,
        b'2'..=b'9' => match digits.get(..2)? {
            "98" => 2,
            two if TWO_DIGIT_CODES.contains(&two) => 2,
            _ => 3,
        },
        _ => return None,
    };
    digits.get(..length)
}

#[cfg(test)]
mod tests {
    use super::{national, parse_phone};

    #[test]
    fn reads_what_carriers_write() {
        let cases = [
            ("+250788123123", Some("RW"), Ok("tel:+250788123123")),
            (" +250 788-123-123 ", None, Ok("tel:+250788123123")),
            ("0788123123", Some("RW"), Ok("tel:+250788123123")),
            ("788123123", Some("RW"), Ok("tel:+250788123123")),
            ("250788123123", Some("RW"), Ok("tel:+250788123123")),
            ("250788123123", Some("US"), Ok("tel:+250788123123")),
            ("250788123123", None, Ok("tel:+250788123123")),
            ("00250788123123", None, Ok("tel:+250788123123")),
            ("(202) 456-1111", Some("US"), Ok("tel:+12024561111")),
            ("2020", Some("US"), Ok("tel:2020")),
            ("911", None, Ok("tel:911")),
            ("SAFARI", Some("KE"), Err(super::PhoneError)),
            ("", Some("KE"), Err(super::PhoneError)),
            ("+", None, Err(super::PhoneError)),
            ("12", Some("KE"), Err(super::PhoneError)),
            ("+1234567890123456", None, Err(super::PhoneError)),
            ("07+88", None, Err(super::PhoneError)),
        ];
        for (raw, country, expected) in cases {
            let read = parse_phone(raw, country).map(|urn| urn.to_string());
            assert_eq!(read, expected.map(str::to_owned), "{raw} in {country:?}");
        }
    }

    #[test]
    fn national_form() {
        let cases = [
            ("+250788123123", "788123123"),
            ("+12024561111", "2024561111"),
            ("+27820001001", "820001001"),
            ("+989121234567", "9121234567"),
            ("2020", "2020"),
        ];
        for (path, expected) in cases {
            assert_eq!(national(path), expected);
        }
    }
}
