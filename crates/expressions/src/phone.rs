//! Phone numbers: reading what people write in the manner of their country, as E.164 (`+27821234567`).
//!
//! The steps are those of Google's libphonenumber, over its metadata. A number counts if its length is possible
//! for its country: stricter checks refuse new ranges that carriers already use.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use phonenumber::Metadata;
use phonenumber::metadata::DATABASE;
use regex::{Captures, Regex};
use smol_str::{SmolStr, format_smolstr};

/// Longest text that is looked at; longer ones are no phone numbers.
const MAX_TEXT: usize = 250;
/// Shortest and longest national number.
const NATIONAL_LENGTHS: std::ops::RangeInclusive<usize> = 2..=17;
/// Longest number by E.164: 15 digits and the plus.
const MAX_E164: usize = 16;
/// Longest country calling code.
const MAX_CALLING_CODE: usize = 3;
/// A text without a plus that is at least this long may still be an international number.
const MIN_INTERNATIONAL: usize = 11;
/// Fewest characters of a number that is found inside a text.
const MIN_CANDIDATE: usize = 5;

/// The number that the whole of `text` states, or `None`. `country` is the ISO 3166 alpha-2 code in whose
/// manner it is written; without one only international numbers are understood. The plus of an international
/// number may be missing.
pub fn parse(text: &str, country: Option<&str>) -> Option<SmolStr> {
    let text = text.trim();
    let country = country.filter(|code| !code.is_empty());
    if text.len() > MAX_TEXT || !text.chars().all(is_phone_char) {
        return None;
    }
    let international = text.starts_with(['+', '＋']);
    let digits: String =
        text.chars().filter_map(|c| c.to_digit(10)).map(|d| char::from(b'0' + d as u8)).collect();
    let region = country.and_then(Region::of);
    if !international && region.is_none() && country.is_some() {
        return None;
    }
    let found = read(&digits, international, region).or_else(|| {
        let retry = !international && digits.len() >= MIN_INTERNATIONAL;
        retry.then(|| read(&digits, true, region)).flatten()
    })?;
    // Written out and read again: what is left of a trunk prefix then goes too.
    let (code, national) = found;
    let (code, national) = read(&format!("{code}{national}"), true, region).unwrap_or((code, national));
    let number = format_smolstr!("+{code}{national}");
    (number.len() <= MAX_E164).then_some(number)
}

/// The numbers in a text, in order.
pub fn find(text: &str, country: Option<&str>) -> Vec<SmolStr> {
    candidates(text).into_iter().filter_map(|candidate| parse(candidate, country)).collect()
}

/// Runs of characters that numbers are written with. A plus begins a new one.
fn candidates(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for run in text.split(|c| !is_phone_char(c)) {
        let mut from = 0;
        let cuts = run.match_indices('+').map(|(at, _)| at).chain([run.len()]);
        for to in cuts {
            let piece = run[from..to].trim();
            if piece.len() >= MIN_CANDIDATE && piece.contains(|c: char| c.is_ascii_digit()) {
                found.push(piece);
            }
            from = to;
        }
    }
    found
}

fn is_phone_char(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '+' | '＋' | '(' | ')' | '-' | '.' | '/' | ' ' | '\u{00A0}')
}

/// What the metadata says about a country, with its patterns compiled.
struct Region {
    calling_code: u16,
    lengths: Vec<u16>,
    local_lengths: Vec<u16>,
    national: Regex,
    international_prefix: Option<Regex>,
    trunk_prefix: Option<Regex>,
    trunk_rule: Option<&'static str>,
}

/// How a length compares with those of a country.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    Possible,
    LocalOnly,
    TooShort,
    TooLong,
    Between,
}

