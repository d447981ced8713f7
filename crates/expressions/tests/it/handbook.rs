//! The handbook for authors, docs/write-expressions.md, shows what really comes out.

use std::collections::BTreeSet;

use expressions::Library;

use crate::world::render;

const HANDBOOK: &str = include_str!("../../../../docs/write-expressions.md");

/// Rows of the tables: what one writes, and what one gets (an error with `!` in front).
fn rows() -> Vec<(&'static str, String)> {
    HANDBOOK
        .lines()
        .filter_map(|line| {
            let (written, result) = line.strip_prefix("| `")?.strip_suffix("` |")?.split_once("` | ")?;
            Some(match result.strip_prefix("error: `") {
                Some(message) => (written, format!("!{message}")),
                None => (written, result.strip_prefix('`')?.to_owned()),
            })
        })
        .collect()
}

#[test]
fn examples_are_true() {
    let rows = rows();
    assert!(rows.len() > 100, "only {} rows were found", rows.len());
    for (written, expected) in rows {
        let template = if written.contains('@') { written.to_owned() } else { format!("@({written})") };
        assert_eq!(render(&template), expected, "{written}");
    }
}

#[test]
fn every_function_is_in_it() {
    let rows = rows();
    let shown: BTreeSet<&str> = rows
        .iter()
        .flat_map(|(written, _)| written.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .collect();
    let missing: Vec<&str> =
        Library::standard().iter().map(|builtin| builtin.name).filter(|name| !shown.contains(name)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}
