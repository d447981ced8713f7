//! Where the texts of a flow stand that can be translated.

use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// One property of one item of a flow that can be translated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The node.
    pub node: String,
    /// The action, case or category: translations are kept under its identifier.
    pub item: String,
    /// The property.
    pub property: &'static str,
    /// What it is, for translators.
    pub what: &'static str,
    /// Whether these are the arguments of a test that does not look for words.
    pub not_words: bool,
}

/// Tests whose arguments are words that people write.
const WORD_TESTS: [&str; 7] = [
    "has_any_word",
    "has_all_words",
    "has_phrase",
    "has_only_phrase",
    "has_only_text",
    "has_beginning",
    "has_pattern",
];

/// What of a type of action can be translated.
fn properties(action: &str) -> &'static [(&'static str, &'static str)] {
    match action {
        "send_msg" => &[
            ("text", "message"),
            ("attachments", "attachment of a message"),
            ("quick_replies", "quick reply"),
            ("template_variables", "variable of a template"),
        ],
        "send_broadcast" => &[
            ("text", "message to others"),
            ("attachments", "attachment of a message to others"),
            ("quick_replies", "quick reply"),
            ("template_variables", "variable of a template"),
        ],
        "say_msg" => &[("text", "spoken text"), ("audio_url", "recording of a spoken text")],
        "play_audio" => &[("audio_url", "recording")],
        "send_email" => &[("subject", "subject of an e-mail"), ("body", "e-mail")],
        "set_run_result" => &[("category", "category of a result")],
        _ => &[],
    }
}

/// Shows each item that can be translated, with its property, in the order of the flow.
pub(super) fn each_place(flow: &mut Value, mut visit: impl FnMut(&Place, &mut Object)) {
    let nodes = flow.get_mut("nodes").and_then(Value::as_array_mut).into_iter().flatten();
    for node in nodes.filter_map(Value::as_object_mut) {
        let uuid = text(node, "uuid").to_owned();
        for action in objects(node, "actions") {
            for (property, what) in properties(text(action, "type")) {
                visit(&Place::new(&uuid, action, property, what), action);
            }
        }
        let Some(router) = node.get_mut("router").and_then(Value::as_object_mut) else { continue };
        for case in objects(router, "cases") {
            let not_words = !WORD_TESTS.contains(&text(case, "type"));
            let what = if not_words { "argument of a test" } else { "words that are recognised" };
            visit(&Place { not_words, ..Place::new(&uuid, case, "arguments", what) }, case);
        }
        for category in objects(router, "categories") {
            visit(&Place::new(&uuid, category, "name", "name of an outcome"), category);
        }
    }
}

impl Place {
    fn new(node: &str, item: &Object, property: &'static str, what: &'static str) -> Self {
        Self { node: node.to_owned(), item: text(item, "uuid").to_owned(), property, what, not_words: false }
    }

    /// The texts of the flow's own language; one, unless the property is a list.
    pub fn native(&self, item: &Object) -> Vec<String> {
        match item.get(self.property) {
            Some(Value::String(text)) if text.is_empty() => Vec::new(),
            Some(Value::String(text)) => vec![text.clone()],
            Some(Value::Array(texts)) => strings(texts),
            _ => Vec::new(),
        }
    }

    /// Whether the property holds a list of texts.
    pub fn is_list(&self) -> bool {
        matches!(self.property, "attachments" | "quick_replies" | "template_variables" | "arguments")
    }
}

/// The texts of a property in a language; empty if it is not translated.
pub(super) fn translated(flow: &Value, language: &str, item: &str, property: &str) -> Vec<String> {
    let texts =
        flow.get("localization").and_then(|all| all.get(language)?.get(item)?.get(property)?.as_array());
    texts.map(|texts| strings(texts)).unwrap_or_default()
}

/// Keeps the texts of a property in a language.
pub(super) fn translate(flow: &mut Value, language: &str, item: &str, property: &str, texts: Vec<String>) {
    let mut at = flow;
    for key in ["localization", language, item] {
        if !at[key].is_object() {
            at[key] = Value::Object(Object::new());
        }
        at = &mut at[key];
    }
    at[property] = texts.into();
}

fn strings(texts: &[Value]) -> Vec<String> {
    texts.iter().map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
}

fn objects<'a>(parent: &'a mut Object, key: &str) -> impl Iterator<Item = &'a mut Object> + use<'a> {
    parent.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

pub(super) fn text<'a>(parent: &'a Object, key: &str) -> &'a str {
    parent.get(key).and_then(Value::as_str).unwrap_or_default()
}
