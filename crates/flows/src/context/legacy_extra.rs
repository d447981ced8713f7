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
            overlay(&mut object, &Value::from_json_value(params));
        }
        if let Some(run) = self.run() {
            let mut results: Vec<_> = run.results.iter().collect();
            results.sort_by_key(|(_, result): &(_, &RunResult)| result.created_on);
            for (key, result) in results {
                if let Some(extra) = &result.extra {
                    object.insert(key.clone(), extra.as_str());
                    overlay(&mut object, &extra.value());
                }
            }
        }
        Value::object(object)
    }
}

fn overlay(object: &mut Object, value: &Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in &members.properties {
                object.insert(name.clone(), member.value.clone());
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                object.insert(index.to_string(), item.clone());
            }
        }
        Value::Null
        | Value::Text(_)
        | Value::Number(_)
        | Value::Boolean(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::DateTime(_)
        | Value::Function(_)
        | Value::Error(_) => {}
    }
}
