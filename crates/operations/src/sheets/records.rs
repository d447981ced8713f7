//! Comma-separated values (RFC 4180) in pieces as they arrive. A row that is broken is said to be so, and the next line
//! is read as if nothing had been: one forgotten quote does not swallow the rest of a file.

use smol_str::SmolStr;

/// Bytes of one row, with its line breaks.
pub(crate) const MAX_RECORD_BYTES: usize = 64 * 1_024;

/// A row of a file. Rows are numbered from 1 as a spreadsheet shows them; empty ones are counted and left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Record {
    /// Its number and cells.
    Row(usize, Vec<SmolStr>),
    /// Its number and what is wrong with it.
    Broken(usize, &'static str),
}

const OPEN: &str = "quotes are opened and never closed";
const BEHIND: &str = "something stands behind closing quotes; double a quote that belongs to the text";
const NOT_TEXT: &str = "the line is not text in UTF-8; let the spreadsheet write the file as CSV UTF-8";
const TOO_LONG: &str = "the line is too long";

/// Reads rows out of pieces of a file.
#[derive(Debug, Default)]
pub(crate) struct Records {
    held: Vec<u8>,
    /// Bytes of `held` that were read.
    read: usize,
    row: usize,
    separator: Option<u8>,
    /// Whether the rest of a line that is too long is thrown away.
    skips: bool,
}

impl Records {
    /// Takes the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        self.held.drain(..self.read);
        self.read = 0;
        self.held.extend_from_slice(piece);
    }

    /// The next row; `None` if more is needed for it, or, at the end of the file, if there is none.
    pub fn next(&mut self, at_end: bool) -> Option<Record> {
        loop {
            if self.row == 0 && self.read == 0 {
                self.pass_mark(at_end)?;
            }
            if self.skips && !self.skip() {
                return None;
            }
            let rest = &self.held[self.read..];
            if rest.is_empty() {
                return None;
            }
            let separator = match self.separator {
                Some(separator) => separator,
                None => separator_of(rest, at_end)?,
            };
            self.separator = Some(separator);
            let (length, next) = match cut(rest, separator) {
                Cut::Whole { length, next } => (length, next),
                Cut::Open { .. } if !at_end && rest.len() < MAX_RECORD_BYTES => return None,
                Cut::Open { quoted: true } => return Some(self.broken(OPEN)),
                Cut::Open { quoted: false } if !at_end => return Some(self.broken(TOO_LONG)),
                // The end of a file ends its last line.
                Cut::Open { quoted: false } => (rest.len() - usize::from(rest.ends_with(b"\r")), rest.len()),
            };
            let Ok(text) = std::str::from_utf8(&rest[..length]) else { return Some(self.broken(NOT_TEXT)) };
            let cells = match cells(text, char::from(separator)) {
                Some(cells) => cells,
                None => return Some(self.broken(BEHIND)),
            };
            self.read += next;
            self.row += 1;
            if cells.len() > 1 || cells.iter().any(|cell| !cell.trim().is_empty()) {
                return Some(Record::Row(self.row, cells));
            }
        }
    }

    /// Passes over the mark with which some programs begin a file in UTF-8.
    fn pass_mark(&mut self, at_end: bool) -> Option<()> {
        const MARK: &[u8] = "\u{feff}".as_bytes();
        if self.held.len() < MARK.len() && !at_end {
            return None;
        }
        if self.held.starts_with(MARK) {
            self.read = MARK.len();
        }
        Some(())
    }

    /// Gives up the line that begins here. What stands below it is read.
    fn broken(&mut self, why: &'static str) -> Record {
        self.row += 1;
        self.skips = true;
        self.skip();
        Record::Broken(self.row, why)
    }

    /// Goes behind the end of the line; answers whether it was found.
    fn skip(&mut self) -> bool {
        match self.held[self.read..].iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                self.read += end + 1;
                self.skips = false;
                true
            }
            None => {
                self.read = self.held.len();
                false
            }
        }
    }
}

/// What separates the cells, by the first line: a comma, unless there are more semicolons or tabs.
fn separator_of(bytes: &[u8], at_end: bool) -> Option<u8> {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    if end.is_none() && !at_end && bytes.len() < MAX_RECORD_BYTES {
        return None;
    }
    let line = &bytes[..end.unwrap_or(bytes.len())];
    let count = |separator: u8| line.iter().filter(|byte| **byte == separator).count();
    Some([b';', b'\t'].into_iter().find(|separator| count(*separator) > count(b',')).unwrap_or(b','))
}

enum Cut {
    /// Bytes of the row without its end, and where the next one begins.
    Whole { length: usize, next: usize },
    /// Its end is not there, and whether quotes are open.
    Open { quoted: bool },
}

