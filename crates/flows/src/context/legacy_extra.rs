//! `@legacy_extra`: what flows written long ago knew as `@extra`. Parameters of the trigger, overlaid with what
//! came with each result in the order they were saved; each of these also as JSON text under the result's key.

use expressions::{Object, Value};

use super::Context;
use crate::session::RunResult;

impl Context<'_> {
    pub(super) fn legacy_extra_value(&self) -> Value {
        let mut object = Object::new();
        let params = self.session.trigger.get().and_then(|trigger| trigger.params.as_deref());
        if let Some(params) = params {
            overlay(&mut object, params);
        }
        if let Some(run) = self.run() {
            let mut results: Vec<_> = run.results.iter().collect();
            results.sort_by_key(|(_, result): &(_, &RunResult)| result.created_on);
            for (key, result) in results {
                if let Some(extra) = result.extra.as_deref() {
                    object.insert(key.clone(), extra.to_string());
                    overlay(&mut object, extra);
                }
            }
        }
        Value::object(object)
    }
}

fn overlay(object: &mut Object, json: &serde_json::Value) {
    match json {
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                object.insert(name.as_str(), Value::from_json_value(value));
            }
        }
        serde_json::Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                object.insert(index.to_string(), Value::from_json_value(value));
            }
        }
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}
