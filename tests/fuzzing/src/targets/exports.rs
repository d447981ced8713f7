//! Workspace exports.

use std::sync::Arc;

use flows::FlowType;
use flows::export::{Existing, ExistingFlow, Export, plan};
use serde_json::{Value as Json, json};

use crate::world::{counting, flows};
use crate::{Choices, flow, mutation};

/// Any bytes, or an export with mistakes in it: refused with the place and reason, or planned against a workspace.
pub fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    if choices.once_in(2) {
        plan_of(choices.rest());
    } else {
        let mut json = export(&mut choices);
        mutation::mutate(&mut choices, &mut json);
        plan_of(json.to_string().as_bytes());
    }
}

fn plan_of(bytes: &[u8]) {
    match Export::read(bytes, &mut counting()) {
        Ok(export) => {
            export.identifiers();
            for existing in [Existing::default(), existing()] {
                if let Err(error) = plan(&export, &existing, &mut counting()) {
                    assert!(!error.to_string().is_empty());
                }
            }
        }
        Err(error) => assert!(!error.to_string().is_empty(), "a refusal says why"),
    }
}

fn existing() -> Existing {
    let of = |json: Json| ExistingFlow {
        uuid: json["uuid"].as_str().and_then(|uuid| uuid.parse().ok()).unwrap_or_default(),
        name: json["name"].as_str().unwrap_or_default().into(),
        flow_type: FlowType::Messaging,
        archived: false,
        revision: 3,
        definition: Arc::from(json.to_string()),
    };
    Existing { flows: flows().into_iter().map(of).collect(), ..Existing::default() }
}

fn export(choices: &mut Choices<'_>) -> Json {
    let group = json!({"uuid": flow::id(500), "name": "Mothers", "query": null});
    let relative = json!({"uuid": flow::id(501), "label": "Due", "key": "due", "type": "D"});
    json!({
        "version": "13", "site": "https://example.org", "fields": [{"key": "due", "name": "Due", "type": "datetime"}],
        "groups": [group, {"uuid": flow::id(502), "name": "Old", "query": "age > 18", "status": "ready"}],
        "campaigns": [{"uuid": flow::id(503), "name": "Reminders", "group": group, "events": [
            {"uuid": flow::id(504), "offset": 1, "unit": "D", "event_type": "F", "delivery_hour": 9, "message": null,
             "relative_to": relative, "start_mode": "I", "flow": {"uuid": flow::id(0), "name": "Flow 0"}},
            {"uuid": flow::id(505), "offset": -15, "unit": "W", "event_type": "M", "delivery_hour": -1,
             "message": {"eng": "Hi @contact"}, "relative_to": relative, "start_mode": "S", "base_language": "eng"}]}],
        "triggers": [
            {"trigger_type": "K", "keywords": ["start"], "flow": {"uuid": flow::id(0), "name": "Flow 0"}, "groups": [group],
             "exclude_groups": [], "channel": null, "match_type": "F"},
            {"trigger_type": "S", "flow": {"uuid": flow::id(0), "name": "Flow 0"}, "groups": [], "exclude_groups": []}],
        "flows": [flow::make(choices, 0, 2), flow::make(choices, 1, 2)],
    })
}
