//! Templates, which are all that may be written to people who have not written for a day.

use serde_json::{Value, json};

use super::words;
use crate::outbound::attachment_url;
use crate::{Outgoing, TemplateComponent, TemplateVariable, Templating};

/// The `template` of a message.
pub(super) fn body(message: &Outgoing, templating: &Templating) -> Value {
    let of_locale = || words::language_code(message.locale.as_deref().unwrap_or("eng"));
    let language = templating.language.clone().unwrap_or_else(of_locale);
    let mut template = json!({
        "name": templating.template.name,
        "language": {"policy": "deterministic", "code": language},
    });
    let components: Vec<Value> =
        templating.components.iter().filter_map(|part| component(part, &templating.variables)).collect();
    if !components.is_empty() {
        template["components"] = components.into();
    }
    template
}

/// A part with its values; none if nothing in it varies.
fn component(part: &TemplateComponent, values: &[TemplateVariable]) -> Option<Value> {
    let mut places: Vec<(&str, usize)> =
        part.variables.iter().map(|(name, at)| (name.as_str(), *at)).collect();
    // `10` comes after `9`, and names that are no numbers stay in their order.
    places.sort_by_key(|(name, at)| (name.parse().unwrap_or(u32::MAX), *at));
    let values: Vec<(&str, &TemplateVariable)> =
        places.iter().filter_map(|(name, at)| Some((*name, values.get(*at)?))).collect();
    if values.is_empty() {
        return None;
    }
    let (kind, detail) = part.kind.split_once('/').unwrap_or((&part.kind, ""));
    let (_, index) = part.name.split_once('.').unwrap_or(("", "0"));
    let parameters = values.iter().map(|(name, value)| {
        let mut parameter = parameter(detail, value);
        // A template whose places have names wants them with the values.
        if matches!(kind, "header" | "body") && name.parse::<u32>().is_err() {
            parameter["parameter_name"] = (*name).into();
        }
        parameter
    });
    let parameters: Vec<Value> = parameters.collect();
    match kind {
        "header" | "body" => Some(json!({"type": kind, "parameters": parameters})),
        "button" => Some(json!({"type": kind, "sub_type": detail, "index": index, "parameters": parameters})),
        _ => None,
    }
}

fn parameter(button: &str, value: &TemplateVariable) -> Value {
    match button {
        "quick_reply" => return json!({"type": "payload", "payload": value.value}),
        "copy_code" => return json!({"type": "coupon_code", "coupon_code": value.value}),
        _ => {}
    }
    match value.kind.as_str() {
        kind @ ("image" | "video") => json!({"type": kind, kind: {"link": attachment_url(&value.value)}}),
        "document" => {
            let url = attachment_url(&value.value);
            json!({"type": "document", "document": {"link": url, "filename": super::send::file_name(url)}})
        }
        _ => json!({"type": "text", "text": value.value}),
    }
}
