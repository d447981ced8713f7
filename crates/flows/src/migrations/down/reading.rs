//! What older specifications have no words for. It stays in the flow as it is, and is listed.

use expressions::{Library, Template};
use serde_json::Value;

use super::Down;
use crate::migrations::v14_0::{MESSAGING_MINUTES, VOICE_MINUTES};
use crate::migrations::v14_3::WORD_TESTS;
use crate::migrations::walk::{nodes, object, objects, text, texts};
use crate::program::TOP_LEVELS;

/// Actions that came with locals.
const WITH_LOCALS: [&str; 2] = ["set_run_local", "call_llm"];

impl Down<'_> {
    pub(super) fn reading(&mut self) {
        let mut found = Vec::new();
        let (locals, arguments) = (self.below(14, 3, 0), self.below(14, 3, 1));
        for node in nodes(self.flow) {
            let uuid = text(node, "uuid").to_owned();
            if locals {
                for action in
                    objects(node, "actions").filter(|action| WITH_LOCALS.contains(&text(action, "type")))
                {
                    let kind = text(action, "type");
                    found.push((
                        uuid.clone(),
                        format!("'{kind}' is not known before 14.3; such a flow is refused there"),
                    ));
                }
                if node.values().any(|member| refers_to(member, "locals")) {
                    found.push((
                        uuid.clone(),
                        "a text reads @locals, which is not known before 14.3".to_owned(),
                    ));
                }
            }
            let Some(router) = object(node, "router").filter(|_| arguments) else { continue };
            let several = |case: &&mut _| {
                let case: &serde_json::Map<String, Value> = case;
                WORD_TESTS.contains(&text(case, "type")) && texts(case, "arguments").len() > 1
            };
            if objects(router, "cases").any(|case| several(&case)) {
                let what = "a test of words has several arguments, which are one text there";
                found.push((uuid, what.to_owned()));
            }
        }
        for (node, what) in found {
            self.warn(&node, what);
        }
        if self.below(14, 0, 0) {
            self.expiry();
        }
    }

    fn expiry(&mut self) {
        let (least, most) = match text(self.flow, "type") {
            "messaging" => MESSAGING_MINUTES,
            "voice" => VOICE_MINUTES,
            _ => return,
        };
        let minutes = self.flow.get("expire_after_minutes").and_then(Value::as_u64).unwrap_or_default();
        if minutes != 0 && !(least..=most).contains(&minutes) {
            self.warn(
                "",
                format!("it expires after {minutes} minutes; an upgrade makes that {least} to {most}"),
            );
        }
    }
}

/// Whether a text below a value refers to a top-level name.
fn refers_to(value: &Value, top: &str) -> bool {
    match value {
        Value::String(text) => {
            text.contains('@')
                && text.to_lowercase().contains(top)
                && Template::compile(text, &TOP_LEVELS, Library::standard())
                    .references()
                    .any(|path| path.first().is_some_and(|first| first == top))
        }
        Value::Array(items) => items.iter().any(|item| refers_to(item, top)),
        Value::Object(members) => members.values().any(|member| refers_to(member, top)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
