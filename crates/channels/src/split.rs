//! Long texts in parts that a carrier takes.

/// Cuts a text into parts of at most `max_chars` characters, at the last space of a part if it has one.
/// A `max_chars` of 0 means no limit. White space at the cut is dropped; an empty text is one empty part.
pub fn split_text(text: &str, max_chars: usize) -> Vec<&str> {
    if max_chars == 0 {
        return vec![text];
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((limit, next)) = rest.char_indices().nth(max_chars) {
        let cut = match rest[..limit].rfind(' ') {
            _ if next == ' ' => limit,
            Some(space) if space > 0 => space,
            Some(_) | None => limit,
        };
        let part = rest[..cut].trim_end();
        if !part.is_empty() {
            parts.push(part);
        }
        rest = rest[cut..].trim_start_matches(' ');
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(rest);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::split_text;

    #[test]
    fn cuts_at_spaces() {
        let cases: [(&str, usize, &[&str]); 9] = [
            ("short", 160, &["short"]),
            ("", 10, &[""]),
            ("one two three", 7, &["one two", "three"]),
            ("one two three", 8, &["one two", "three"]),
            ("one two three", 6, &["one", "two", "three"]),
            ("abcdefghij", 4, &["abcd", "efgh", "ij"]),
            ("ñañañ ñañ", 5, &["ñañañ", "ñañ"]),
            ("no limit at all", 0, &["no limit at all"]),
            ("exactly ten", 11, &["exactly ten"]),
        ];
        for (text, max, expected) in cases {
            assert_eq!(split_text(text, max), expected, "{text} at {max}");
        }
    }
}
