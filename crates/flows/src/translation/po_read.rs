//! Reading PO files.

use std::collections::BTreeSet;

use thiserror::Error;

use super::po::{Entry, Po};

/// Largest PO file, in bytes.
pub const MAX_PO_BYTES: usize = 16 * 1024 * 1024;
/// Most texts of a PO file.
const MAX_ENTRIES: usize = 200_000;

/// Why a PO file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PoError {
    /// It is larger than we are willing to read.
    #[error(
        "the file has {0} bytes, more than the {MAX_PO_BYTES} that are read; translate fewer flows at a time"
    )]
    TooLarge(usize),
    /// It has more texts than we are willing to read.
    #[error("line {0}: there are more than {MAX_ENTRIES} texts; translate fewer flows at a time")]
    TooMany(usize),
    /// A line is no part of a PO file.
    #[error("line {line}: {reason}")]
    Line {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        reason: &'static str,
    },
}

/// Which text the following lines go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    None,
    Context,
    Text,
    Translation,
}

struct Reader {
    po: Po,
    entry: Entry,
    part: Part,
    seen: BTreeSet<(Option<String>, String)>,
}

impl Po {
    /// Reads a PO file. Texts that are obsolete (`#~`) are left out.
    pub fn read(text: &str) -> Result<Self, PoError> {
        if text.len() > MAX_PO_BYTES {
            return Err(PoError::TooLarge(text.len()));
        }
        let mut reader =
            Reader { po: Self::default(), entry: Entry::default(), part: Part::None, seen: BTreeSet::new() };
        let mut last = 0;
        for (at, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            last = at + 1;
            reader.line(last, line.trim())?;
        }
        reader.end(last)?;
        Ok(reader.po)
    }
}

impl Reader {
    fn line(&mut self, number: usize, line: &str) -> Result<(), PoError> {
        let refuse = |reason| Err(PoError::Line { line: number, reason });
        if line.is_empty() {
            return self.end(number);
        }
        if let Some(comment) = line.strip_prefix('#') {
            if self.part == Part::Translation {
                self.end(number)?;
            }
            self.comment(comment);
            return Ok(());
        }
        if line.starts_with('"') {
            return self.add(number, line);
        }
        let (keyword, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let part = match keyword {
            "msgctxt" => Part::Context,
            "msgid" => Part::Text,
            "msgstr" => Part::Translation,
            "msgid_plural" => return refuse("plural forms are not used by flows; translate the text as one"),
            _ if keyword.starts_with("msgstr[") => {
                return refuse("plural forms are not used by flows; write msgstr without brackets");
            }
            _ => return refuse("expected msgctxt, msgid, msgstr, a text in quotes or a comment"),
        };
        match (self.part, part) {
            (Part::Translation, Part::Context | Part::Text) => self.end(number)?,
            (Part::None, Part::Translation) | (Part::Context, Part::Translation) => {
                return refuse("msgstr without a msgid before it");
            }
            (Part::Context, Part::Context) => return refuse("a second msgctxt for the same text"),
            (Part::Text, Part::Context | Part::Text) => return refuse("the text before has no msgstr"),
            (Part::Translation, Part::Translation) => return refuse("a second msgstr for the same text"),
            _ => {}
        }
        if self.part == Part::None {
            self.entry.line = number;
        }
        self.part = part;
        if part == Part::Context {
            self.entry.context = Some(String::new());
        }
        self.add(number, rest.trim())
    }

    fn comment(&mut self, comment: &str) {
        match comment.chars().next() {
            Some(':') => self.entry.references.extend(comment[1..].split_whitespace().map(str::to_owned)),
            Some('.') => self.entry.comments.push(comment[1..].trim().to_owned()),
            Some(',') => self.entry.fuzzy |= comment[1..].split(',').any(|flag| flag.trim() == "fuzzy"),
            _ => {}
        }
    }

    /// Adds a quoted text to the part that is being read.
    fn add(&mut self, line: usize, quoted: &str) -> Result<(), PoError> {
        let target = match self.part {
            Part::Context => self.entry.context.get_or_insert_default(),
            Part::Text => &mut self.entry.text,
            Part::Translation => &mut self.entry.translation,
            Part::None => {
                return Err(PoError::Line {
                    line,
                    reason: "a text in quotes without msgid or msgstr before it",
                });
            }
        };
        unquote(quoted, target).map_err(|reason| PoError::Line { line, reason })
    }

    /// Ends the text that is being read.
    fn end(&mut self, line: usize) -> Result<(), PoError> {
        match self.part {
            Part::None => {}
            Part::Context => return Err(PoError::Line { line, reason: "msgctxt without a msgid after it" }),
            Part::Text => return Err(PoError::Line { line, reason: "msgid without a msgstr after it" }),
            Part::Translation => {
                let entry = std::mem::take(&mut self.entry);
                self.keep(entry)?;
            }
        }
        if self.part != Part::None {
            self.entry = Entry::default();
        }
        self.part = Part::None;
        Ok(())
    }

    fn keep(&mut self, entry: Entry) -> Result<(), PoError> {
        if entry.text.is_empty() && entry.context.is_none() {
            self.header(&entry.translation);
            return Ok(());
        }
        if !self.seen.insert((entry.context.clone(), entry.text.clone())) {
            return Err(PoError::Line { line: entry.line, reason: "this text is in the file before" });
        }
        if self.po.entries.len() == MAX_ENTRIES {
            return Err(PoError::TooMany(entry.line));
        }
        self.po.entries.push(entry);
        Ok(())
    }

    fn header(&mut self, text: &str) {
        for line in text.lines() {
            let Some((name, value)) = line.split_once(':') else { continue };
            match name.trim() {
                "Language" => {
                    self.po.language = Some(value.trim().to_owned()).filter(|code| !code.is_empty())
                }
                "POT-Creation-Date" => self.po.created = value.trim().to_owned(),
                _ => {}
            }
        }
    }
}

/// Adds what a text in quotes says.
fn unquote(quoted: &str, out: &mut String) -> Result<(), &'static str> {
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let inner = inner.filter(|_| quoted.len() > 1).ok_or("a text must stand between two quotes")?;
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return Err("a quote within a text must be written \\\""),
            '\\' => out.push(match letters.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some('"') => '"',
                Some('\\') => '\\',
                Some(_) => return Err("unknown escape; known are \\n \\t \\r \\\" \\\\"),
                None => return Err("a text must stand between two quotes"),
            }),
            other => out.push(other),
        }
    }
    Ok(())
}
