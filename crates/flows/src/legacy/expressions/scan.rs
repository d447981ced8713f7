//! The expressions of an old template and the text between them.

/// The names that begin a path.
const TOPS: [&str; 8] = ["channel", "child", "contact", "date", "extra", "flow", "parent", "step"];

/// A piece of a template.
pub(super) enum Piece<'t> {
    /// Text, `@@` included.
    Text(&'t str),
    /// An expression: with its `@`, and without it and brackets.
    Expression { whole: &'t str, source: &'t str },
}

/// The pieces of a template; together they are the template.
pub(super) fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let (mut text_from, mut at) = (0, 0);
    while let Some(offset) = template[at..].find('@') {
        let start = at + offset;
        let rest = &template[start + 1..];
        let length = match rest.as_bytes().first() {
            Some(b'@') => {
                at = start + 2;
                continue;
            }
            Some(b'(') => brackets(rest),
            _ => path(rest),
        };
        let Some(length) = length else {
            at = start + 1;
            continue;
        };
        if text_from < start {
            found.push(Piece::Text(&template[text_from..start]));
        }
        let source = &rest[..length];
        let inner = source.strip_prefix('(').and_then(|source| source.strip_suffix(')'));
        found.push(Piece::Expression {
            whole: &template[start..start + 1 + length],
            source: inner.unwrap_or(source),
        });
        at = start + 1 + length;
        text_from = at;
    }
    if text_from < template.len() {
        found.push(Piece::Text(&template[text_from..]));
    }
    found
}

/// The length of `(…)` up to its closing bracket; brackets in quotes do not count.
fn brackets(text: &str) -> Option<usize> {
    let (mut depth, mut quoted) = (0_usize, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// The length of a path that begins with a known name. A dot belongs to it only if a name follows.
fn path(text: &str) -> Option<usize> {
    let name_length =
        |text: &str| text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let mut length = name_length(text);
    if !TOPS.contains(&text[..length].to_ascii_lowercase().as_str()) {
        return None;
    }
    while text[length..].starts_with('.') {
        match name_length(&text[length + 1..]) {
            0 => break,
            more => length += 1 + more,
        }
    }
    Some(length)
}
