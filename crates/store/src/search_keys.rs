//! What contact queries look for, as texts that sort byte by byte in the order of the values they stand for.
//!
//! Databases differ in how they fold case, order text and keep decimals, so none of that is left to them: the keys
//! are made here, by the rules by which `domain::query` evaluates in memory, and compared as bytes.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    FieldValue,
    query::{MAX_NAME_PREFIX, name_words},
};
use expressions::Number;
use jiff::Timestamp;
use smol_str::SmolStr;

/// Characters of a text that are in the index; the rest is beside it.
const INDEXED_CHARS: usize = 64;
/// Added to the exponents of decimals, so that they are positive and of three digits.
const EXPONENT_BIAS: i32 = 500;
/// The property of terms for names; keys of fields are letters, digits and underscores.
pub(crate) const NAME: &str = "@name";
/// The property of terms for languages.
pub(crate) const LANGUAGE: &str = "@language";

/// In which way a value is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TermKind {
    /// The whole text, in lower case.
    Text,
    /// As a decimal.
    Number,
    /// As a moment.
    Moment,
    /// As a first-level place.
    State,
    /// As a second-level place.
    District,
    /// As a third-level place.
    Ward,
    /// The beginning of a word of a name.
    Word,
}

impl TermKind {
    /// As stored.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Text => "t",
            Self::Number => "n",
            Self::Moment => "d",
            Self::State => "s",
            Self::District => "i",
            Self::Ward => "w",
            Self::Word => "p",
        }
    }
}

/// One way in which a contact can be found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Term {
    /// Key of the field, or [`NAME`], [`LANGUAGE`].
    pub property: SmolStr,
    pub kind: TermKind,
    /// The key, or its beginning.
    pub value: SmolStr,
    /// The end of a long key.
    pub rest: SmolStr,
}

/// All terms of a contact.
pub(crate) fn terms(
    name: &str,
    language: Option<&str>,
    fields: &BTreeMap<SmolStr, FieldValue>,
) -> BTreeSet<Term> {
    let mut found = Terms(BTreeSet::new());
    found.text(NAME, TermKind::Text, name);
    for word in name_words(name) {
        found.add(NAME, TermKind::Word, &prefix(&word), "");
    }
    found.text(LANGUAGE, TermKind::Text, language.unwrap_or_default());
    for (key, value) in fields {
        found.text(key, TermKind::Text, &value.text);
        if let Some(number) = value.number.as_deref().and_then(Number::parse) {
            found.add(key, TermKind::Number, &number_key(number), "");
        }
        if let Some(moment) = &value.datetime {
            found.add(key, TermKind::Moment, &moment_key(moment.timestamp()), "");
        }
        let places = [
            (TermKind::State, &value.state),
            (TermKind::District, &value.district),
            (TermKind::Ward, &value.ward),
        ];
        for (kind, path) in places {
            found.text(key, kind, path.as_deref().map_or("", place_name));
        }
    }
    found.0
}

struct Terms(BTreeSet<Term>);

impl Terms {
    fn text(&mut self, property: &str, kind: TermKind, text: &str) {
        if !text.is_empty() {
            let (value, rest) = text_key(text);
            self.add(property, kind, &value, &rest);
        }
    }

    fn add(&mut self, property: &str, kind: TermKind, value: &str, rest: &str) {
        self.0.insert(Term { property: property.into(), kind, value: value.into(), rest: rest.into() });
    }
}

/// The last part of a place's path.
fn place_name(path: &str) -> &str {
    path.rsplit_once(" > ").map_or(path, |(_, name)| name)
}

/// A text in lower case, cut in what is indexed and the rest.
pub(crate) fn text_key(text: &str) -> (SmolStr, SmolStr) {
    let folded = fold(text);
    match folded.char_indices().nth(INDEXED_CHARS) {
        Some((end, _)) => (folded[..end].into(), folded[end..].into()),
        None => (folded, SmolStr::default()),
    }
}

/// A text in lower case by the rules of Unicode.
pub(crate) fn fold(text: &str) -> SmolStr {
    text.to_lowercase().into()
}

