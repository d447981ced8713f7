//! Patterns of authors: regular expressions in the syntax of RE2, always multi-line and without regard to case.
//!
//! Flows come from a world whose patterns RE2 reads. This engine reads nearly the same; what differs is rewritten
//! here: classes such as `\d` and `\w` mean ASCII, brackets inside brackets are plain characters, a brace
//! that is no repetition is a plain character, and `\Q…\E` quotes.

use std::iter::Peekable;
use std::str::Chars;

use regex::{Regex, RegexBuilder};
use thiserror::Error;

/// Longest pattern, in bytes.
pub const MAX_PATTERN: usize = 10_000;
/// Most memory a compiled pattern may take, in bytes.
pub const MAX_COMPILED: usize = 1 << 20;

/// The pattern is no valid regular expression, or compiled it would be larger than [`MAX_COMPILED`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("must be called with a valid regular expression")]
pub struct InvalidPattern;

/// Compiles an author's pattern. Matching takes time linear in the text, whatever the pattern.
pub fn compile(pattern: &str) -> Result<Regex, InvalidPattern> {
    if pattern.len() > MAX_PATTERN {
        return Err(InvalidPattern);
    }
    RegexBuilder::new(&rewrite(pattern))
        .multi_line(true)
        .case_insensitive(true)
        .size_limit(MAX_COMPILED)
        .build()
        .map_err(|_| InvalidPattern)
}

fn rewrite(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => escape(&mut rest, &mut out),
            '[' => bracket(&mut rest, &mut out),
            '{' if !is_repetition(rest.clone()) => out.push_str("\\{"),
            other => out.push(other),
        }
    }
    out
}

/// An escape outside brackets; the backslash is already taken.
fn escape(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    match rest.next() {
        Some('b') => out.push_str("(?-u:\\b)"),
        Some('Q') => quoted(rest, out),
        Some(c @ ('<' | '>')) => out.push(c),
        Some(c @ ('p' | 'P' | 'x')) => {
            out.extend(['\\', c]);
            braces(rest, out);
        }
        Some(c) => match ascii_class(c) {
            Some((members, true)) => out.extend(["[", members, "]"]),
            Some((members, false)) => out.extend(["[^", members, "]"]),
            None => out.extend(['\\', c]),
        },
        None => out.push('\\'),
    }
}

/// What is between `\Q` and `\E`, or the end, stands for itself.
fn quoted(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    let mut plain = String::new();
    while let Some(c) = rest.next() {
        if c == '\\' && rest.next_if_eq(&'E').is_some() {
            break;
        }
        plain.push(c);
    }
    out.push_str(&regex::escape(&plain));
}

/// Copies `{…}` behind an escape.
fn braces(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    if rest.peek() != Some(&'{') {
        return;
    }
    for c in rest.by_ref() {
        out.push(c);
        if c == '}' {
            break;
        }
    }
}

/// Copies a bracketed class; the opening bracket is already taken.
fn bracket(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('[');
    out.extend(rest.next_if_eq(&'^'));
    if rest.next_if_eq(&']').is_some() {
        out.push_str("\\]");
    }
    while let Some(c) = rest.next() {
        match c {
            ']' => return out.push(']'),
            '[' if rest.peek() == Some(&':') => named_class(rest, out),
            '[' | '&' | '~' => out.extend(['\\', c]),
            '-' if rest.peek() == Some(&'-') => {
                rest.next();
                out.push_str("-\\-");
            }
            '\\' => match rest.next() {
                Some(c @ ('p' | 'P' | 'x')) => {
                    out.extend(['\\', c]);
                    braces(rest, out);
                }
                Some(c) => match ascii_class(c) {
                    Some((members, true)) => out.push_str(members),
                    Some((members, false)) => out.extend(["[^", members, "]"]),
                    None => out.extend(['\\', c]),
                },
                None => out.push('\\'),
            },
            other => out.push(other),
        }
    }
}

/// Copies `[:alpha:]` up to its colon and bracket; the opening bracket is already taken.
fn named_class(rest: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('[');
    let mut previous = '[';
    for c in rest.by_ref() {
        out.push(c);
        if previous == ':' && c == ']' {
            break;
        }
        previous = c;
    }
}

/// The members of `\d`, `\s`, `\w`, and whether the class has them or has all others.
fn ascii_class(letter: char) -> Option<(&'static str, bool)> {
    let members = match letter.to_ascii_lowercase() {
        'd' => "0-9",
        's' => "\\t\\n\\f\\r ",
        'w' => "0-9A-Za-z_",
        _ => return None,
    };
    Some((members, letter.is_ascii_lowercase()))
}

/// Whether `3}`, `3,}` or `3,5}` follows an opening brace.
fn is_repetition(rest: Peekable<Chars<'_>>) -> bool {
    let inside: String = rest.take_while(|&c| c != '}').take(16).collect();
    let (least, most) = inside.split_once(',').unwrap_or((&inside, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_to_re2() {
        for (pattern, text, found) in [
            (r"ndi(yo|o)", "NDIYO", Some("NDIYO")),
            (r"\d+", "๓ 34", Some("34")),
            (r"^b$", "a\nb\nc", Some("b")),
            (r"\bé", "aé", Some("é")),
            (r"[[a]+", "x[a[", Some("[a[")),
            (r"[a&&b]+", "&a&", Some("&a&")),
            (r"[\d\-]+", "t 1-2", Some("1-2")),
            (r"[^\D]+", "ab12", Some("12")),
            (r"[]x]+", "a]x", Some("]x")),
            (r"[[:digit:]x]+", "a1x", Some("1x")),
            (r"a{2}", "aaa", Some("aa")),
            (r"{a", "x{a", Some("{a")),
            (r"\Qa.b\E+", "axb a.bb", Some("a.bb")),
            (r"\<i\>", "<i>", Some("<i>")),
            (r"\p{Greek}+", "ab γδ", Some("γδ")),
            ("", "abc", Some("")),
        ] {
            let regex = compile(pattern).unwrap_or_else(|_| panic!("{pattern}"));
            assert_eq!(regex.find(text).map(|m| m.as_str()), found, "{pattern}");
        }
        for invalid in ["(", r"\", "[a", "(?P<", &"(a{99}){99}".repeat(4), &"a".repeat(MAX_PATTERN + 1)] {
            assert!(compile(invalid).is_err(), "{invalid}");
        }
    }
}
