//! Extensions in definitions: read strictly, kept verbatim, and held against the flow.

use flows::Definition;
use serde_json::{Value as Json, json};
use uuid::Uuid;

const NODE: &str = "5a1d0000-0000-4000-8000-000000000002";
const ACTION: &str = "5a1d0000-0000-4000-8000-000000000003";

/// A flow of one node that asks something, with an extension.
fn flow(extension: &Json) -> Json {
    json!({
        "uuid": "5a1d0000-0000-4000-8000-000000000001", "name": "Try", "spec_version": "14.4.2", "language": "eng",
        "type": "messaging", "revision": 1, "expire_after_minutes": 60, "localization": {},
        "nodes": [{
            "uuid": NODE,
            "actions": [{"uuid": ACTION, "type": "send_msg", "text": "Well?", "quick_replies": ["Yes", "No"]}],
            "exits": [{"uuid": "5a1d0000-0000-4000-8000-000000000004"}],
        }],
        "_ui": {"nodes": {NODE: {"position": {"left": 1, "top": 2}, "config": {"seedling": extension}}}},
    })
}

fn read(extension: &Json) -> Result<Definition, flows::DefinitionError> {
    Definition::read_value(&flow(extension), &mut Uuid::nil)
}

#[test]
fn a_shape_that_is_not_ours_refuses_the_flow_and_names_the_node() {
    for (extension, expected) in [
        (json!({"pauses": {}}), "unknown field `pauses`"),
        (json!({"messages": {ACTION: {"pause_seconds": 301}}}), "a whole number from 0 to 300"),
        (json!({"messages": {ACTION: {"pause": 3}}}), "unknown field `pause`"),
        (json!({"messages": {ACTION: {"interactive": {"type": "menu"}}}}), "unknown variant `menu`"),
        (
            json!({"messages": {ACTION: {"interactive": {"type": "buttons", "ids": [], "x": 1}}}}),
            "unknown field `x`",
        ),
        (json!({"collect": {"quiet_seconds": 0}}), "a whole number from 1 to 3600"),
        (json!({"collect": {"quiet_seconds": 5, "max_messages": 51}}), "a whole number from 1 to 50"),
        (json!({"steps": [{"type": "record_outcome", "name": "A"}]}), "'steps[0].uuid' is required"),
        (
            json!({"steps": [{"uuid": ACTION, "type": "record_outcome", "name": "A", "extra": 1}]}),
            "unknown field `extra`",
        ),
        (json!({"window_trigger": {"minutes_before": 1440}}), "a whole number from 1 to 1439"),
    ] {
        let error = read(&extension).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(error.node(), Some(NODE.parse().unwrap()), "{error}");
    }
}

#[test]
fn what_does_not_fit_the_flow_is_a_problem_and_the_flow_still_runs() {
    let long = "x".repeat(21);
    for (extension, expected) in [
        (json!({"messages": {ACTION: {"interactive": {"type": "buttons", "ids": ["y", "n"]}}}}), None),
        (
            json!({"messages": {ACTION: {"interactive": {"type": "buttons", "ids": ["y"]}}}}),
            Some("offers 1 choices"),
        ),
        (json!({"messages": {NODE: {}}}), Some("which is not in the node")),
        (
            json!({"messages": {ACTION: {"interactive": {"type": "list", "button": long, "sections": [
            {"rows": [{"id": "y"}, {"id": "n"}]}]}}}}),
            Some("title of the button of an interactive message can have 20"),
        ),
        (json!({"collect": {"quiet_seconds": 5}}), Some("does not wait for messages")),
        (
            json!({"steps": [{"uuid": ACTION, "before": NODE, "type": "cancel_reminder"}]}),
            Some("shall be before"),
        ),
        (
            json!({"steps": [{"uuid": ACTION, "type": "cancel_reminder", "key": "@(uper(1))"}]}),
            Some("no uper"),
        ),
    ] {
        let definition = read(&extension).unwrap();
        let problems = definition.extension_problems();
        match expected {
            None => assert_eq!(problems, [], "{extension}"),
            Some(expected) => assert!(problems[0].reason.contains(expected), "{problems:?}"),
        }
    }
}

#[test]
fn the_json_of_a_flow_keeps_its_extensions_and_the_editors_own() {
    let extension = json!({"collect": {"quiet_seconds": 5}});
    let json: Json = serde_json::from_str(read(&extension).unwrap().json()).unwrap();
    assert_eq!(json["_ui"], flow(&extension)["_ui"]);
    for ui in [
        json!(null),
        json!({"nodes": null}),
        json!({"nodes": {"x": 1, NODE: {"config": "seedling"}}}),
        json!([]),
    ] {
        let mut other = flow(&extension);
        other["_ui"] = ui;
        other["note"] = json!("seedling");
        assert!(Definition::read_value(&other, &mut Uuid::nil).unwrap().extensions.is_empty());
    }
}
