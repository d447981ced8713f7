//! PO files, as translators' tools read and write them (GNU gettext).

use std::fmt::Write as _;

/// A text and its translation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Which of several places with the same text is meant, where they are translated differently.
    pub context: Option<String>,
    /// The text.
    pub text: String,
    /// The translation; empty if there is none.
    pub translation: String,
    /// Where the text stands: `flow/node/item/property:index`.
    pub references: Vec<String>,
    /// What the text is, for translators.
    pub comments: Vec<String>,
    /// Whether the translation is a guess that nobody has looked at.
    pub fuzzy: bool,
    /// The line where it begins in the file that it was read from; 0 if it was not.
    pub line: usize,
}

/// A PO file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Po {
    /// The language of the translations; none in a template (POT).
    pub language: Option<String>,
    /// When the texts were taken from the flows, as `2026-11-21 14:30+0000`.
    pub created: String,
    /// Texts.
    pub entries: Vec<Entry>,
}

impl Po {
    /// The text of the file.
    pub fn write(&self) -> String {
        let language = self.language.as_deref().unwrap_or_default();
        let header = [
            ("POT-Creation-Date", self.created.as_str()),
            ("Language", language),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=UTF-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("X-Generator", "Seedling"),
        ];
        let header: String = header.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let mut out = String::new();
        keyword(&mut out, "msgid", "");
        keyword(&mut out, "msgstr", &header);
        for entry in &self.entries {
            out.push('\n');
            for comment in &entry.comments {
                let _ = writeln!(out, "#. {}", one_line(comment));
            }
            for reference in &entry.references {
                let _ = writeln!(out, "#: {}", one_line(reference));
            }
            if entry.fuzzy {
                out.push_str("#, fuzzy\n");
            }
            if let Some(context) = &entry.context {
                keyword(&mut out, "msgctxt", context);
            }
            keyword(&mut out, "msgid", &entry.text);
            keyword(&mut out, "msgstr", &entry.translation);
        }
        out
    }
}

/// A keyword with its text; a text of several lines begins on a line of its own.
fn keyword(out: &mut String, name: &str, text: &str) {
    let _ = write!(out, "{name} ");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    if lines.len() > 1 || text.ends_with('\n') {
        out.push_str("\"\"\n");
        for line in lines {
            quoted(out, line);
        }
    } else {
        quoted(out, text);
    }
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            other => out.push(other),
        }
    }
    out.push_str("\"\n");
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
