//! Ways through the JSON of a flow that skip whatever has an unexpected shape: reading complains about it later.

use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// The objects of a list member.
pub(super) fn objects<'a>(
    parent: &'a mut Object,
    key: &str,
) -> impl Iterator<Item = &'a mut Object> + use<'a> {
    parent.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

/// The nodes of a flow.
pub(super) fn nodes(flow: &mut Object) -> impl Iterator<Item = &mut Object> {
    objects(flow, "nodes")
}

/// The actions of all nodes.
pub(super) fn actions(flow: &mut Object) -> impl Iterator<Item = &mut Object> {
    nodes(flow).flat_map(|node| objects(node, "actions"))
}

/// A member that is an object.
pub(super) fn object<'a>(parent: &'a mut Object, key: &str) -> Option<&'a mut Object> {
    parent.get_mut(key).and_then(Value::as_object_mut)
}

/// The translations of each language.
pub(super) fn languages(flow: &mut Object) -> impl Iterator<Item = &mut Object> {
    object(flow, "localization")
        .into_iter()
        .flat_map(|languages| languages.values_mut())
        .filter_map(Value::as_object_mut)
}

/// A member that is text; empty if it is not.
pub(super) fn text<'a>(parent: &'a Object, key: &str) -> &'a str {
    parent.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The texts of a list member.
pub(super) fn texts(parent: &Object, key: &str) -> Vec<String> {
    let items = parent.get(key).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Removes a translated property of some items, and items that nothing is left of.
pub(super) fn drop_translations(flow: &mut Object, items: &[String], property: &str) {
    for language in languages(flow) {
        for item in items {
            let Some(properties) = object(language, item) else { continue };
            properties.shift_remove(property);
            if properties.is_empty() {
                language.shift_remove(item);
            }
        }
    }
}

/// The beginning of a text, at most so many characters, without spaces at its end.
pub(super) fn truncated(text: &str, limit: usize) -> String {
    let end = text.char_indices().nth(limit).map_or(text.len(), |(offset, _)| offset);
    text[..end].trim_end().to_owned()
}
