//! What rules are held against, and how the editor shows it.

use serde_json::{Value, json};

use super::kind::Kind;
use crate::legacy::expressions::{self, SCHEMES};
use crate::legacy::shape::{count, text, title};

/// The message.
const INPUT: &str = "@input";
/// What stands between the parts of a message unless the author said otherwise.
const DELIMITER: &str = " ";
/// Attributes that the editor offers beside fields.
const PROPERTIES: [&str; 2] = ["name", "language"];

/// The operand of rules about a message.
pub(super) fn waited(operand: &str) -> String {
    if operand.trim().is_empty() { INPUT.to_owned() } else { super::migrated(operand.trim()) }
}

/// The operand of rules about something known. An expression that fails stands for itself, as it did.
pub(super) fn expression(operand: &str, kind: &Kind) -> String {
    let operand = operand.trim();
    match operand {
        "" | "@step" | "@step.value" => INPUT.to_owned(),
        _ => expressions::migrate(operand, *kind == Kind::Expression),
    }
}

/// How the editor shows it: as a split by a field or result where the operand is nothing else.
pub(super) fn shown(operand: &str, kind: &Kind) -> (&'static str, Option<Value>) {
    let operand = operand.trim().to_lowercase();
    let found = match kind {
        Kind::ContactField => {
            key(&operand, "@contact.").and_then(about_contact).map(|what| ("split_by_contact_field", what))
        }
        Kind::FlowField => key(&operand, "@flow.").map(|key| ("split_by_run_result", result(key))),
        _ => None,
    };
    match found {
        Some((shown, what)) => (shown, Some(json!({"operand": what}))),
        None => ("split_by_expression", None),
    }
}

/// The single name behind a prefix.
fn key<'o>(operand: &'o str, prefix: &str) -> Option<&'o str> {
    let key = operand.strip_prefix(prefix)?;
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_key.then_some(key)
}

fn about_contact(key: &str) -> Option<Value> {
    let kind = match key {
        "groups" | "uuid" | "id" | "first_name" | "created_on" => return None,
        property if PROPERTIES.contains(&property) => "property",
        "tel_e164" => return None,
        scheme if SCHEMES.contains(&scheme) => "scheme",
        _ => "field",
    };
    Some(json!({"id": key, "type": kind, "name": title(key)}))
}

fn result(key: &str) -> Value {
    json!({"id": key, "type": "result", "name": title(key)})
}

/// One part of a message that was split at a delimiter: the operand and how it is shown.
pub(super) fn form_field(operand: &str, config: &Value) -> (String, Option<Value>) {
    let delimiter = Some(text(config, "field_delimiter")).filter(|delimiter| !delimiter.is_empty());
    let delimiter = delimiter.unwrap_or_else(|| DELIMITER.to_owned());
    let index = count(config, "field_index").unwrap_or_default();
    let whole = waited(operand);
    let whole = inner(&whole);
    let quoted = delimiter.replace('\\', "\\\\").replace('"', "\\\"");
    let migrated = format!("@(field({whole}, {index}, \"{quoted}\"))");
    let key = operand.trim().to_lowercase();
    let shown = key
        .strip_prefix("@flow.")
        .map(|key| json!({"operand": result(key), "index": index, "delimiter": delimiter}));
    (migrated, shown)
}

/// A template that is one expression, without what marks it.
fn inner(template: &str) -> String {
    let bare = template
        .strip_prefix('@')
        .map(|rest| rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest));
    match bare {
        Some(bare) => bare.to_owned(),
        None => format!("\"{}\"", template.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}
