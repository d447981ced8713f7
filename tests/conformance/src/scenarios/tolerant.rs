//! Comparison of outputs by the rules given with the cases: what only a shared clock and shared random
//! numbers could make equal may differ.
//!
//! - An identifier that occurs in the inputs must be the same; any other must stand for the same thing wherever
//!   it occurs in the scenario.
//! - Moments may be apart by [`MAX_APART`], also within texts.
//! - `elapsed_ms` and `request` do not count, nor does the order of members.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use serde_json::Value as Json;

use crate::{report::Outcome, typed::short};

/// How far two moments may be apart.
const MAX_APART: SignedDuration = SignedDuration::from_secs(600);
/// Members that do not count.
const IGNORED: [&str; 2] = ["elapsed_ms", "request"];
/// Most differences that are collected.
const MAX_DIFFERENCES: usize = 5;

static UUID: LazyLock<Regex> =
    LazyLock::new(|| pattern("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"));
static MOMENT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns of this module are constant")
}

/// A comparison over a whole scenario.
pub struct Comparison {
    fixed: BTreeSet<String>,
    forward: BTreeMap<String, String>,
    backward: BTreeMap<String, String>,
    differences: Vec<String>,
}

impl Comparison {
    /// A comparison in which the identifiers of these texts stand for themselves.
    pub fn new(inputs: &[&str]) -> Self {
        let fixed =
            inputs.iter().flat_map(|text| UUID.find_iter(text)).map(|found| found.as_str().to_owned());
        Self {
            fixed: fixed.collect(),
            forward: BTreeMap::new(),
            backward: BTreeMap::new(),
            differences: Vec::new(),
        }
    }

    /// Nothing, or what differs.
    pub fn outcome(self) -> Outcome {
        if self.differences.is_empty() { Ok(()) } else { Err(self.differences.join("; ")) }
    }

    fn report(&mut self, path: &str, what: String) {
        if self.differences.len() < MAX_DIFFERENCES {
            self.differences.push(format!("{path}: {what}"));
        }
    }

    /// Compares two values at a path.
    pub fn compare(&mut self, path: &str, expected: &Json, actual: &Json) {
        match (expected, actual) {
            (Json::Object(left), Json::Object(right)) => {
                let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
                for name in names.into_iter().filter(|name| !IGNORED.contains(&name.as_str())) {
                    let path = format!("{path}.{name}");
                    match (left.get(name), right.get(name)) {
                        (Some(left), Some(right)) => self.compare(&path, left, right),
                        (Some(left), None) => {
                            self.report(&path, format!("missing {}", short(&left.to_string())))
                        }
                        (None, Some(right)) => {
                            self.report(&path, format!("unexpected {}", short(&right.to_string())));
                        }
                        (None, None) => {}
                    }
                }
            }
            (Json::Array(left), Json::Array(right)) => {
                if left.len() != right.len() {
                    self.report(
                        path,
                        format!("{} items expected, {} found{}", left.len(), right.len(), kinds(right)),
                    );
                }
                for (at, (left, right)) in left.iter().zip(right).enumerate() {
                    self.compare(&format!("{path}[{at}]"), left, right);
                }
            }
            (Json::String(left), Json::String(right)) => {
                if !self.same_text(left, right) {
                    self.report(path, format!("expected {:?}, got {:?}", short(left), short(right)));
                }
            }
            (Json::Number(left), Json::Number(right)) if left.as_f64() == right.as_f64() => {}
            _ if expected == actual => {}
            _ => {
                let (left, right) = (short(&expected.to_string()), short(&actual.to_string()));
                self.report(path, format!("expected {left}, got {right}"));
            }
        }
    }

    fn same_uuid(&mut self, expected: &str, actual: &str) -> bool {
        if self.fixed.contains(expected) || self.fixed.contains(actual) {
            return expected == actual;
        }
        let forward = self.forward.entry(expected.to_owned()).or_insert_with(|| actual.to_owned()) == actual;
        let backward =
            self.backward.entry(actual.to_owned()).or_insert_with(|| expected.to_owned()) == expected;
        forward && backward
    }

    fn same_text(&mut self, expected: &str, actual: &str) -> bool {
        let (left, right): (Vec<_>, Vec<_>) =
            (UUID.find_iter(expected).collect(), UUID.find_iter(actual).collect());
        if left.len() != right.len()
            || !left.iter().zip(&right).all(|(left, right)| self.same_uuid(left.as_str(), right.as_str()))
        {
            return false;
        }
        let (left, right) = (UUID.replace_all(expected, "<u>"), UUID.replace_all(actual, "<u>"));
        let moments =
            |text: &str| MOMENT.find_iter(text).map(|found| found.as_str().to_owned()).collect::<Vec<_>>();
        let (before, after) = (moments(&left), moments(&right));
        before.len() == after.len()
            && before.iter().zip(&after).all(|(left, right)| left == right || are_near(left, right))
            && MOMENT.replace_all(&left, "<t>") == MOMENT.replace_all(&right, "<t>")
    }
}

/// The types of the items of a list of events, which tell what is missing or too much.
fn kinds(items: &[Json]) -> String {
    let kinds: Vec<&str> = items.iter().filter_map(|item| item["type"].as_str()).collect();
    if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) }
}

fn are_near(left: &str, right: &str) -> bool {
    match (moment(left), moment(right)) {
        (Some(left), Some(right)) => left.duration_since(right).abs() <= MAX_APART,
        _ => false,
    }
}

/// A moment with or without seconds and offset; without offset it is meant in UTC.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.replacen(' ', "T", 1);
    text.parse()
        .or_else(|_| format!("{text}Z").parse())
        .or_else(|_| {
            text.parse::<jiff::civil::DateTime>()
                .and_then(|local| local.in_tz("UTC"))
                .map(|moment| moment.timestamp())
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FIRST: &str = "01969b47-190b-76f8-92ed-42cbd11a03fd";
    const SECOND: &str = "01969b47-307b-76f8-b774-0a98171a0712";

    fn same(inputs: &[&str], expected: Json, actual: Json) -> bool {
        let mut comparison = Comparison::new(inputs);
        comparison.compare("", &expected, &actual);
        comparison.outcome().is_ok()
    }

    #[test]
    fn identifiers_stand_for_each_other() {
        assert!(same(&[], json!([FIRST, FIRST]), json!([SECOND, SECOND])));
        assert!(!same(&[], json!([FIRST, FIRST]), json!([FIRST, SECOND])));
        assert!(!same(&[FIRST], json!(FIRST), json!(SECOND)));
    }

    #[test]
    fn moments_may_be_apart() {
        assert!(same(&[], json!("at 2026-01-01T10:00:00Z"), json!("at 2026-01-01T12:05:00.5+02:00")));
        assert!(!same(&[], json!("2026-01-01T10:00:00Z"), json!("2026-01-01T10:10:01Z")));
        assert!(same(&[], json!("2026-01-01 10:00"), json!("2026-01-01 10:09")));
    }

    #[test]
    fn order_counts_in_lists_only() {
        assert!(same(&[], json!({"a": 1, "b": [1, 2.0], "request": 1}), json!({"b": [1.0, 2], "a": 1})));
        assert!(!same(&[], json!([1, 2]), json!([2, 1])));
        assert!(!same(&[], json!({"a": 1}), json!({"a": 1, "b": 2})));
    }
}