impl Region {
    fn of(country: &str) -> Option<&'static Self> {
        static REGIONS: LazyLock<BTreeMap<&'static str, OnceLock<Option<Region>>>> =
            LazyLock::new(|| DATABASE.iter().map(|meta| (meta.id(), OnceLock::new())).collect());
        let country = country.to_ascii_uppercase();
        let slot = REGIONS.get(country.as_str())?;
        slot.get_or_init(|| DATABASE.by_id(country.as_str()).and_then(Self::compile)).as_ref()
    }

    fn of_code(calling_code: u16) -> Option<&'static Self> {
        Self::of(DATABASE.by_code(&calling_code)?.first()?.id())
    }

    fn compile(meta: &'static Metadata) -> Option<Self> {
        let all = meta.descriptors();
        let kinds = [
            all.fixed_line(),
            all.mobile(),
            all.toll_free(),
            all.premium_rate(),
            all.shared_cost(),
            all.personal_number(),
            all.voip(),
            all.pager(),
            all.uan(),
            all.voicemail(),
        ];
        let kinds = || kinds.iter().flatten();
        let mut lengths: Vec<u16> = kinds().flat_map(|kind| kind.possible_length().iter().copied()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        let local_lengths = kinds()
            .flat_map(|kind| kind.possible_local_length().iter().copied())
            .filter(|length| !lengths.contains(length))
            .collect();
        let at_start = |pattern: &str| Regex::new(&format!("(?x)^(?:{pattern})")).ok();
        Some(Self {
            calling_code: meta.country_code(),
            lengths,
            local_lengths,
            national: Regex::new(&format!("(?x)^(?:{})$", all.general().national_number().as_str())).ok()?,
            international_prefix: meta.international_prefix().and_then(|p| at_start(p.as_str())),
            trunk_prefix: meta
                .national_prefix_for_parsing()
                .map(|p| p.as_str())
                .or(meta.national_prefix())
                .and_then(at_start),
            trunk_rule: meta.national_prefix_transform_rule(),
        })
    }

    fn length(&self, national: &str) -> Length {
        let length = national.len() as u16;
        let (Some(&least), Some(&most)) = (self.lengths.first(), self.lengths.last()) else {
            return Length::Between;
        };
        if self.local_lengths.contains(&length) {
            Length::LocalOnly
        } else if self.lengths.contains(&length) {
            Length::Possible
        } else if length < least {
            Length::TooShort
        } else if length > most {
            Length::TooLong
        } else {
            Length::Between
        }
    }

    /// The number without the prefix that is only dialled inside the country.
    fn without_trunk_prefix(&self, national: &str) -> String {
        let unchanged = || national.to_owned();
        let Some(found) = self.trunk_prefix.as_ref().and_then(|prefix| prefix.captures(national)) else {
            return unchanged();
        };
        let rest = &national[found.get(0).map_or(0, |whole| whole.end())..];
        let last_group = found.len() - 1;
        let stripped = match self.trunk_rule.filter(|_| last_group > 0 && found.get(last_group).is_some()) {
            Some(rule) => transform(rule, &found) + rest,
            None => rest.to_owned(),
        };
        if self.national.is_match(national) && !self.national.is_match(&stripped) {
            return unchanged();
        }
        stripped
    }
}

/// Fills `$1`, `$2` of a transform rule; a group is one digit.
fn transform(rule: &str, found: &Captures<'_>) -> String {
    let mut out = String::new();
    let mut chars = rule.chars();
    while let Some(c) = chars.next() {
        match (c, chars.clone().next().and_then(|d| d.to_digit(10))) {
            ('$', Some(group)) => {
                out.push_str(found.get(group as usize).map_or("", |m| m.as_str()));
                chars.next();
            }
            (c, _) => out.push(c),
        }
    }
    out
}

/// Calling code and national number of digits, if their length is possible.
fn read(digits: &str, international: bool, region: Option<&'static Region>) -> Option<(u16, String)> {
    let (region, national) = split_calling_code(digits, international, region)?;
    let stripped = region.without_trunk_prefix(&national);
    let national = match region.length(&stripped) {
        Length::TooShort | Length::LocalOnly | Length::Between => national,
        Length::Possible | Length::TooLong => stripped,
    };
    let fits = NATIONAL_LENGTHS.contains(&national.len()) && region.length(&national) == Length::Possible;
    fits.then_some((region.calling_code, national))
}

fn split_calling_code(
    digits: &str,
    international: bool,
    region: Option<&'static Region>,
) -> Option<(&'static Region, String)> {
    let dialled = region
        .filter(|_| !international)
        .and_then(|r| r.international_prefix.as_ref())
        .and_then(|prefix| prefix.find(digits))
        .map(|found| &digits[found.end()..])
        .filter(|rest| !rest.starts_with('0'));
    if international || dialled.is_some() {
        let number = dialled.unwrap_or(digits);
        if number.len() <= *NATIONAL_LENGTHS.start() || number.starts_with('0') {
            return None;
        }
        return (1..=MAX_CALLING_CODE.min(number.len())).find_map(|length| {
            let (code, national) = number.split_at(length);
            Some((Region::of_code(code.parse().ok()?)?, national.to_owned()))
        });
    }
    let region = region?;
    if let Some(rest) = digits.strip_prefix(&region.calling_code.to_string()) {
        let potential = region.without_trunk_prefix(rest);
        let only_without = !region.national.is_match(digits) && region.national.is_match(&potential);
        if only_without || region.length(digits) == Length::TooLong {
            return Some((region, potential));
        }
    }
    Some((region, digits.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_the_manner_of_a_country() {
        for (text, country, expected) in [
            ("082 555 0100", Some("ZA"), Some("+27825550100")),
            ("0027 82 555 0100", Some("ZA"), Some("+27825550100")),
            ("27825550100", Some("ZA"), Some("+27825550100")),
            ("+27 (0)82-555-0100", None, Some("+27825550100")),
            ("27825550100", Some("KE"), Some("+27825550100")),
            ("082 555 0100", None, None),
            ("082 555 0100", Some("XX"), None),
            ("call 082 555 0100", Some("ZA"), None),
            ("555 0100", Some("US"), None),
            ("", Some("ZA"), None),
            ("+", None, None),
        ] {
            assert_eq!(parse(text, country).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_found_in_texts() {
        assert_eq!(
            find("call 082 555 0100 or +254711555010, not 12", Some("ZA")),
            ["+27825550100", "+254711555010"]
        );
    }
}
