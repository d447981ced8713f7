//! 13.1: the templating of a message gets an identifier, so that its variables can be translated.

use serde_json::Value;
use uuid::Uuid;

use super::walk::{Object, actions, object, text};

pub(super) fn migrate(flow: &mut Object, uuids: &mut dyn FnMut() -> Uuid) {
    for action in actions(flow).filter(|action| text(action, "type") == "send_msg") {
        if let Some(templating) = object(action, "templating") {
            templating.insert("uuid".into(), Value::String(uuids().to_string()));
        }
    }
}
