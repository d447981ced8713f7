//! 14.3: tickets and airtime leave their outcome in a local, and the router keeps the result; 14.3.1: tests of
//! words take one argument.

use serde_json::{Value, json};

use super::walk::{Object, drop_translations, languages, nodes, object, objects, text, texts};
use crate::program::result_key;

/// Tests whose arguments were words and are now one text.
pub(super) const WORD_TESTS: [&str; 7] = [
    "has_only_text",
    "has_phrase",
    "has_only_phrase",
    "has_any_word",
    "has_all_words",
    "has_beginning",
    "has_pattern",
];

pub(super) fn split_on_locals(flow: &mut Object) {
    let mut changed = Vec::new();
    for node in nodes(flow) {
        changed.extend(split_node(node));
    }
    drop_translations(flow, &changed, "arguments");
}

/// Changes one node, and gives the case that changed.
fn split_node(node: &mut Object) -> Option<String> {
    let (local, name) = objects(node, "actions").find_map(|action| {
        let local = match text(action, "type") {
            "open_ticket" => "_new_ticket",
            "transfer_airtime" => "_new_transfer",
            _ => return None,
        };
        Some((local, text(action, "result_name").to_owned())).filter(|(_, name)| !name.is_empty())
    })?;
    let router = object(node, "router").filter(|router| text(router, "type") == "switch")?;
    let result = format!("@results.{}", result_key(&name));
    let operand = text(router, "operand").to_lowercase();
    if operand != result && operand.strip_suffix(".category") != Some(&result) {
        return None;
    }
    let case = objects(router, "cases").find(|case| texts(case, "arguments") == ["Success"])?;
    case.insert("type".into(), "has_text".into());
    case.insert("arguments".into(), json!([]));
    let changed = text(case, "uuid").to_owned();
    router.insert("operand".into(), format!("@locals.{local}").into());
    router.insert("result_name".into(), name.into());
    for action in objects(node, "actions") {
        if matches!(text(action, "type"), "open_ticket" | "transfer_airtime") {
            action.shift_remove("result_name");
        }
    }
    Some(changed)
}

pub(super) fn join_arguments(flow: &mut Object) {
    let mut joined = Vec::new();
    for node in nodes(flow) {
        let Some(router) = object(node, "router") else { continue };
        for case in objects(router, "cases").filter(|case| WORD_TESTS.contains(&text(case, "type"))) {
            if join(case) {
                joined.push(text(case, "uuid").to_owned());
            }
        }
    }
    for language in languages(flow) {
        for case in &joined {
            if let Some(properties) = object(language, case) {
                join(properties);
            }
        }
    }
}

/// Makes one argument of several.
fn join(parent: &mut Object) -> bool {
    let several =
        parent.get("arguments").and_then(Value::as_array).is_some_and(|arguments| arguments.len() > 1);
    if several {
        let words = texts(parent, "arguments").join(" ");
        parent.insert("arguments".into(), json!([words]));
    }
    several
}
