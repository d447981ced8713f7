//! Ways into the JSON of an old flow, and the wrapper that definitions had before version 8.

use serde_json::{Map, Value};
use uuid::Uuid;

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// Puts the definition that versions before 8 wrapped into place, with what stood beside it: the flow's name, type,
/// expiry and number.
pub(super) fn unwrap(flow: &mut Value) {
    let Some(outer) = flow.as_object_mut() else { return };
    let Some(Value::Object(mut inner)) = outer.shift_remove("definition") else { return };
    if !inner.get("metadata").is_some_and(Value::is_object) {
        inner.insert("metadata".into(), Value::Object(Object::new()));
    }
    for (key, value) in std::mem::take(outer) {
        let metadata = inner.get_mut("metadata").and_then(Value::as_object_mut);
        match (key.as_str(), metadata) {
            ("name" | "uuid" | "expires" | "id" | "revision", Some(metadata)) => {
                metadata.entry(key).or_insert(value);
            }
            _ => {
                inner.entry(key).or_insert(value);
            }
        }
    }
    *outer = inner;
}

/// A member that is text; empty if it is not. Numbers count as text: old files write `"test": 10`.
pub(super) fn text(parent: &Value, key: &str) -> String {
    parent.get(key).map(plain).unwrap_or_default()
}

/// A text or number as text; empty for anything else.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

/// The items of a list member.
pub(super) fn items<'v>(parent: &'v Value, key: &str) -> &'v [Value] {
    parent.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A member that is a UUID.
pub(super) fn uuid(parent: &Value, key: &str) -> Option<Uuid> {
    parent.get(key)?.as_str()?.parse().ok()
}

/// A member that counts something.
pub(super) fn count(parent: &Value, key: &str) -> Option<u32> {
    match parent.get(key)? {
        Value::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Words of a key: `favorite_color` is `Favorite Color`.
pub(super) fn title(key: &str) -> String {
    let mut title = String::with_capacity(key.len());
    for word in key.split('_').filter(|word| !word.is_empty()) {
        if !title.is_empty() {
            title.push(' ');
        }
        let mut letters = word.chars();
        title.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        title.push_str(letters.as_str());
    }
    title
}
