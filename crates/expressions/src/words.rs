//! Words in texts: tokens for the word tests, keys from names, common beginnings.

use std::sync::LazyLock;

use regex::Regex;
use unicode_segmentation::UnicodeSegmentation;

static WORD_OR_SYMBOL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[\p{L}\p{M}\p{N}_']+|\p{S}").expect("the pattern is constant and tested"));

/// The words of a text: runs of letters, marks, digits, `_` and `'`, and each symbol (such as an emoji) alone.
pub fn tokenize(text: &str) -> Vec<&str> {
    if text.is_ascii() {
        return tokenize_ascii(text);
    }
    WORD_OR_SYMBOL.find_iter(text).map(|found| found.as_str()).collect()
}

/// The same as the pattern, which is several times slower.
fn tokenize_ascii(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let in_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'\'';
    let mut words = Vec::with_capacity(8);
    let mut at = 0;
    while let Some(&first) = bytes.get(at) {
        let start = at;
        at += 1;
        if in_word(first) {
            at += bytes[at..].iter().take_while(|&&b| in_word(b)).count();
            words.push(&text[start..at]);
        } else if b"$+<=>^`|~".contains(&first) {
            words.push(&text[start..at]);
        }
    }
    words
}

/// The pieces of a text between any of `delimiters`, without empty ones.
pub fn tokenize_by_chars<'t>(text: &'t str, delimiters: &str) -> Vec<&'t str> {
    text.split(|c| delimiters.contains(c)).filter(|piece| !piece.is_empty()).collect()
}

/// The words of a text by the rules of Unicode (UAX 29), which keep `21.35` and `don't` whole.
pub fn tokenize_unicode(text: &str) -> Vec<&str> {
    text.unicode_words().collect()
}

/// The key for a name: lower case with everything but letters, digits and `_` as single underscores.
pub fn snakify(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    let mut gap = false;
    for c in name.trim().chars() {
        if c.is_alphanumeric() || c == '_' {
            if std::mem::take(&mut gap) {
                key.push('_');
            }
            key.push(super::collation::lower_char(c));
        } else {
            gap = true;
        }
    }
    if gap {
        key.push('_');
    }
    key
}

/// How many characters two texts have in common at their beginning.
pub fn prefix_overlap(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(left, right)| left == right).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_and_symbols() {
        for (text, words) in [
            ("", &[][..]),
            ("  mtu_1 can't, wait!", &["mtu_1", "can't", "wait"]),
            ("2+2=4", &["2", "+", "2", "=", "4"]),
            ("Çà🎉🎉", &["Çà", "🎉", "🎉"]),
        ] {
            assert_eq!(tokenize(text), words, "{text}");
            let by_pattern: Vec<_> = WORD_OR_SYMBOL.find_iter(text).map(|m| m.as_str()).collect();
            assert_eq!(by_pattern, words, "{text}");
        }
        assert_eq!(tokenize_by_chars("a;b,,c", ",;"), ["a", "b", "c"]);
        assert_eq!(tokenize_unicode("It's 3.5 km/h."), ["It's", "3.5", "km", "h"]);
    }

    #[test]
    fn keys_come_from_names() {
        for (name, key) in [
            ("", ""),
            ("Age Group", "age_group"),
            ("  -- Émile --", "_émile_"),
            ("Q.1", "q_1"),
            ("What?", "what_"),
        ] {
            assert_eq!(snakify(name), key, "{name}");
        }
        assert_eq!(prefix_overlap("mama", "mami"), 3);
    }
}
