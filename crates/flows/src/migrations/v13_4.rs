//! 13.4: the variables of a templating belong to components, of which there was only the body so far.

use serde_json::{Value, json};
use uuid::Uuid;

use super::walk::{Object, actions, languages, object, text};

pub(super) fn migrate(flow: &mut Object, uuids: &mut dyn FnMut() -> Uuid) {
    let mut moved = Vec::new();
    for action in actions(flow).filter(|action| text(action, "type") == "send_msg") {
        let Some(templating) = object(action, "templating") else { continue };
        let old = templating.shift_remove("uuid");
        let Some(Value::Array(variables)) = templating.shift_remove("variables") else { continue };
        if variables.is_empty() {
            continue;
        }
        let new = uuids().to_string();
        templating.insert("components".into(), json!([{"uuid": new, "name": "body", "params": variables}]));
        if let Some(Value::String(old)) = old {
            moved.push((old, new));
        }
    }
    for language in languages(flow) {
        for (old, new) in &moved {
            let Some(Value::Object(mut properties)) = language.shift_remove(old) else { continue };
            if let Some(variables) = properties.shift_remove("variables") {
                properties.insert("params".into(), variables);
            }
            language.insert(new.clone(), Value::Object(properties));
        }
    }
}
