//! Changes references in all templates of a flow and leaves every other character as the author wrote it.

use expressions::refactor;
use serde_json::Value;
use smol_str::SmolStr;

use super::walk::{Object, nodes, object, objects};
use crate::program::TOP_LEVELS;

/// What a reference, given as its lower-case path, becomes, if it changes.
pub(super) type Change<'a> = &'a dyn Fn(&[SmolStr]) -> Option<String>;

/// Members of actions that are never templates.
pub(super) const NOT_TEMPLATES: [&str; 4] = ["uuid", "type", "result_name", "category"];

/// Changes the references to a top-level name in all templates of a flow.
pub(super) fn rewrite_templates(flow: &mut Object, top: &str, change: Change<'_>) {
    let rewriter = Rewriter { top, change };
    for node in nodes(flow) {
        for action in objects(node, "actions") {
            for (_, value) in action.iter_mut().filter(|(key, _)| !NOT_TEMPLATES.contains(&key.as_str())) {
                rewriter.rewrite(value);
            }
        }
        let Some(router) = object(node, "router") else { continue };
        if let Some(operand) = router.get_mut("operand") {
            rewriter.rewrite(operand);
        }
        if let Some(phone) = object(router, "wait").and_then(|wait| wait.get_mut("phone")) {
            rewriter.rewrite(phone);
        }
        for case in objects(router, "cases") {
            if let Some(arguments) = case.get_mut("arguments") {
                rewriter.rewrite(arguments);
            }
        }
    }
    if let Some(localization) = flow.get_mut("localization") {
        rewriter.rewrite(localization);
    }
}

/// Changes references in single values.
pub(super) struct Rewriter<'a> {
    /// The top-level name that is looked for.
    pub top: &'a str,
    /// What becomes of its references.
    pub change: Change<'a>,
}

impl Rewriter<'_> {
    /// Changes every text of a value.
    pub(super) fn rewrite(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if self.may_refer(text) {
                    *text = refactor(text, &TOP_LEVELS, |path| {
                        if path.first().is_some_and(|first| first == self.top) {
                            (self.change)(path)
                        } else {
                            None
                        }
                    });
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.rewrite(item)),
            Value::Object(members) => members.values_mut().for_each(|member| self.rewrite(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether a text is worth parsing: most hold no expression, and of those few the name.
    fn may_refer(&self, text: &str) -> bool {
        text.contains('@')
            && text
                .as_bytes()
                .windows(self.top.len())
                .any(|part| part.eq_ignore_ascii_case(self.top.as_bytes()))
    }
}
