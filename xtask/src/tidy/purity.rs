//! The pure crates: no I/O, no clock, no randomness, no environment.

use serde_json::Value;

use super::source::{Source, code};
use crate::workspace::{self, items, text};

/// The crates that this holds for.
const PURE: &[&str] = &["expressions", "domain", "flows", "channels", "payg", "triage"];

/// What a pure crate may depend on: none of these reads a clock, a file, a socket or the environment unless
/// asked to, and `FORBIDDEN` sees when they are asked.
const ALLOWED: &[&str] = &[
    "base64",
    "bigdecimal",
    "domain",
    "expressions",
    // Hashes of maps that keep the order of insertion: the seed is not seen.
    "foldhash",
    "form_urlencoded",
    "indexmap",
    "jiff",
    "phonenumber",
    "postcard",
    "regex",
    // Of it only HMAC is used: bytes in, bytes out.
    "ring",
    "roxmltree",
    "serde",
    "serde_json",
    "siphasher",
    "smallvec",
    "smol_str",
    "thiserror",
    "unicode-normalization",
    "unicode-security",
    "unicode-segmentation",
    "uuid",
];

/// Calls that would make an answer depend on more than the arguments.
const FORBIDDEN: &[&str] = &[
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "new_v4",
    "now_v7",
    "std::env",
    "env::var",
    "std::fs",
    "std::net",
    "std::process",
    "thread::spawn",
    "thread::sleep",
    "rand::",
    "RandomState::new",
];

/// Impure dependencies and impure calls.
pub fn complaints(metadata: &Value, sources: &[&Source]) -> Vec<String> {
    let mut found = Vec::new();
    for member in workspace::members(metadata) {
        let name = text(&member["name"]);
        if !PURE.contains(&name) {
            continue;
        }
        for dependency in items(&member["dependencies"]) {
            let other = text(&dependency["name"]);
            if text(&dependency["kind"]) != "dev" && !ALLOWED.contains(&other) {
                found.push(format!("crate {name}: pure, so it may not depend on {other}"));
            }
        }
    }
    for source in sources {
        let pure = PURE.iter().any(|name| source.path.starts_with(&format!("crates/{name}/src/")));
        if pure && !source.is_test() {
            found.extend(impure_calls(source));
        }
        if source.path.starts_with("crates/operations/src/") && !source.is_test() {
            found.extend(unsigned_writes(source));
        }
    }
    found
}

/// Where `Context` says whose a write is; nothing else of operations writes to the store.
const SIGNS: &str = "crates/operations/src/context.rs";

fn unsigned_writes(source: &Source) -> Vec<String> {
    if source.path == SIGNS {
        return Vec::new();
    }
    let unsigned = |line: &str| line.contains("store.write(") || line.contains("store.write_one(");
    let lines = source.product_lines().filter(|(_, line)| unsigned(code(line)));
    let path = &source.path;
    lines
        .map(|(number, _)| format!("{path}:{number}: write with `ctx.write`, which says which run writes"))
        .collect()
}

fn impure_calls(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in source.product_lines() {
        for call in FORBIDDEN {
            if names(code(line), call) {
                let path = &source.path;
                found.push(format!("{path}:{number}: {call} in a pure crate; take the value as a parameter"));
            }
        }
    }
    found
}

/// Whether a line has this call and not one whose name only ends like it.
fn names(line: &str, call: &str) -> bool {
    line.match_indices(call).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_seen_outside_tests_and_comments() {
        let cases = [
            ("let now = Timestamp::now();", 1),
            ("// never Timestamp::now() here", 0),
            ("Operand::Text(text)", 0),
            ("rand::random()", 1),
            ("#[cfg(test)]\nmod tests {\n    let now = Timestamp::now();\n}", 0),
            ("let id = Uuid::new_v4(); let t = Instant::now();", 2),
        ];
        for (text, expected) in cases {
            let source = Source { path: "crates/flows/src/a.rs".to_owned(), text: text.to_owned() };
            assert_eq!(impure_calls(&source).len(), expected, "{text}");
        }
    }
}
