//! Modules are named for what they hold.

use super::source::Source;

/// Names that say nothing of what is inside, so that everything ends up there.
const FORBIDDEN: &[&str] = &["utils", "util", "common", "helpers", "helper", "misc", "manager", "types"];

/// Files, folders and inline modules with an empty name.
pub fn complaints(sources: &[&Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let path = &source.path;
        for part in path.split('/') {
            let name = part.strip_suffix(".rs").unwrap_or(part);
            if FORBIDDEN.contains(&name) {
                found.push(format!("{path}: name {name} for what it holds"));
            }
        }
        for (number, line) in source.text.lines().enumerate() {
            let words = line.trim_start().trim_start_matches("pub ");
            let inline = words.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(" {"));
            if inline.is_some_and(|name| FORBIDDEN.contains(&name)) {
                found.push(format!("{path}:{}: name the module for what it holds", number + 1));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_are_refused() {
        let cases = [
            ("crates/a/src/utils.rs", "", 1),
            ("crates/a/src/common/mod.rs", "", 1),
            ("crates/a/src/lib.rs", "pub mod misc {\n", 1),
            ("crates/a/src/urn.rs", "mod tests {\n", 0),
        ];
        for (path, text, expected) in cases {
            let source = Source { path: path.to_owned(), text: text.to_owned() };
            assert_eq!(complaints(&[&source]).len(), expected, "{path}");
        }
    }
}
