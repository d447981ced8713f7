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
    /// `@tables.clinics[fields.code].name`; the span is with the `@`.
    Lookup(Range<usize>),
}

/// The one top-level name behind which `[…]` belongs to a path without parentheses.
const LOOKED_UP: &str = "tables";
/// The name under which the word in such brackets is found that is no top-level name itself.
pub(crate) const NAMED: &str = "named";

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
            match enclosed_length(rest, b'(', b')') {
                Some(length) => Piece::Expression(at..at + 1 + length),
                None => break,
            }
        } else {
            match path_length(rest, tops) {
                Some(length) => match lookup_length(rest, length) {
                    Some(longer) => Piece::Lookup(at..at + 1 + longer),
                    None => Piece::Path(at..at + 1 + length),
                },
                None => {
                    position = at + 1;
                    continue;
                }
            }
        };
        if text_start < at {
            pieces.push(Piece::Text(text_start..at));
        }
        let (Piece::Text(span)
        | Piece::Escape(span)
        | Piece::Path(span)
        | Piece::Expression(span)
        | Piece::Lookup(span)) = &piece;
        position = span.end;
        text_start = position;
        pieces.push(piece);
    }
    if text_start < template.len() {
        pieces.push(Piece::Text(text_start..template.len()));
    }
    pieces
}

/// Length of `(…)`, or what else stands between `open` and `close`, at the start of `rest`, not minding those in text
/// literals.
fn enclosed_length(rest: &str, open: u8, close: u8) -> Option<usize> {
    let mut depth = 0usize;
    let mut position = 0;
    while let Some(byte) = rest.as_bytes().get(position) {
        match byte {
            byte if *byte == open => depth += 1,
            byte if *byte == close && depth == 1 => return Some(position + 1),
            byte if *byte == close => depth -= 1,
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
    if !rest.starts_with(is_name_start) {
        return None;
    }
    let length = name_length(rest);
    let top = rest[..length].to_lowercase();
    if !tops.contains(&top.as_str()) {
        return None;
    }
    Some(length + names_length(&rest[length..]))
}

/// Length of `.name.name…` at the start of `rest`. A dot belongs to it only if a name follows.
fn names_length(rest: &str) -> usize {
    let mut length = 0;
    while let Some(next) = rest[length..].strip_prefix('.') {
        match name_length(next) {
            0 => break,
            name => length += 1 + name,
        }
    }
    length
}

fn name_length(text: &str) -> usize {
    text.find(|c| !is_name_part(c)).unwrap_or(text.len())
}

/// Length of a path in a table with its brackets, of which there must be some.
fn lookup_length(rest: &str, path: usize) -> Option<usize> {
    if !rest[..path].to_lowercase().starts_with(LOOKED_UP) || !rest[LOOKED_UP.len()..].starts_with('.') {
        return None;
    }
    let mut length = path;
    while rest[length..].starts_with('[') {
        length += enclosed_length(&rest[length..], b'[', b']')?;
        length += names_length(&rest[length..]);
    }
    (length > path).then_some(length)
}

/// The expression of a lookup as written behind its `@`: a single word in brackets that is no top-level name becomes
/// `named.word`.
pub(crate) fn lookup_expression(written: &str, tops: &[&str]) -> String {
    let mut expression = String::with_capacity(written.len() + NAMED.len());
    let mut rest = written;
    while let Some(open) = rest.find('[') {
        let (before, bracket) = rest.split_at(open);
        let length = enclosed_length(bracket, b'[', b']').unwrap_or(bracket.len());
        let inside = bracket[1..length].trim_end_matches(']').trim();
        let word = inside.starts_with(|c: char| is_name_start(c) && !c.is_ascii_digit())
            && inside.chars().all(is_name_part)
            && !tops.contains(&inside.to_lowercase().as_str());
        expression.push_str(before);
        if word {
            expression.extend(["[", NAMED, ".", inside, "]"]);
        } else {
            expression.push_str(&bracket[..length]);
        }
        rest = &bracket[length..];
    }
    expression.push_str(rest);
    expression
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_templates() {
        let show = |template: &str| -> Vec<String> {
            pieces(template, &["contact", "fields", "tables"])
                .into_iter()
                .map(|piece| match piece {
                    Piece::Text(span) => format!("T{}", &template[span]),
                    Piece::Escape(span) => format!("E{}", &template[span]),
                    Piece::Path(span) => format!("P{}", &template[span]),
                    Piece::Expression(span) => format!("X{}", &template[span]),
                    Piece::Lookup(span) => format!("L{}", &template[span]),
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
            ("@contact.name[0]", vec!["P@contact.name", "T[0]"]),
            ("At @tables.a[code].name.", vec!["TAt ", "L@tables.a[code].name", "T."]),
            ("@Tables.a[\"]\"]!", vec!["L@Tables.a[\"]\"]", "T!"]),
            ("@tables.a[open", vec!["P@tables.a", "T[open"]),
            ("@tables[a]", vec!["P@tables", "T[a]"]),
        ] {
            assert_eq!(show(template), expected, "{template:?}");
        }
    }

    #[test]
    fn words_in_brackets_are_found_by_name() {
        for (written, expected) in [
            ("tables.a[code].name", "tables.a[named.code].name"),
            ("tables.a[fields.code].name", "tables.a[fields.code].name"),
            ("tables.a[fields]", "tables.a[fields]"),
            ("tables.a[\"x\"]", "tables.a[\"x\"]"),
            ("tables.a[ 7 ][b]", "tables.a[ 7 ][named.b]"),
        ] {
            assert_eq!(lookup_expression(written, &["tables", "fields"]), expected);
        }
    }
}
