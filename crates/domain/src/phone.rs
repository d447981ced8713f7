//! Phone numbers of addresses: one way of writing them, and the way people of the country read them.

use phonenumber::{Mode, PhoneNumber, country::Id};
use smol_str::SmolStr;

/// Shortest run of digits that may be an international number written without its plus.
const MIN_INTERNATIONAL_DIGITS: usize = 10;

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

fn e164(number: &PhoneNumber) -> SmolStr {
    smol_str::format_smolstr!("{}", number.format().mode(Mode::E164))
}

/// The ISO 3166 alpha-2 code of an E.164 number's country; `None` if it is not a number.
pub fn country(text: &str) -> Option<SmolStr> {
    let number = read(text, None)?;
    number.country().id().map(|id| SmolStr::new(id.as_ref()))
}

/// An E.164 number as it is written in its own country; `None` if it is not a number.
pub fn national(text: &str) -> Option<SmolStr> {
    let number = read(text, None)?;
    Some(smol_str::format_smolstr!("{}", number.format().mode(Mode::National)))
}
