//! Phone numbers of addresses: one way of writing them, and the way people of the country read them.

use phonenumber::{Mode, PhoneNumber, country::Id, metadata::DATABASE};
use smol_str::SmolStr;

/// Shortest run of digits that may be an international number written without its plus.
const MIN_INTERNATIONAL_DIGITS: usize = 10;

/// Most digits of a country's calling code (ITU-T E.164).
const MAX_CODE_DIGITS: usize = 3;

/// Most digits that are looked at without reading the number in full.
const MAX_PLAIN_DIGITS: usize = 15;

/// Fewest digits after the calling code that are certainly a number to who reads it in full.
const MIN_NATIONAL_DIGITS: usize = 4;

fn read(text: &str, country: Option<&str>) -> Option<PhoneNumber> {
    let country: Option<Id> = country.and_then(|code| code.parse().ok());
    phonenumber::parse(country, text).ok()
}

/// E.164 if the text is a valid number of `country` or an international one; otherwise its letters, digits
/// and leading plus in lower case, so that short codes and sender names stay usable.
pub fn normalize(text: &str, country: Option<&str>) -> SmolStr {
    let text = text.trim();
    let mut cleaned = String::with_capacity(text.len());
    for (at, char) in text.chars().enumerate() {
        if char.is_alphanumeric() || !char.is_ascii() || at == 0 && char == '+' {
            cleaned.extend(char.to_lowercase());
        }
    }
    if !cleaned.bytes().all(|byte| byte.is_ascii_digit() || byte == b'+') {
        return cleaned.into();
    }
    let international = cleaned.starts_with('+');
    if international && is_plain(&cleaned[1..]) {
        return cleaned.into();
    }
    if let Some(number) =
        read(&cleaned, if international { None } else { country }).filter(PhoneNumber::is_valid)
    {
        return e164(&number);
    }
    if !international && cleaned.len() >= MIN_INTERNATIONAL_DIGITS {
        let with_plus = format!("+{cleaned}");
        if let Some(number) = read(&with_plus, None).filter(PhoneNumber::is_valid) {
            return e164(&number);
        }
    }
    cleaned.into()
}

/// Whether an international number, given without its plus, stays as it is written, valid or not: nothing in it can be
/// a prefix that people dial within the country and that E.164 leaves out. True for nearly all that carriers send, and
/// much cheaper to say than whether the number is valid.
fn is_plain(digits: &str) -> bool {
    if digits.len() > MAX_PLAIN_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let parts = (1..=MAX_CODE_DIGITS).filter_map(|length| digits.split_at_checked(length));
    let mut known =
        parts.filter_map(|(code, national)| Some((DATABASE.by_code(&code.parse().ok()?)?, national)));
    let Some((countries, national)) = known.next() else { return false };
    let keeps = |country: &&phonenumber::Metadata| {
        let dialled = country.national_prefix_for_parsing().and_then(|prefix| prefix.find(national));
        dialled.is_none_or(|found| found.start() > 0)
            && country.national_prefix().is_none_or(|prefix| !national.starts_with(prefix))
    };
    !national.is_empty() && !national.starts_with('0') && countries.iter().all(keeps)
}

/// The country of an international number, given without its plus, if no other country has its calling code: then the
/// rest of the number does not matter. It is asked in every sprint, and much cheaper than reading the number.
fn only_country(digits: &str) -> Option<SmolStr> {
    if digits.len() > MAX_PLAIN_DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut codes = (1..=MAX_CODE_DIGITS).filter_map(|length| digits.split_at_checked(length));
    let (countries, national) =
        codes.find_map(|(code, national)| Some((DATABASE.by_code(&code.parse().ok()?)?, national)))?;
    match countries.as_slice() {
        // Lines of no country have an id of digits.
        [country] if national.len() >= MIN_NATIONAL_DIGITS && !country.id().starts_with('0') => {
            Some(country.id().into())
        }
        _ => None,
    }
}

fn e164(number: &PhoneNumber) -> SmolStr {
    smol_str::format_smolstr!("{}", number.format().mode(Mode::E164))
}

/// The ISO 3166 alpha-2 code of an E.164 number's country; `None` if it is not a number.
pub fn country(text: &str) -> Option<SmolStr> {
    if let Some(country) = text.strip_prefix('+').and_then(only_country) {
        return Some(country);
    }
    let number = read(text, None)?;
    number.country().id().map(|id| SmolStr::new(id.as_ref()))
}

/// An E.164 number as it is written in its own country; `None` if it is not a number.
pub fn national(text: &str) -> Option<SmolStr> {
    let number = read(text, None)?;
    Some(smol_str::format_smolstr!("{}", number.format().mode(Mode::National)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What [`normalize`] says without its short way.
    fn in_full(text: &str) -> SmolStr {
        read(text, None).filter(PhoneNumber::is_valid).map_or_else(|| text.into(), |number| e164(&number))
    }

    #[test]
    fn the_short_ways_say_what_reading_in_full_says() {
        let mut state = 7_u64;
        let mut next = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        let (mut plain, mut only) = (0, 0);
        for country in DATABASE.iter() {
            for _ in 0..8 {
                let mut text = format!("+{}", country.country_code());
                let prefix = country.national_prefix().filter(|_| next(3) == 0);
                text.push_str(prefix.unwrap_or_default());
                (0..3 + next(10)).for_each(|_| text.push_str(&next(10).to_string()));
                plain += usize::from(is_plain(&text[1..]));
                assert_eq!(normalize(&text, None), in_full(&text), "{text}");
                let read_in_full = read(&text, None)
                    .and_then(|number| number.country().id().map(|id| SmolStr::new(id.as_ref())));
                only += usize::from(only_country(&text[1..]).is_some());
                assert_eq!(super::country(&text), read_in_full, "{text}");
            }
        }
        assert!(plain > 500 && only > 500, "{plain} {only}");
    }
}
