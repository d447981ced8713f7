//! 14.0: expiry has bounds that depend on the type of the flow, and every category has a name.

use serde_json::Value;

use super::walk::{Object, nodes, object, objects, text};

/// Minutes that a run of a messaging flow may wait: up to two weeks.
pub(super) const MESSAGING_MINUTES: (u64, u64) = (5, 20_160);
/// Minutes that a run of a voice flow may wait.
pub(super) const VOICE_MINUTES: (u64, u64) = (1, 15);
/// The name of a category that had none.
const UNNAMED: &str = "Match";

pub(super) fn migrate(flow: &mut Object) {
    let bounds = match text(flow, "type") {
        "messaging" => Some(MESSAGING_MINUTES),
        "voice" => Some(VOICE_MINUTES),
        _ => None,
    };
    if let Some((least, most)) = bounds
        && let Some(minutes) = flow.get_mut("expire_after_minutes")
        && let Some(given) = minutes.as_u64().filter(|given| *given > 0)
    {
        *minutes = Value::from(given.clamp(least, most));
    }
    for node in nodes(flow) {
        let Some(router) = object(node, "router") else { continue };
        for category in objects(router, "categories").filter(|category| text(category, "name").is_empty()) {
            category.insert("name".into(), UNNAMED.into());
        }
    }
}
