//! 13.5: a message names its template and the template's variables itself; components are gone.

use serde_json::Value;

use super::walk::{Object, actions, languages, objects, text, texts};

/// A component of one action, with the texts it contributes.
struct Component {
    uuid: String,
    params: Vec<String>,
}

pub(super) fn migrate(flow: &mut Object) {
    let mut messages = Vec::new();
    for action in actions(flow).filter(|action| text(action, "type") == "send_msg") {
        let Some(Value::Object(mut templating)) = action.shift_remove("templating") else { continue };
        let components: Vec<Component> = objects(&mut templating, "components")
            .map(|component| Component {
                uuid: text(component, "uuid").into(),
                params: texts(component, "params"),
            })
            .collect();
        let variables: Vec<String> =
            components.iter().flat_map(|component| component.params.clone()).collect();
        if let Some(template) = templating.shift_remove("template") {
            action.insert("template".into(), template);
        }
        action.insert("template_variables".into(), variables.into());
        messages.push((text(action, "uuid").to_owned(), components));
    }
    for language in languages(flow) {
        for (action, components) in &messages {
            translate(language, action, components);
        }
    }
}

/// Moves what a language says of the components to their action. Components it says nothing of keep their words.
fn translate(language: &mut Object, action: &str, components: &[Component]) {
    let mut translated = false;
    let mut variables = Vec::new();
    for component in components {
        let params = match language.shift_remove(&component.uuid) {
            Some(Value::Object(properties)) => texts(&properties, "params"),
            Some(_) | None => Vec::new(),
        };
        translated |= !params.is_empty();
        variables.extend(if params.is_empty() { component.params.clone() } else { params });
    }
    if translated {
        let entry = language.entry(action).or_insert_with(|| Value::Object(Object::new()));
        if let Some(properties) = entry.as_object_mut() {
            properties.insert("template_variables".into(), variables.into());
        }
    }
}
