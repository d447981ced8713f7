//! Reading definitions: what is kept, what is refused and in which words.

use flows::definition::ActionKind;
use flows::{Definition, DefinitionError};
use serde_json::{Value, json};

use crate::samples::{id, mood, uuids, with};

fn read(flow: &Value) -> Result<Definition, DefinitionError> {
    Definition::read_value(flow, &mut uuids())
}

#[test]
fn everything_is_kept_word_for_word() {
    let flow = mood();
    let definition = read(&flow).unwrap();
    assert_eq!(definition.name, "Mood");
    assert_eq!(definition.nodes.len(), 2);
    assert!(matches!(&definition.nodes[1].actions[1].kind, ActionKind::EnterFlow(enter) if !enter.terminal));
    let written: Value = serde_json::from_str(definition.json()).unwrap();
    assert_eq!(written, flow);
    let again = Definition::read(definition.json().as_bytes(), &mut || panic!("nothing to draw")).unwrap();
    assert_eq!(again, definition);
}

#[test]
fn broken_rules_are_named() {
    let node = format!("invalid node[uuid={}]: ", id(10));
    let long = "x".repeat(65);
    let many: Vec<Value> =
        (0..101).map(|n| json!({"uuid": id(1000 + n), "type": "set_contact_name"})).collect();
    let cases = [
        (
            "/name",
            json!(long),
            "unable to read flow header: field 'name' must be less than or equal to 64".into(),
        ),
        ("/uuid", Value::Null, "unable to read flow header: field 'uuid' is required".into()),
        ("/type", json!("chat"), "field 'type' is not a valid flow type".into()),
        (
            "/nodes/1",
            Value::Null,
            "unable to read node: field 'uuid' is required, field 'exits' is required".into(),
        ),
        ("/nodes/1/uuid", json!(id(10)), format!("node UUID {} isn't unique", id(10))),
        (
            "/nodes/0/exits",
            json!([]),
            "unable to read node: field 'exits' must have a minimum of 1 items".into(),
        ),
        (
            "/nodes/0/exits/0/destination_uuid",
            json!(id(99)),
            format!("{node}destination {} of exit[uuid={}] isn't a known node", id(99), id(31)),
        ),
        ("/nodes/0/actions/0/text", json!(""), "unable to read action[0]: field 'text' is required".into()),
        ("/nodes/0/actions/0/type", json!("sing"), "unable to read action[0]: unknown type: 'sing'".into()),
        (
            "/nodes/0/actions/0/type",
            json!("say_msg"),
            format!("{node}action type 'say_msg' is not allowed in a flow of type 'messaging'"),
        ),
        ("/nodes/0/actions", json!(many), format!("{node}can't have more than 100 actions (has 101)")),
        (
            "/nodes/1/actions/1/flow/uuid",
            json!("none"),
            "unable to read action[1]: field 'flow.uuid' must be a valid UUID".into(),
        ),
        (
            "/nodes/0/router/default_category_uuid",
            json!(id(98)),
            format!("{node}invalid router: default category {} is not a valid category", id(98)),
        ),
        (
            "/nodes/0/router/wait/timeout/category_uuid",
            json!(id(98)),
            format!("{node}invalid router: timeout category {} is not a valid category", id(98)),
        ),
        (
            "/nodes/0/router/cases/0/type",
            json!("has_charm"),
            format!(
                "{node}invalid router: invalid case[uuid={}]: has_charm is not a registered test function",
                id(23)
            ),
        ),
        (
            "/nodes/0/actions/0/uuid",
            json!("zz"),
            "unable to read action[0]: field 'uuid' must be a valid UUID".into(),
        ),
        (
            "/nodes/0/actions",
            json!([{"uuid": id(90), "type": "add_contact_groups"}]),
            "unable to read action[0]: field 'groups' is required".into(),
        ),
        (
            "/nodes/0/actions",
            json!([{"uuid": id(90), "type": "add_contact_urn", "scheme": "pigeon", "path": "1"}]),
            "unable to read action[0]: field 'scheme' is not a valid URN scheme".into(),
        ),
        (
            "/nodes/0/actions",
            json!([{"uuid": id(90), "type": "set_contact_status", "status": "asleep"}]),
            "unable to read action[0]: field 'status' is not a valid contact status".into(),
        ),
        ("/localization/vvv", json!({}), "invalid localization: invalid language code 'vvv'".into()),
        (
            "/localization/xho",
            json!({"somewhere": {}}),
            "invalid localization: invalid translation for 'xho': invalid item uuid 'somewhere'".into(),
        ),
        (
            "/type",
            json!("messaging_background"),
            format!(
                "{node}invalid router: wait type 'msg' is not allowed in a flow of type 'messaging_background'"
            ),
        ),
    ];
    for (pointer, value, expected) in cases {
        let error = read(&with(mood(), pointer, value)).unwrap_err();
        assert_eq!(error.to_string(), expected, "{pointer}");
    }
}

#[test]
fn errors_point_at_the_node() {
    let error = read(&with(mood(), "/nodes/0/router/cases", json!("none"))).unwrap_err();
    assert_eq!(error.node().unwrap().to_string(), id(10));
    assert!(error.to_string().contains(&id(10)), "{error}");
}

#[test]
fn versions_that_are_not_ours_are_refused() {
    let cases = [
        (json!("15.0.0"), "spec version 15.0.0 is newer than 14.4.2"),
        (json!("14.5.0"), "newer than 14.4.2"),
        (json!("12.0"), "no flow of nodes was ever published with spec version 12.0"),
        (json!("new"), "'new' is not a spec version"),
        (Value::Null, "field 'spec_version' is required"),
    ];
    for (version, expected) in cases {
        let error = read(&with(mood(), "/spec_version", version.clone())).unwrap_err();
        assert!(error.to_string().contains(expected), "{version}: {error}");
    }
    assert!(read(&with(mood(), "/spec_version", json!("14.4.9"))).is_ok(), "later patches read like ours");
}

#[test]
fn what_is_no_json_has_a_line_and_a_column() {
    let error = Definition::read(b"{\n  \"uuid\": oops", &mut uuids()).unwrap_err();
    assert!(matches!(error, DefinitionError::Json { line: 2, .. }), "{error}");
    let error = Definition::read(b"{\n\xff", &mut uuids()).unwrap_err();
    assert!(matches!(error, DefinitionError::Json { line: 2, column: 1, .. }), "{error}");
}
