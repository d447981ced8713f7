//! Before 13.3 `@webhook` was the body of the answer, which is `@webhook.json` since; of the rest of the answer only
//! the status can be had, as the value of the result that the call keeps.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde_json::Value;
use smol_str::SmolStr;

use super::Down;
use crate::migrations::rewrite::{NOT_TEMPLATES, Rewriter};
use crate::migrations::walk::{Object, languages, nodes, object, objects, text};
use crate::program::result_key;

impl Down<'_> {
    pub(super) fn webhook(&mut self) {
        if !self.below(13, 3, 0) {
            return;
        }
        let only = self.only_result();
        let mut owners = BTreeMap::new();
        let problems = RefCell::new(Vec::new());
        for node in nodes(self.flow) {
            let uuid = SmolStr::new(text(node, "uuid"));
            let own = objects(node, "actions").find_map(call_result);
            let rewrite =
                Rewrite { key: own.or_else(|| only.clone()), node: uuid.clone(), problems: &problems };
            for action in objects(node, "actions") {
                owners.insert(text(action, "uuid").to_owned(), (uuid.clone(), rewrite.key.clone()));
                for (_, value) in action.iter_mut().filter(|(key, _)| !NOT_TEMPLATES.contains(&key.as_str()))
                {
                    rewrite.apply(value);
                }
            }
            let Some(router) = object(node, "router") else { continue };
            if let Some(operand) = router.get_mut("operand") {
                rewrite.apply(operand);
            }
            if let Some(phone) = object(router, "wait").and_then(|wait| wait.get_mut("phone")) {
                rewrite.apply(phone);
            }
            for case in objects(router, "cases") {
                owners.insert(text(case, "uuid").to_owned(), (uuid.clone(), rewrite.key.clone()));
                case.get_mut("arguments").into_iter().for_each(|arguments| rewrite.apply(arguments));
            }
        }
        for language in languages(self.flow) {
            for (item, texts) in language.iter_mut() {
                let (node, key) = owners.get(item).cloned().unwrap_or_default();
                Rewrite { key, node, problems: &problems }.apply(texts);
            }
        }
        for (node, what) in problems.into_inner() {
            self.warn(&node, what);
        }
    }

    /// The key of the result of the only call of the flow.
    fn only_result(&mut self) -> Option<String> {
        let calls = nodes(self.flow).flat_map(|node| objects(node, "actions"));
        let mut calls = calls.filter(|action| is_call(action));
        let first = calls.next().and_then(call_result);
        if calls.next().is_some() { None } else { first }
    }
}

fn is_call(action: &Object) -> bool {
    matches!(text(action, "type"), "call_webhook" | "call_resthook")
}

fn call_result(action: &mut Object) -> Option<String> {
    let name = is_call(action).then(|| text(action, "result_name"))?;
    (!name.is_empty()).then(|| result_key(name))
}

/// Changes the templates of one node.
struct Rewrite<'a> {
    key: Option<String>,
    node: SmolStr,
    problems: &'a RefCell<Vec<(SmolStr, String)>>,
}

impl Rewrite<'_> {
    fn apply(&self, value: &mut Value) {
        // Of a longer path the parts are asked for too, from the longest; what was changed must not be changed again.
        let inside = Cell::new(false);
        let change = |path: &[SmolStr]| {
            let names: Vec<&str> = path.iter().map(SmolStr::as_str).collect();
            match names.as_slice() {
                [_, "json"] => {
                    inside.set(false);
                    Some("webhook".to_owned())
                }
                [_, "json", ..] => {
                    inside.set(true);
                    None
                }
                [_, "status"] => match &self.key {
                    Some(key) => Some(format!("results.{key}.value")),
                    None => {
                        inside.set(true);
                        self.problem("the status of the answer, since the call keeps no result")
                    }
                },
                [_, member, ..] => {
                    inside.set(true);
                    self.problem(&format!("'{member}' of the answer"))
                }
                [_] if !inside.replace(false) => self.problem("the answer as a whole"),
                _ => None,
            }
        };
        Rewriter { top: "webhook", change: &change }.rewrite(value);
    }

    fn problem(&self, what: &str) -> Option<String> {
        let what = format!("a text reads {what}, which specifications before 13.3 cannot");
        self.problems.borrow_mut().push((self.node.clone(), what));
        None
    }
}
