//! Everything that is linked in may be passed on by ministries and operators without conditions on their own
//! work: permissive licences only.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::workspace::{items, text};

/// Licences that ask for no more than their notice.
const PERMISSIVE: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages of the resolved graph whose licence is not permissive.
pub fn complaints(metadata: &Value) -> Vec<String> {
    let used: BTreeSet<&str> = items(&metadata["resolve"]["nodes"]).map(|node| text(&node["id"])).collect();
    items(&metadata["packages"])
        .filter(|package| used.contains(text(&package["id"])))
        .filter(|package| !is_permissive(text(&package["license"])))
        .map(|package| {
            let (name, licence) = (text(&package["name"]), text(&package["license"]));
            format!("dependency {name}: licence `{licence}` is not on the list of permissive ones")
        })
        .collect()
}

/// Whether an SPDX expression can be satisfied with permissive licences: every part of an AND, one part of
/// an OR. The older slash means OR.
fn is_permissive(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    any_of(expression.trim())
}

fn any_of(expression: &str) -> bool {
    split(expression, " OR ").into_iter().any(all_of)
}

fn all_of(expression: &str) -> bool {
    split(expression, " AND ").into_iter().all(one)
}

fn one(expression: &str) -> bool {
    let inner = expression.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    inner.map_or_else(|| PERMISSIVE.contains(&expression), any_of)
}

/// Splits at a word outside parentheses.
fn split<'a>(expression: &'a str, word: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut depth, mut start, mut at) = (0usize, 0, 0);
    while at < expression.len() {
        let rest = &expression[at..];
        if depth == 0 && rest.starts_with(word) {
            parts.push(expression[start..at].trim());
            at += word.len();
            start = at;
            continue;
        }
        match rest.chars().next() {
            Some('(') => depth += 1,
            Some(')') => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += rest.chars().next().map_or(1, char::len_utf8);
    }
    parts.push(expression[start..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_weighed() {
        let cases = [
            ("MIT", true),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0-only", false),
            ("GPL-2.0 OR MIT", true),
            ("MIT AND AGPL-3.0", false),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("(MIT OR GPL-3.0) AND LGPL-3.0", false),
            ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true),
            ("", false),
        ];
        for (expression, expected) in cases {
            assert_eq!(is_permissive(expression), expected, "{expression}");
        }
    }
}
