//! What reaches people outside the conversation, and other flows.

use serde_json::{Value, json};

use super::{messages, reference};
use crate::legacy::job::{Job, template};
use crate::legacy::shape::{items, plain, text, uuid};

/// The variable that stood for a contact to be made.
const NEW_CONTACT: &str = "@new_contact";

/// A message to others.
pub(super) fn broadcast(action: &Value, item: &str, job: &mut Job<'_, '_>) -> Option<Value> {
    let mut made = messages::message(action, item, job)?;
    made["type"] = "send_broadcast".into();
    recipients(action, &mut made, job);
    Some(made)
}

/// An e-mail; one to nobody is left out.
pub(super) fn email(action: &Value, job: &mut Job<'_, '_>) -> Option<Value> {
    let addresses: Vec<String> = items(action, "emails")
        .iter()
        .map(|address| template(&plain(address)))
        .filter(|address| !address.is_empty())
        .collect();
    if addresses.is_empty() {
        job.lose("An e-mail to nobody was left out.");
        return None;
    }
    // Without a text the e-mail was not sent, and is not now; that must not keep the flow from being read.
    let written = |key: &str| Some(template(&text(action, key))).filter(|text| !text.is_empty());
    let [subject, body] =
        ["subject", "msg"].map(|key| written(key).unwrap_or_else(|| messages::NO_TEXT.into()));
    Some(json!({"type": "send_email", "addresses": addresses, "subject": subject, "body": body}))
}

/// A flow started for others.
pub(super) fn start(action: &Value, job: &mut Job<'_, '_>) -> Result<Option<Value>, String> {
    let mut made = json!({"type": "start_session", "flow": flow(action, job)?});
    if recipients(action, &mut made, job) {
        made["create_contact"] = true.into();
    }
    Ok(Some(made))
}

/// The flow that an object refers to.
pub(in crate::legacy) fn flow(parent: &Value, job: &mut Job<'_, '_>) -> Result<Value, String> {
    let reference = &parent["flow"];
    let uuid = job.flow(reference).ok_or("field 'flow' must name a flow; choose the flow again")?;
    Ok(json!({"uuid": uuid.to_string(), "name": text(reference, "name")}))
}

/// Adds who is meant, and tells whether a contact is to be made.
fn recipients(action: &Value, made: &mut Value, job: &mut Job<'_, '_>) -> bool {
    let mut contacts = Vec::new();
    for contact in items(action, "contacts") {
        match uuid(contact, "uuid") {
            Some(uuid) => contacts.push(json!({"uuid": uuid.to_string(), "name": text(contact, "name")})),
            None => job.lose(format!(
                "A recipient known only by a number or name was left out: {}.",
                [text(contact, "name"), text(contact, "id"), plain(contact)].join(" ").trim()
            )),
        }
    }
    let groups: Vec<Value> = items(action, "groups").iter().filter_map(reference).collect();
    let variables: Vec<String> = items(action, "variables")
        .iter()
        .map(|variable| if variable.is_object() { text(variable, "id") } else { plain(variable) })
        .filter(|variable| !variable.is_empty())
        .collect();
    let creates = variables.iter().any(|variable| variable == NEW_CONTACT);
    let variables: Vec<String> = variables
        .iter()
        .filter(|variable| *variable != NEW_CONTACT)
        .map(|variable| template(variable))
        .collect();
    for (member, list) in [("contacts", contacts), ("groups", groups)] {
        if !list.is_empty() {
            made[member] = list.into();
        }
    }
    if !variables.is_empty() {
        made["legacy_vars"] = variables.into();
    }
    creates
}
