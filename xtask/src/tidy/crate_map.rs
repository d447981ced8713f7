//! The crate map of ARCHITECTURE.md: dependencies point downwards only.

use serde_json::Value;

use crate::workspace::{self, items, text};

/// A crate and the crates of this repository that it may use. A crate that is not here is refused, so that
/// the map is widened on purpose.
const MAP: &[(&str, &[&str])] = &[
    ("expressions", &[]),
    ("domain", &["expressions"]),
    ("flows", &["domain", "expressions"]),
    ("channels", &["domain", "expressions"]),
    ("payg", &[]),
    ("files", &[]),
    ("store", &["domain", "expressions"]),
    ("operations", &["files", "store", "channels", "flows", "domain", "expressions"]),
    ("rapidpro", &["operations", "files", "store", "channels", "flows", "domain", "expressions"]),
    ("node", &["operations", "files", "store", "channels", "flows", "domain", "expressions"]),
    ("web", &["node", "operations", "files", "store", "channels", "flows", "domain", "expressions"]),
    (
        "simulator",
        &["web", "node", "operations", "files", "store", "channels", "flows", "domain", "expressions"],
    ),
    (
        "seedling",
        &[
            "simulator",
            "web",
            "node",
            "rapidpro",
            "operations",
            "files",
            "store",
            "channels",
            "flows",
            "domain",
            "expressions",
        ],
    ),
    ("conformance", &["operations", "store", "payg", "channels", "flows", "domain", "expressions"]),
    ("simulation", &["node", "operations", "store", "channels", "flows", "domain", "expressions"]),
    ("test-postgres", &[]),
    ("failover", &["simulator", "test-postgres"]),
    ("fuzzing", &["channels", "flows", "domain", "expressions"]),
    ("xtask", &[]),
];

/// What a crate may use of this repository; `None` for a crate that the map does not know.
fn allowed(name: &str) -> Option<&'static [&'static str]> {
    MAP.iter().find(|(crate_name, _)| *crate_name == name).map(|(_, below)| *below)
}

/// Every crate that is not on the map and every dependency that the map does not allow. Dependencies of
/// tests are free.
pub fn complaints(metadata: &Value) -> Vec<String> {
    let members = workspace::members(metadata);
    let names: Vec<&str> = members.iter().map(|member| text(&member["name"])).collect();
    let mut found = Vec::new();
    for member in &members {
        let name = text(&member["name"]);
        let Some(below) = allowed(name) else {
            found.push(format!("crate {name}: not on the map; add it to xtask/src/tidy/crate_map.rs"));
            continue;
        };
        for dependency in items(&member["dependencies"]) {
            let other = text(&dependency["name"]);
            let for_tests = text(&dependency["kind"]) == "dev";
            if names.contains(&other) && !for_tests && !below.contains(&other) {
                found.push(format!("crate {name}: may not depend on {other}; the map points downwards only"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with_dependency(name: &str, other: &str, kind: Option<&str>) -> Value {
        json!({
            "workspace_members": ["a", "b"],
            "packages": [
                {"id": "a", "name": name, "dependencies": [{"name": other, "kind": kind}]},
                {"id": "b", "name": other, "dependencies": []},
            ],
        })
    }

    #[test]
    fn the_map_points_downwards() {
        let cases = [
            ("flows", "expressions", None, 0),
            ("expressions", "flows", None, 1),
            ("expressions", "flows", Some("dev"), 0),
            ("store", "operations", None, 1),
            ("newcomer", "domain", None, 1),
        ];
        for (name, other, kind, expected) in cases {
            let found = complaints(&with_dependency(name, other, kind));
            assert_eq!(found.len(), expected, "{name} -> {other}: {found:?}");
        }
    }
}
