//! Actions of the old specification: one file for what is said, one for what changes about the contact, one for what
//! reaches others.

mod contact;
mod messages;
mod others;
pub(super) mod webhook;

pub(super) use others::flow;

use serde_json::{Value, json};

use super::job::{Job, template};
use super::shape::{items, plain, text, uuid};

/// The action of the present specification; `None` if there is nothing in it to do.
pub(super) fn migrate(action: &Value, job: &mut Job<'_, '_>) -> Result<Option<Value>, String> {
    let item = job.uuid_of(action, "uuid");
    let made = match text(action, "type").as_str() {
        "reply" | "end_ussd" => messages::reply(action, &item, job),
        "say" => messages::say(action, &item, job),
        "play" => messages::play(action, job),
        "save" => contact::save(action),
        "lang" => Some(json!({"type": "set_contact_language", "language": text(action, "lang")})),
        "channel" => contact::channel(action)?,
        "add_group" => contact::add_groups(action, job),
        "del_group" => contact::remove_groups(action, job),
        "add_label" => labels(action),
        "send" => others::broadcast(action, &item, job),
        "email" => others::email(action, job),
        "trigger-flow" => others::start(action, job)?,
        "flow" => {
            let flow = others::flow(action, job)?;
            Some(json!({"type": "enter_flow", "flow": flow, "terminal": true}))
        }
        "api" => Some(webhook::in_action(action, &item)),
        "" => return Err("field 'type' is required".into()),
        _ => {
            return Err("this type of action is not known, so what it did cannot be brought along; \
                        take it out of the flow and export it again"
                .into());
        }
    };
    Ok(made.map(|mut made| {
        made["uuid"] = item.into();
        made
    }))
}

fn labels(action: &Value) -> Option<Value> {
    let labels: Vec<Value> = items(action, "labels").iter().filter_map(reference).collect();
    (!labels.is_empty()).then(|| json!({"type": "add_input_labels", "labels": labels}))
}

/// A group or label: a fixed one, or the one that has a name which a template gives.
pub(super) fn reference(old: &Value) -> Option<Value> {
    let name = if old.is_object() { text(old, "name") } else { plain(old) };
    if let Some(uuid) = uuid(old, "uuid") {
        return Some(json!({"uuid": uuid.to_string(), "name": name}));
    }
    (!name.is_empty()).then(|| json!({"name_match": template(&name)}))
}
