//! Results and ways of runs, which the source keeps as text with JSON in it.

use std::collections::BTreeMap;

use domain::NodeUuid;
use flows::{RawJson, session::RunResult};
use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// One result, there and here.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredResult {
    #[serde(default)]
    pub name: SmolStr,
    #[serde(default)]
    pub value: SmolStr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<SmolStr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category_localized: Option<SmolStr>,
    #[serde(default)]
    pub node_uuid: NodeUuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<SmolStr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<RawJson>,
    pub created_on: Timestamp,
}

impl StoredResult {
    /// The category that is counted.
    pub fn category(&self) -> &str {
        self.category.as_deref().unwrap_or_default()
    }
}

impl From<StoredResult> for RunResult {
    fn from(stored: StoredResult) -> Self {
        Self {
            name: stored.name,
            value: stored.value,
            category: stored.category.unwrap_or_default(),
            category_localized: stored.category_localized.unwrap_or_default(),
            node: stored.node_uuid,
            input: stored.input.unwrap_or_default(),
            extra: stored.extra,
            created_on: stored.created_on,
        }
    }
}

/// Results by key; what cannot be read is left out, so that the others stay.
pub(crate) fn read_results(text: Option<&str>) -> IndexMap<SmolStr, StoredResult> {
    let Some(text) = text else { return IndexMap::new() };
    let raw: IndexMap<SmolStr, serde_json::Value> = serde_json::from_str(text).unwrap_or_default();
    raw.into_iter().filter_map(|(key, value)| Some((key, serde_json::from_value(value).ok()?))).collect()
}

/// A node on the way of a run.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Passed {
    pub node_uuid: NodeUuid,
    pub arrived_on: Timestamp,
}

/// The way of a run.
pub(crate) fn read_path(text: Option<&str>) -> Vec<Passed> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// A way as it is kept here.
pub(crate) fn path_json(path: &[Passed]) -> String {
    let steps: Vec<BTreeMap<&str, serde_json::Value>> = path
        .iter()
        .map(|step| {
            [("node", serde_json::json!(step.node_uuid)), ("time", serde_json::json!(step.arrived_on))].into()
        })
        .collect();
    serde_json::to_string(&steps).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_one_by_one() {
        let text = r#"{
            "name": {"name": "Name", "value": "Ada", "category": "Has Text", "created_on": "2026-03-02T02:53:19Z",
                "node_uuid": "129a0299-ee3b-4bce-9556-fea3c1b2d4a7", "input": "Ada", "extra": {"a": 1}},
            "broken": {"value": 1}}"#;
        let results = read_results(Some(text));
        assert_eq!(results.keys().map(SmolStr::as_str).collect::<Vec<_>>(), ["name"]);
        assert_eq!(results["name"].category(), "Has Text");
        assert!(read_results(Some("no JSON")).is_empty() && read_results(None).is_empty());
    }

    #[test]
    fn a_way_is_kept_with_its_times() {
        let text = r#"[{"uuid": "5603c65e-d4e2-4576-ad98-9257d6bc3803", "exit_uuid": null,
            "node_uuid": "e0df56dc-39e5-48b2-aee6-406002b8cb45", "arrived_on": "2026-03-02T02:29:05.000000Z"}]"#;
        let json = path_json(&read_path(Some(text)));
        assert_eq!(
            json,
            r#"[{"node":"e0df56dc-39e5-48b2-aee6-406002b8cb45","time":"2026-03-02T02:29:05Z"}]"#
        );
    }
}