/// Where a row ends: at a line break that is not in quotes.
fn cut(bytes: &[u8], separator: u8) -> Cut {
    let (mut quoted, mut begins, mut place) = (false, true, 0);
    while let Some(byte) = bytes.get(place) {
        match byte {
            b'"' if begins => quoted = true,
            // A doubled one is a part of the text.
            b'"' if quoted && bytes.get(place + 1) == Some(&b'"') => place += 1,
            b'"' if quoted => quoted = false,
            b'\n' if !quoted => return whole(bytes, place),
            _ => {}
        }
        begins = !quoted && *byte == separator;
        place += 1;
    }
    Cut::Open { quoted }
}

fn whole(bytes: &[u8], end: usize) -> Cut {
    let length = if end > 0 && bytes[end - 1] == b'\r' { end - 1 } else { end };
    Cut::Whole { length, next: end + 1 }
}

/// The cells of a row; `None` if something stands behind closing quotes.
fn cells(text: &str, separator: char) -> Option<Vec<SmolStr>> {
    let mut cells = Vec::new();
    let mut rest = text;
    loop {
        let after = match rest.strip_prefix('"') {
            None => {
                let end = rest.find(separator).unwrap_or(rest.len());
                cells.push(SmolStr::new(&rest[..end]));
                &rest[end..]
            }
            Some(quoted) => {
                let (cell, after) = quoted_cell(quoted)?;
                cells.push(cell);
                after
            }
        };
        match after.strip_prefix(separator) {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(cells),
            None => return None,
        }
    }
}

fn quoted_cell(quoted: &str) -> Option<(SmolStr, &str)> {
    let (mut text, mut inside) = (String::new(), quoted);
    loop {
        let end = inside.find('"')?;
        text.push_str(&inside[..end]);
        inside = &inside[end + 1..];
        match inside.strip_prefix('"') {
            Some(next) => {
                text.push('"');
                inside = next;
            }
            None => return Some((text.into(), inside)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pieces: &[&[u8]]) -> Vec<String> {
        let (mut records, mut found) = (Records::default(), Vec::new());
        let shown = |record| match record {
            Record::Row(row, cells) => format!("{row}:{}", cells.join("|")),
            Record::Broken(row, why) => format!("{row}! {}", why.split(' ').next().unwrap_or_default()),
        };
        for piece in pieces {
            records.push(piece);
            while let Some(record) = records.next(false) {
                found.push(shown(record));
            }
        }
        while let Some(record) = records.next(true) {
            found.push(shown(record));
        }
        found
    }

    #[test]
    fn rows_of_files_whatever_the_pieces_in_which_they_come() {
        let cases: &[(&str, &[&str])] = &[
            ("", &[]),
            ("a,b\n1,2", &["1:a|b", "2:1|2"]),
            ("\u{feff}a;b\r\n1;\"x;y\"\r\n\r\n9;9\r\n", &["1:a|b", "2:1|x;y", "4:9|9"]),
            ("a\tb\n\n1\t2\n", &["1:a|b", "3:1|2"]),
            ("a,b\n\"one\ntwo\",\"say \"\"hi\"\"\"\nx,\n", &["1:a|b", "2:one\ntwo|say \"hi\"", "3:x|"]),
            ("\"\"\"a\"\"\",\"\"\n", &["1:\"a\"|"]),
            ("a,b\n1,\"open\n2,3\n4,5", &["1:a|b", "2! quotes", "3:2|3", "4:4|5"]),
            ("a,b\n1,\"x\"y\n2,3\n", &["1:a|b", "2! something", "3:2|3"]),
            ("é,ü\n", &["1:é|ü"]),
        ];
        for (text, expected) in cases {
            assert_eq!(all(&[text.as_bytes()]), *expected, "{text:?}");
            let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
            assert_eq!(all(&single), *expected, "{text:?} byte by byte");
        }
    }

    #[test]
    fn a_broken_line_is_named_and_the_next_ones_are_read() {
        assert_eq!(all(&[b"a,b\n\xff,1\n2,3\n"]), ["1:a|b", "2! the", "3:2|3"]);
        let long = format!("a,b\n1,{}\n2,3\n", "x".repeat(3 * MAX_RECORD_BYTES));
        let pieces: Vec<&[u8]> = long.as_bytes().chunks(1_000).collect();
        assert_eq!(all(&pieces), ["1:a|b", "2! the", "3:2|3"]);
        let open = format!("a,b\n1,\"{}\n2,3\n", "x\n".repeat(2 * MAX_RECORD_BYTES));
        let found = all(&[open.as_bytes()]);
        assert_eq!((found[1].as_str(), found.last().map(String::as_str)), ("2! quotes", Some("131075:2|3")));
    }
}
