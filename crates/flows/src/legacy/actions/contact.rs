//! What changes about the contact.

use serde_json::{Value, json};

use super::reference;
use crate::legacy::expressions::SCHEMES;
use crate::legacy::job::{Job, template};
use crate::legacy::shape::{items, plain, text, title, uuid};
use crate::program::result_key;

/// Everything of a name but its first word.
const LAST_NAMES: &str = "@(word_slice(contact.name, 1, -1))";

/// A value for a field, the name, the language or an address.
pub(super) fn save(action: &Value) -> Option<Value> {
    let field = text(action, "field").trim().to_lowercase();
    let value = template(&text(action, "value"));
    Some(match field.as_str() {
        "" => return None,
        "name" => json!({"type": "set_contact_name", "name": value}),
        "first_name" => json!({"type": "set_contact_name", "name": format!("{value} {LAST_NAMES}")}),
        "language" => json!({"type": "set_contact_language", "language": value}),
        "tel_e164" => json!({"type": "add_contact_urn", "scheme": "tel", "path": value}),
        scheme if SCHEMES.contains(&scheme) => {
            json!({"type": "add_contact_urn", "scheme": scheme, "path": value})
        }
        key => {
            let key = result_key(key);
            let name = Some(text(action, "label")).filter(|label| !label.is_empty());
            let name = name.unwrap_or_else(|| title(&key));
            json!({"type": "set_contact_field", "field": {"key": key, "name": name}, "value": value})
        }
    })
}

/// The line to write on.
pub(super) fn channel(action: &Value) -> Result<Option<Value>, String> {
    let channel = &action["channel"];
    let found = uuid(action, "channel").or_else(|| uuid(channel, "uuid"));
    let Some(found) = found else {
        return Err("field 'channel' must be a valid UUID; choose the channel again".into());
    };
    let name = if channel.is_object() { text(channel, "name") } else { text(action, "name") };
    let channel = json!({"uuid": found.to_string(), "name": name});
    Ok(Some(json!({"type": "set_contact_channel", "channel": channel})))
}

pub(super) fn add_groups(action: &Value, job: &mut Job<'_, '_>) -> Option<Value> {
    let groups = groups(action, job);
    (!groups.is_empty()).then(|| json!({"type": "add_contact_groups", "groups": groups}))
}

/// Leaving no group in particular meant leaving all.
pub(super) fn remove_groups(action: &Value, job: &mut Job<'_, '_>) -> Option<Value> {
    if items(action, "groups").is_empty() {
        return Some(json!({"type": "remove_contact_groups", "all_groups": true}));
    }
    let groups = groups(action, job);
    (!groups.is_empty()).then(|| json!({"type": "remove_contact_groups", "groups": groups}))
}

fn groups(action: &Value, job: &mut Job<'_, '_>) -> Vec<Value> {
    let groups = items(action, "groups");
    for group in groups {
        let name = if group.is_object() { text(group, "name") } else { plain(group) };
        // A group that only has a name is found by it when the flow runs, so it has to be there by then.
        if !name.contains('@') && uuid(group, "uuid").is_none() {
            job.origin.identities.expect_group(&name);
        }
    }
    groups.iter().filter_map(reference).collect()
}