/// As much of a word as searches compare.
fn prefix(word: &str) -> SmolStr {
    word.chars().take(MAX_NAME_PREFIX).collect()
}

/// The smallest text behind all that begin with this one; `None` if there is none.
pub(crate) fn behind(prefix: &str) -> Option<SmolStr> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // The successor of a character; surrogates are no characters.
        if let Some(next) = (last..=char::MAX).nth(1) {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

/// A decimal as text: sign, exponent, digits; of negative ones each turned around, so that smaller sorts first.
pub(crate) fn number_key(number: Number) -> SmolStr {
    let plain = number.to_string();
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, plain.as_str()),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0');
    if significant.is_empty() {
        return SmolStr::new_static("1");
    }
    let leading = all.len() - significant.len();
    // 0.d₁d₂… × 10^exponent
    let exponent = whole.len() as i32 - leading as i32 + EXPONENT_BIAS;
    let significant = significant.trim_end_matches('0');
    if !negative {
        return smol_str::format_smolstr!("2{exponent:03}{significant}");
    }
    let turned: String = significant.bytes().map(|digit| char::from(b'9' - (digit - b'0'))).collect();
    smol_str::format_smolstr!("0{:03}{turned}~", 999 - exponent)
}

/// A moment as text: its microseconds, shifted to be positive.
pub(crate) fn moment_key(moment: Timestamp) -> SmolStr {
    smol_str::format_smolstr!("{:016x}", (micros(moment) as u64) ^ (1 << 63))
}

/// Microseconds since 1970, those of a fraction before 1970 too at or before the moment.
pub(crate) fn micros(moment: Timestamp) -> i64 {
    moment.as_nanosecond().div_euclid(1_000) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_numbers_sort_as_numbers_do() {
        let zeros = "0".repeat(100);
        let (huge, tiny) = (format!("9{zeros}"), format!("0.{}7", "0".repeat(90)));
        let digits = "123456789012345678901234567890123456";
        let texts = [
            format!("-{huge}"),
            format!("-{digits}"),
            "-100".into(),
            "-12.5".into(),
            "-12.25".into(),
            "-12".into(),
            "-2".into(),
            "-0.5".into(),
            "-0.05".into(),
            format!("-{tiny}"),
            "0".into(),
            tiny,
            "0.05".into(),
            "0.5".into(),
            "1".into(),
            "1.0000000000000000000000000000000001".into(),
            "9".into(),
            "10".into(),
            "99".into(),
            "100".into(),
            digits.replace("56", "55"),
            digits.into(),
            huge,
        ];
        let keys: Vec<SmolStr> = texts.iter().map(|text| number_key(Number::parse(text).unwrap())).collect();
        assert!(keys.is_sorted_by(|left, right| left < right), "{keys:?}");
        assert_eq!(number_key(Number::parse("1.50").unwrap()), number_key(Number::parse("1.5").unwrap()));
        assert_eq!(number_key(Number::parse("-0.0").unwrap()), "1");
    }

    #[test]
    fn keys_of_moments_sort_as_moments_do() {
        let moments = ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.9999999Z", "1970-01-01T00:00:00Z"];
        let keys = moments.map(|moment| moment_key(moment.parse().unwrap()));
        assert!(keys.is_sorted_by(|left, right| left < right), "{keys:?}");
    }

    #[test]
    fn prefixes_have_an_end() {
        for (prefix, expected) in [
            ("ma", Some("mb")),
            ("a\u{d7ff}", Some("a\u{e000}")),
            ("a\u{10ffff}", Some("b")),
            ("\u{10ffff}", None),
        ] {
            assert_eq!(behind(prefix).as_deref(), expected);
        }
    }

    #[test]
    fn long_texts_keep_their_end_apart() {
        let (value, rest) = text_key(&"ÄB".repeat(40));
        assert_eq!((value.chars().count(), rest.chars().count()), (64, 16));
        assert_eq!(format!("{value}{rest}"), "äb".repeat(40));
    }
}
