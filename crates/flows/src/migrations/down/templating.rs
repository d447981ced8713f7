//! Before 13.5 a message had a templating with components, before 13.4 one with variables, before 13.1 one that
//! could not be translated.

use serde_json::{Value, json};

use super::Down;
use crate::migrations::walk::{Object, languages, nodes, objects, text};

impl Down<'_> {
    pub(super) fn templating(&mut self) {
        if !self.below(13, 5, 0) {
            return;
        }
        let (components, translatable) = (!self.below(13, 4, 0), !self.below(13, 1, 0));
        let mut moved = Vec::new();
        for node in nodes(self.flow) {
            let uuid = text(node, "uuid").to_owned();
            for action in objects(node, "actions").filter(|action| text(action, "type") == "send_msg") {
                let Some(template) = action.shift_remove("template") else { continue };
                let variables = action.shift_remove("template_variables").unwrap_or_else(|| json!([]));
                let item = (self.uuids)().to_string();
                let templating = if components {
                    json!({"template": template, "components": [{"uuid": item, "name": "body", "params": variables}]})
                } else if translatable {
                    json!({"uuid": item, "template": template, "variables": variables})
                } else {
                    json!({"template": template, "variables": variables})
                };
                action.insert("templating".into(), templating);
                moved.push((uuid.clone(), text(action, "uuid").to_owned(), item));
            }
        }
        let property = if components { "params" } else { "variables" };
        let mut lost = Vec::new();
        for language in languages(self.flow) {
            for (node, action, item) in &moved {
                let Some(variables) = take_variables(language, action) else { continue };
                if translatable {
                    language.insert(item.clone(), json!({property: variables}));
                } else {
                    lost.push(node.clone());
                }
            }
        }
        for node in lost {
            self.warn(&node, "translations of template variables are lost: 13.0 cannot hold them");
        }
    }
}

/// Takes the translated variables of a message out of a language.
fn take_variables(language: &mut Object, action: &str) -> Option<Value> {
    let properties = language.get_mut(action)?.as_object_mut()?;
    let variables = properties.shift_remove("template_variables")?;
    if properties.is_empty() {
        language.shift_remove(action);
    }
    Some(variables)
}
