//! Templates cut into what is plain text and what is an expression.

use std::ops::Range;

use crate::syntax::lexer::{is_name_part, is_name_start, text_length};

/// A piece of a template. Spans are bytes of the template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text as it stands.
    Text(Range<usize>),
    /// `@@`, which means one `@`.
    Escape(Range<usize>),
    /// `@contact.name`; the span is with the `@`.
    Path(Range<usize>),
    /// `@(…)`; the span is with the `@(` and `)`.
    Expression(Range<usize>),
}

/// The pieces of a template. A path is one only if its first name (whatever its case) is among `tops`. Behind an
/// `@(` that is never closed everything is text.
pub(crate) fn pieces(template: &str, tops: &[&str]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text_start = 0;
    let mut position = 0;
    while let Some(found) = template[position..].find('@') {
        let at = position + found;
        let rest = &template[at + 1..];
        let piece = if rest.starts_with('@') {
            Piece::Escape(at..at + 2)
        } else if rest.starts_with('(') {
            match closing_parenthesis(rest) {
                Some(length) => Piece::Expression(at..at + 1 + length),
                None => break,
            }
        } else {
            match path_length(rest, tops) {
                Some(length) => Piece::Path(at..at + 1 + length),
                None => {
                    position = at + 1;
                    continue;
                }
            }
        };
        if text_start < at {
            pieces.push(Piece::Text(text_start..at));
        }
        let (Piece::Text(span) | Piece::Escape(span) | Piece::Path(span) | Piece::Expression(span)) = &piece;
        position = span.end;
        text_start = position;
        pieces.push(piece);
    }
    if text_start < template.len() {
        pieces.push(Piece::Text(text_start..template.len()));
    }
    pieces
}

/// Length of `(…)` at the start of `rest`, not minding parentheses in text literals.
fn closing_parenthesis(rest: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut position = 0;
    while let Some(byte) = rest.as_bytes().get(position) {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => return Some(position + 1),
            b')' => depth -= 1,
            b'"' => {
                position += text_length(&rest[position..])?;
                continue;
            }
            _ => {}
        }
        position += 1;
    }
    None
}

/// Length of a path such as `contact.name` at the start of `rest`. A dot belongs to it only if a name follows.
fn path_length(rest: &str, tops: &[&str]) -> Option<usize> {
    let name_length = |text: &str| text.find(|c| !is_name_part(c)).unwrap_or(text.len());
    if !rest.starts_with(is_name_start) {
        return None;
    }
    let mut length = name_length(rest);
    let top = rest[..length].to_lowercase();
    if !tops.contains(&top.as_str()) {
        return None;
    }
    while let Some(next) = rest[length..].strip_prefix('.') {
        match name_length(next) {
            0 => break,
            name => length += 1 + name,
        }
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_templates() {
        let show = |template: &str| -> Vec<String> {
            pieces(template, &["contact", "fields"])
                .into_iter()
                .map(|piece| match piece {
                    Piece::Text(span) => format!("T{}", &template[span]),
                    Piece::Escape(span) => format!("E{}", &template[span]),
                    Piece::Path(span) => format!("P{}", &template[span]),
                    Piece::Expression(span) => format!("X{}", &template[span]),
                })
                .collect()
        };
        for (template, expected) in [
            ("", vec![]),
            ("Hi @contact.name.", vec!["THi ", "P@contact.name", "T."]),
            ("@CONTACT.urns.0!", vec!["P@CONTACT.urns.0", "T!"]),
            ("me@home.org @who", vec!["Tme@home.org @who"]),
            ("@@contact @@", vec!["E@@", "Tcontact ", "E@@"]),
            ("@@@contact", vec!["E@@", "P@contact"]),
            ("@(\"(\" & fields.a(1))@", vec!["X@(\"(\" & fields.a(1))", "T@"]),
            ("a @(b @contact", vec!["Ta @(b @contact"]),
            ("@(\")", vec!["T@(\")"]),
            ("@contact@fields", vec!["P@contact", "P@fields"]),
        ] {
            assert_eq!(show(template), expected, "{template:?}");
        }
    }
}
