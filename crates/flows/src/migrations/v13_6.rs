//! 13.6: names of results and categories have limits; 13.6.1: so have the references to them.

use serde_json::Value;

use super::rewrite::rewrite_templates;
use super::walk::{Object, actions, nodes, object, objects, truncated};
use crate::definition::limits::{MAX_CATEGORY_NAME, MAX_RESULT_NAME};

pub(super) fn truncate_names(flow: &mut Object) {
    for action in actions(flow) {
        shorten(action, "result_name", MAX_RESULT_NAME);
        if action.get("type").and_then(Value::as_str) == Some("set_run_result") {
            shorten(action, "name", MAX_RESULT_NAME);
            shorten(action, "category", MAX_CATEGORY_NAME);
        }
    }
    for node in nodes(flow) {
        let Some(router) = object(node, "router") else { continue };
        shorten(router, "result_name", MAX_RESULT_NAME);
        for category in objects(router, "categories") {
            shorten(category, "name", MAX_CATEGORY_NAME);
        }
    }
}

fn shorten(parent: &mut Object, key: &str, limit: usize) {
    if let Some(Value::String(text)) = parent.get_mut(key)
        && text.chars().count() > limit
    {
        *text = truncated(text, limit);
    }
}

pub(super) fn truncate_lookups(flow: &mut Object) {
    rewrite_templates(flow, "results", &|path| {
        let [_, key] = path else { return None };
        if key.chars().count() <= MAX_RESULT_NAME {
            return None;
        }
        // A name that was cut at a space lost it, so its key has no `_` there.
        Some(format!("results.{}", truncated(key, MAX_RESULT_NAME).trim_end_matches('_')))
    });
}
