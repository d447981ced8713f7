//! Folding of texts, so that what counts as the same under a workspace's collation compares equal.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

use crate::environment::Collation;

/// The folded form of a text. Two texts are the same under `collation` if their folded forms are equal.
pub fn fold(collation: Collation, text: &str) -> Cow<'_, str> {
    match collation {
        Collation::Default => lower(text),
        Collation::Confusables => Cow::Owned(skeleton(&lower(text)).collect()),
        Collation::ArabicVariants => Cow::Owned(text.nfkc().map(arabic).map(lower_char).collect()),
    }
}

/// Lower case, character by character; borrowed if nothing changes.
pub fn lower(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    if text.chars().all(|c| lower_char(c) == c) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(lower_char).collect())
}

/// The lower case of one character alone: `İ` becomes `i`, and `Σ` is `σ` even at the end of a word.
pub fn lower_char(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// One form for letters that keyboards of Arabic, Persian, Urdu and Pashto write differently.
fn arabic(c: char) -> char {
    match c {
        // yeh and alef maksura to Farsi yeh
        '\u{064A}' | '\u{0649}' | '\u{06CD}' | '\u{06D0}' => '\u{06CC}',
        // kaf and swash kaf to keheh
        '\u{0643}' | '\u{06AA}' => '\u{06A9}',
        // heh variants to heh
        '\u{06C1}' | '\u{06BE}' | '\u{06D5}' => '\u{0647}',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_by_collation() {
        for (collation, a, b, same) in [
            (Collation::Default, "Ja", "jA", true),
            (Collation::Default, "İ", "i", true),
            (Collation::Default, "ΣΟΦΟΣ", "σοφοσ", true),
            (Collation::Default, "а", "a", false),
            (Collation::Confusables, "а", "A", true),
            (Collation::ArabicVariants, "علي", "علی", true),
            (Collation::ArabicVariants, "ﻋﻠﻲ", "علی", true),
            (Collation::ArabicVariants, "علي", "عل", false),
        ] {
            assert_eq!(fold(collation, a) == fold(collation, b), same, "{a} {b}");
        }
    }
}
