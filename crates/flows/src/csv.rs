//! Comma-separated values, as spreadsheets write them (RFC 4180): fields in quotes may hold commas, new lines and
//! doubled quotes. A separator of semicolons or tabs is found by the first line.

use smol_str::SmolStr;
use thiserror::Error;

/// Why a text is not comma-separated values.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CsvError {
    /// Quotes are opened and not closed.
    #[error("the quotes opened in line {0} are never closed")]
    OpenQuotes(usize),
    /// Something stands between closing quotes and the next separator.
    #[error("line {0} has something behind closing quotes; double a quote that belongs to the text")]
    BehindQuotes(usize),
}

/// The rows of a text, each with its cells. Lines that are empty are left out.
///
/// # Errors
/// [`CsvError`] with the line, counted from 1.
pub fn rows(text: &str) -> Result<Vec<Vec<SmolStr>>, CsvError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let separator = separator_of(text.lines().next().unwrap_or_default());
    let mut rows = Vec::new();
    let mut row = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while !rest.is_empty() || !row.is_empty() {
        let (cell, after) = cell(rest, separator, &mut line)?;
        row.push(cell);
        if let Some(next) = after.strip_prefix(separator) {
            rest = next;
            if rest.is_empty() {
                row.push(SmolStr::default());
            } else {
                continue;
            }
        } else {
            rest = after.strip_prefix('\r').unwrap_or(after);
            rest = rest.strip_prefix('\n').unwrap_or(rest);
        }
        line += 1;
        let row = std::mem::take(&mut row);
        if row.len() > 1 || row.iter().any(|cell| !cell.is_empty()) {
            rows.push(row);
        }
    }
    Ok(rows)
}

fn separator_of(line: &str) -> char {
    let count = |separator: char| line.matches(separator).count();
    [';', '\t'].into_iter().find(|separator| count(*separator) > count(',')).unwrap_or(',')
}

/// One cell, and what stands behind it: a separator, a new line, or nothing.
fn cell<'t>(rest: &'t str, separator: char, line: &mut usize) -> Result<(SmolStr, &'t str), CsvError> {
    let Some(quoted) = rest.strip_prefix('"') else {
        let end = rest.find([separator, '\n', '\r']).unwrap_or(rest.len());
        return Ok((rest[..end].into(), &rest[end..]));
    };
    let begun = *line;
    let mut text = String::new();
    let mut inside = quoted;
    loop {
        let Some(end) = inside.find('"') else { return Err(CsvError::OpenQuotes(begun)) };
        *line += inside[..end].matches('\n').count();
        text.push_str(&inside[..end]);
        inside = &inside[end + 1..];
        match inside.strip_prefix('"') {
            Some(next) => {
                text.push('"');
                inside = next;
            }
            None => break,
        }
    }
    if inside.is_empty() || inside.starts_with([separator, '\n', '\r']) {
        Ok((text.into(), inside))
    } else {
        Err(CsvError::BehindQuotes(*line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_texts() {
        let cases: [(&str, &[&[&str]]); 8] = [
            ("", &[]),
            ("a,b\n1,2", &[&["a", "b"], &["1", "2"]]),
            ("\u{feff}a;b\r\n1;\"x;y\"\r\n\r\n", &[&["a", "b"], &["1", "x;y"]]),
            ("a\tb\n\n1\t2\n", &[&["a", "b"], &["1", "2"]]),
            ("a,b\n\"one\ntwo\",\"say \"\"hi\"\"\"\n", &[&["a", "b"], &["one\ntwo", "say \"hi\""]]),
            ("a,b\n1,", &[&["a", "b"], &["1", ""]]),
            ("a,b\n,\n", &[&["a", "b"], &["", ""]]),
            ("é,ü", &[&["é", "ü"]]),
        ];
        for (text, expected) in cases {
            assert_eq!(rows(text).unwrap(), expected, "{text:?}");
        }
        assert_eq!(rows("a\n\"b"), Err(CsvError::OpenQuotes(2)));
        assert_eq!(rows("a\n\"b\nc\"d"), Err(CsvError::BehindQuotes(3)));
    }
}
