//! Changes references within templates and leaves every other character as the author wrote it.

use serde_json::Value;

use super::walk::{Object, nodes, object, objects};

/// A name with the properties looked up in it: `results.due_date.value`.
pub(super) struct Reference<'a>(&'a str);

impl<'a> Reference<'a> {
    /// The name, and the rest with the dot or bracket that it begins with.
    pub(super) fn split_first(&self) -> (&'a str, &'a str) {
        self.0.split_at(self.0.find(['.', '[']).unwrap_or(self.0.len()))
    }
}

/// What a reference becomes, if it changes.
type Change<'a> = &'a dyn Fn(&Reference<'_>) -> Option<String>;

/// The names that templates know without parentheses.
const TOP_LEVELS: [&str; 17] = [
    "contact",
    "fields",
    "urns",
    "locals",
    "results",
    "input",
    "run",
    "child",
    "parent",
    "ticket",
    "webhook",
    "node",
    "globals",
    "trigger",
    "resume",
    "legacy_extra",
    "step",
];

/// Members of actions that are never templates.
const NOT_TEMPLATES: [&str; 4] = ["uuid", "type", "result_name", "category"];

/// Changes the references in all templates of a flow.
pub(super) fn rewrite_templates(flow: &mut Object, change: Change<'_>) {
    for node in nodes(flow) {
        for action in objects(node, "actions") {
            for (_, value) in action.iter_mut().filter(|(key, _)| !NOT_TEMPLATES.contains(&key.as_str())) {
                rewrite_value(value, change);
            }
        }
        let Some(router) = object(node, "router") else { continue };
        if let Some(operand) = router.get_mut("operand") {
            rewrite_value(operand, change);
        }
        if let Some(phone) = object(router, "wait").and_then(|wait| wait.get_mut("phone")) {
            rewrite_value(phone, change);
        }
        for case in objects(router, "cases") {
            if let Some(arguments) = case.get_mut("arguments") {
                rewrite_value(arguments, change);
            }
        }
    }
    if let Some(localization) = flow.get_mut("localization") {
        rewrite_value(localization, change);
    }
}

fn rewrite_value(value: &mut Value, change: Change<'_>) {
    match value {
        Value::String(text) => {
            if let Some(rewritten) = rewrite(text, change) {
                *text = rewritten;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rewrite_value(item, change)),
        Value::Object(members) => members.values_mut().for_each(|member| rewrite_value(member, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The template with its references changed; `None` if none does.
fn rewrite(template: &str, change: Change<'_>) -> Option<String> {
    let mut output = String::with_capacity(template.len());
    let mut changed = false;
    let mut rest = template;
    while let Some(at) = rest.find('@') {
        output.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('@') {
            output.push('@');
            rest = after;
        } else if rest.starts_with('(') {
            let Some(end) = expression_end(rest) else { break };
            changed |= rewrite_expression(&rest[..end], change, &mut output);
            rest = &rest[end..];
        } else {
            let end = path_end(rest);
            let (first, _) = Reference(&rest[..end]).split_first();
            let known = TOP_LEVELS.iter().any(|name| name.eq_ignore_ascii_case(first));
            let replacement = known.then(|| change(&Reference(&rest[..end]))).flatten();
            changed |= replacement.is_some();
            output.push_str(replacement.as_deref().unwrap_or(&rest[..end]));
            rest = &rest[end..];
        }
    }
    output.push_str(rest);
    changed.then_some(output)
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The end of `name.name.0` at the beginning of a text. A dot belongs to it only if a name follows.
fn path_end(text: &str) -> usize {
    let mut end = 0;
    loop {
        let name =
            text[end..].find(|character| !is_name(character)).map_or(text.len(), |length| end + length);
        if name == end {
            return if end == 0 { 0 } else { end - 1 };
        }
        if !text[name..].starts_with('.') {
            return name;
        }
        end = name + 1;
    }
}

/// The end of the `(…)` at the beginning of a text; `None` if it stays open.
fn expression_end(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            '"' => skip_string(&mut characters)?,
            _ => {}
        }
    }
    None
}

/// Goes behind the closing quote.
fn skip_string(characters: &mut std::str::CharIndices<'_>) -> Option<()> {
    loop {
        match characters.next()?.1 {
            '\\' => _ = characters.next(),
            '"' => return Some(()),
            _ => {}
        }
    }
}

/// Copies an expression with its references changed, and says whether one was.
fn rewrite_expression(expression: &str, change: Change<'_>, output: &mut String) -> bool {
    let mut changed = false;
    let mut characters = expression.char_indices();
    let mut before = '(';
    while let Some((at, character)) = characters.next() {
        if character == '"' {
            // The end was found before, so every text is closed.
            let _ = skip_string(&mut characters);
            output.push_str(&expression[at..expression.len() - characters.as_str().len()]);
        } else if is_name(character) {
            let end = at + path_end(&expression[at..]);
            let path = &expression[at..end];
            // What follows a dot is looked up in something else, and what a parenthesis follows is called.
            let is_reference = before != '.' && !expression[end..].trim_start().starts_with('(');
            let replacement = is_reference.then(|| change(&Reference(path))).flatten();
            changed |= replacement.is_some();
            output.push_str(replacement.as_deref().unwrap_or(path));
            while expression.len() - characters.as_str().len() < end {
                characters.next();
            }
        } else {
            output.push(character);
        }
        before = character;
    }
    changed
}
