//! Expressions cut into tokens.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `contact`, `true`, `null`
    Name,
    /// `12`, `1.5`
    Number,
    /// `"…"`
    Text,
    /// One of the signs in [`SIGNS`].
    Sign(&'static str),
    /// The end of the expression.
    End,
    /// A character that no token begins with.
    Unknown,
}

/// A token and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub kind: Kind,
    pub span: Range<usize>,
}

/// Longer signs first, because the first that fits is taken.
const SIGNS: [&str; 21] = [
    "=>", "!=", "<=", ">=", "(", ")", "[", "]", ",", ".", "+", "-", "*", "/", "^", "&", "=", "<", ">", "!",
    "@",
];

pub(crate) fn is_name_start(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}

pub(crate) fn is_name_part(character: char) -> bool {
    is_name_start(character) || character.is_numeric()
}

/// All tokens of `source`; the last is [`Kind::End`].
pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut position = 0;
    while let Some(first) = source[position..].chars().next() {
        if first.is_whitespace() {
            position += first.len_utf8();
            continue;
        }
        let rest = &source[position..];
        let (kind, length) = if is_name_start(first) {
            (Kind::Name, rest.find(|c| !is_name_part(c)).unwrap_or(rest.len()))
        } else if first.is_ascii_digit() {
            (Kind::Number, number_length(rest))
        } else if first == '"' {
            text_length(rest).map_or((Kind::Unknown, 1), |length| (Kind::Text, length))
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            let known = !matches!(*sign, "!" | "@");
            (if known { Kind::Sign(sign) } else { Kind::Unknown }, sign.len())
        } else {
            (Kind::Unknown, first.len_utf8())
        };
        tokens.push(Token { kind, span: position..position + length });
        position += length;
    }
    tokens.push(Token { kind: Kind::End, span: source.len()..source.len() });
    tokens
}

fn number_length(rest: &str) -> usize {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let whole = digits(rest);
    match rest[whole..].strip_prefix('.') {
        Some(fraction) if digits(fraction) > 0 => whole + 1 + digits(fraction),
        _ => whole,
    }
}

/// Length of the text literal at the start of `rest` with its quotes; `None` if it does not end.
pub(crate) fn text_length(rest: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(index + 1),
            _ => {}
        }
    }
    None
}

/// What a text literal (with its quotes) means. An escape that is not one stays as it is.
pub(crate) fn unescape(literal: &str) -> String {
    let inner = literal.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(literal);
    let mut out = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(index) = rest.find('\\') {
        out.push_str(&rest[..index]);
        let escape = &rest[index + 1..];
        let (meaning, length) = match escape.chars().next() {
            Some('n') => (Some('\n'), 1),
            Some('t') => (Some('\t'), 1),
            Some('r') => (Some('\r'), 1),
            Some('"') => (Some('"'), 1),
            Some('\\') => (Some('\\'), 1),
            Some('u') => (code_point(escape, 4), 5),
            Some('U') => (code_point(escape, 8), 9),
            _ => (None, 0),
        };
        match meaning {
            Some(character) => {
                out.push(character);
                rest = &escape[length..];
            }
            None => {
                out.push('\\');
                rest = escape;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The character of `u0041` or `U0001F600`.
fn code_point(escape: &str, digits: usize) -> Option<char> {
    let hexadecimal = escape.get(1..=digits)?;
    if !hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    char::from_u32(u32::from_str_radix(hexadecimal, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        for (literal, expected) in [
            (r#""a\nb""#, "a\nb"),
            (r#""\"x\" \\ \t""#, "\"x\" \\ \t"),
            (r#""\u00e9 \U0001F600""#, "é 😀"),
            (r#""\d+ \u12""#, r"\d+ \u12"),
            (r#""""#, ""),
        ] {
            assert_eq!(unescape(literal), expected);
        }
    }
}
