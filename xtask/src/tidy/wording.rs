//! What every module says at its top, and words that must not land.

use super::source::{Source, code};

/// Left-overs of work in progress. Written in two halves, so that this file does not find itself.
const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];

/// Missing module documentation, unfinished work, unfair selects.
pub fn complaints(sources: &[&Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let path = &source.path;
        if !source.text.starts_with("//!") {
            found.push(format!("{path}: begin with `//!`: what this module holds and why"));
        }
        let lines: Vec<&str> = source.text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let number = index + 1;
            for word in UNFINISHED {
                if line.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part == *word) {
                    found.push(format!("{path}:{number}: {word}: finish it or open an issue"));
                }
            }
            if code(line).contains(concat!("dbg", "!(")) {
                found.push(format!("{path}:{number}: a debugging print"));
            }
            let biased = lines.get(index + 1).is_some_and(|next| next.trim() == "biased;");
            if code(line).trim_end().ends_with("select! {") && !biased {
                found.push(format!(
                    "{path}:{number}: begin with `biased;`, so that every run takes the same branch"
                ));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wording_rules() {
        let cases = [
            ("//! Fine.\nfn a() {}\n", 0),
            ("fn a() {}\n", 1),
            ("//! A.\n// TO-DO is two words\n", 0),
            (concat!("//! A.\n// TO", "DO: later\n"), 1),
            ("//! A.\n    tokio::select! {\n        biased;\n", 0),
            ("//! A.\n    tokio::select! {\n        a = b => {}\n", 1),
        ];
        for (text, expected) in cases {
            let source = Source { path: "crates/a/src/lib.rs".to_owned(), text: text.to_owned() };
            assert_eq!(complaints(&[&source]).len(), expected, "{text}");
        }
    }
}
