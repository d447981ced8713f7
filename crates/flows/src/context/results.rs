//! `@results`, and the results of related runs.

use expressions::{Object, Value};
use indexmap::IndexMap;
use smol_str::SmolStr;

use super::{Context, id, moment};
use crate::{raw_json::RawJson, session::RunResult};

/// All results of a run; stands for `Name: value` lines.
pub(super) fn results_object(results: &IndexMap<SmolStr, RunResult>) -> Value {
    let mut lines: Vec<(&SmolStr, String)> =
        results.values().map(|result| (&result.name, format!("{}: {}", result.name, result.value))).collect();
    lines.sort();
    let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    let object: Object = results.iter().map(|(key, result)| (key.clone(), result_value(result))).collect();
    Value::object(object.with_default(lines.join("\n")))
}

fn localized(result: &RunResult) -> &SmolStr {
    if result.category_localized.is_empty() { &result.category } else { &result.category_localized }
}

fn extra(result: &RunResult) -> Value {
    result.extra.as_ref().map_or(Value::Null, RawJson::value)
}

fn result_value(result: &RunResult) -> Value {
    Value::object(
        Object::new()
            .with_default(result.value.clone())
            .with("name", result.name.clone())
            .with("value", result.value.clone())
            .with("category", result.category.clone())
            .with("category_localized", localized(result).clone())
            .with("input", result.input.clone())
            .with("extra", extra(result))
            .with("node_uuid", id(result.node))
            .with("created_on", moment(result.created_on)),
    )
}

impl Context<'_> {
    pub(super) fn results_value(&self) -> Value {
        self.run().map_or(Value::Null, |run| results_object(&run.results))
    }

    pub(super) fn result_path(&self, path: &[SmolStr]) -> Option<Value> {
        result_at(&self.run()?.results, path)
    }
}

/// Part of a result, found without building the others.
pub(super) fn result_at(results: &IndexMap<SmolStr, RunResult>, path: &[SmolStr]) -> Option<Value> {
    let result = results.get(path.first()?)?;
    match path {
        [_] => Some(result_value(result)),
        [_, key] => Some(match key.as_str() {
            "name" => Value::Text(result.name.clone()),
            "value" => Value::Text(result.value.clone()),
            "category" => Value::Text(result.category.clone()),
            "category_localized" => Value::Text(localized(result).clone()),
            "input" => Value::Text(result.input.clone()),
            "extra" => extra(result),
            "node_uuid" => id(result.node),
            "created_on" => moment(result.created_on),
            _ => return None,
        }),
        _ => None,
    }
}
