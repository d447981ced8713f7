//! Every direct dependency has a line in docs/dependencies.md: what for, and under which licence.

use std::collections::BTreeMap;

use serde_json::Value;

use super::source::Source;
use crate::workspace::{self, items, text};

/// The list that people read and this rule checks.
const LIST: &str = "docs/dependencies.md";

/// A row of the list: need and licence.
struct Row<'a> {
    need: &'a str,
    licence: &'a str,
}

/// Dependencies without a line, lines without a dependency, lines with another licence than the crate's.
pub fn complaints(metadata: &Value, sources: &[Source]) -> Vec<String> {
    let Some(list) = sources.iter().find(|source| source.path == LIST) else {
        return vec![format!("{LIST}: missing")];
    };
    let rows = rows(&list.text);
    let direct = direct(metadata);
    let mut found = Vec::new();
    for (name, licence) in &direct {
        match rows.get(name.as_str()) {
            None => found.push(format!("{LIST}: no line for {name} ({licence})")),
            Some(row) if row.need.is_empty() => found.push(format!("{LIST}: say what {name} is for")),
            Some(row) if row.licence != licence => {
                found.push(format!("{LIST}: {name} is under {licence}, not {}", row.licence));
            }
            Some(_) => {}
        }
    }
    found.extend(unused(metadata, sources));
    for name in rows.keys() {
        if !direct.contains_key(*name) {
            found.push(format!("{LIST}: {name} is not used any more"));
        }
    }
    found
}

/// Dependencies that a crate asks for and no file of it names.
fn unused(metadata: &Value, sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for member in workspace::members(metadata) {
        let (name, manifest) = (text(&member["name"]), text(&member["manifest_path"]));
        let files: Vec<&str> = sources
            .iter()
            .filter(|source| source.is_rust() && belongs(manifest, &source.path))
            .map(|source| source.text.as_str())
            .collect();
        for dependency in items(&member["dependencies"]) {
            let called = dependency["rename"].as_str().unwrap_or_else(|| text(&dependency["name"]));
            let wanted = called.replace('-', "_");
            if !files.is_empty() && !files.iter().any(|text| names(text, &wanted)) {
                found.push(format!("crate {name}: depends on {wanted} and never uses it"));
            }
        }
    }
    found
}

/// Whether a file lies in the folder of a manifest.
fn belongs(manifest: &str, path: &str) -> bool {
    let folder = manifest.strip_suffix("/Cargo.toml").unwrap_or(manifest);
    let depth = path.split('/').count();
    (1..depth).any(|parts| {
        let above: Vec<&str> = path.split('/').take(parts).collect();
        folder.ends_with(&format!("/{}", above.join("/")))
    })
}

/// Whether a text has a word, not only as a part of another.
fn names(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// Names and licences of what our own crates ask for.
fn direct(metadata: &Value) -> BTreeMap<String, String> {
    let licences: BTreeMap<&str, &str> = items(&metadata["packages"])
        .map(|package| (text(&package["name"]), text(&package["license"])))
        .collect();
    let mut found = BTreeMap::new();
    for member in workspace::members(metadata) {
        for dependency in items(&member["dependencies"]) {
            let name = text(&dependency["name"]);
            if dependency["path"].is_null() {
                let licence = licences.get(name).copied().unwrap_or_default();
                found.insert(name.to_owned(), licence.to_owned());
            }
        }
    }
    found
}

/// Rows of the form "| `name` | need | licence |".
fn rows(list: &str) -> BTreeMap<&str, Row<'_>> {
    let mut found = BTreeMap::new();
    for line in list.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let name = cells[0].strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
        if let (Some(name), [_, need, licence]) = (name, cells.as_slice()) {
            found.insert(name, Row { need, licence });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_list_is_held_against_the_manifests() {
        let metadata = json!({
            "workspace_members": ["a"],
            "packages": [
                {"id": "a", "name": "a", "dependencies": [{"name": "jiff"}]},
                {"id": "j", "name": "jiff", "license": "MIT"},
            ],
        });
        let cases = [
            ("| `jiff` | dates | MIT |", 0),
            ("", 1),
            ("| `jiff` |  | MIT |", 1),
            ("| `jiff` | dates | Zlib |", 1),
            ("| `jiff` | dates | MIT |\n| `chrono` | dates | MIT |", 1),
        ];
        for (list, expected) in cases {
            let sources = [Source { path: LIST.to_owned(), text: list.to_owned() }];
            assert_eq!(complaints(&metadata, &sources).len(), expected, "{list}");
        }
    }
}
