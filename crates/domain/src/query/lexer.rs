//! Splits a query into tokens.

use smol_str::SmolStr;

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `and`
    And,
    /// `or`
    Or,
    /// `=`, `!=`, `~`, `<`, `<=`, `>`, `>=`, `is`, `has`
    Comparator,
    /// Text in double quotes; the token's value is what is between them.
    String(SmolStr),
    /// A word that may be the name of a property, such as `age` or `fields.age`.
    Property,
    /// Any other word.
    Text,
    /// A character that means nothing here.
    Unknown,
    /// After the last token.
    End,
}

/// A token with its text as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// As written; `<EOF>` at the end.
    pub text: &'a str,
}

/// The tokens of a query, of which the last is [`TokenKind::End`].
pub fn tokens(query: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        let (kind, length) = next(rest, first);
        tokens.push(Token { kind, text: &rest[..length] });
        rest = rest[length..].trim_start();
    }
    tokens.push(Token { kind: TokenKind::End, text: "<EOF>" });
    tokens
}

/// Kind and length in bytes of the token at the start of `rest`.
fn next(rest: &str, first: char) -> (TokenKind, usize) {
    match first {
        '(' => (TokenKind::Open, 1),
        ')' => (TokenKind::Close, 1),
        '=' | '~' => (TokenKind::Comparator, 1),
        '<' | '>' => (TokenKind::Comparator, if rest[1..].starts_with('=') { 2 } else { 1 }),
        '!' if rest[1..].starts_with('=') => (TokenKind::Comparator, 2),
        '"' => match string(rest) {
            Some((value, length)) => (TokenKind::String(value), length),
            None => (TokenKind::Unknown, 1),
        },
        _ if is_word(first) => {
            let length = rest.find(|char| !is_word(char)).unwrap_or(rest.len());
            (word(&rest[..length]), length)
        }
        _ => (TokenKind::Unknown, first.len_utf8()),
    }
}

/// What stands between quotes at the start of `rest`, and the length with the quotes.
fn string(rest: &str) -> Option<(SmolStr, usize)> {
    let mut value = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value.into(), at + 1)),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                other => value.push(other),
            },
            _ => value.push(char),
        }
    }
    None
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '.' | '-' | '+' | '/' | '\'' | '@' | ':') || is_mark(char)
}

/// Marks that belong to the letter before them in scripts such as Devanagari and Burmese.
fn is_mark(char: char) -> bool {
    unicode_normalization::char::is_combining_mark(char)
}

fn word(text: &str) -> TokenKind {
    if text.eq_ignore_ascii_case("and") {
        TokenKind::And
    } else if text.eq_ignore_ascii_case("or") {
        TokenKind::Or
    } else if text.eq_ignore_ascii_case("is") || text.eq_ignore_ascii_case("has") {
        TokenKind::Comparator
    } else if is_property(text) {
        TokenKind::Property
    } else {
        TokenKind::Text
    }
}

/// A letter, then letters, digits and underscores; perhaps once more after a dot.
fn is_property(text: &str) -> bool {
    let is_name = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    match text.split_once('.') {
        Some((left, right)) => is_name(left) && is_name(right),
        None => is_name(text),
    }
}
