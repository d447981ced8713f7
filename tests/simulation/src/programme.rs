//! The flows of the simulated programme. Each reply repeats the text that it answers, and each message that is handled
//! raises a counter of its person, so that a lost, doubled or misordered effect shows in what is said.

use std::sync::Arc;

use domain::{FieldId, FieldType, FieldUuid, FlowId, TriggerId, WorkspaceId};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{Change, DefinitionChange, FieldRow, FlowRow, RevisionRow, Store, TriggerRow, Unit};
use uuid::Uuid;

/// Seconds that the flow behind `ask` waits for an answer.
pub const WAIT_SECONDS: u64 = 20;
/// Where the web service is.
pub const SERVICE: &str = "http://service.example/hook";

const TWO_QUESTIONS: &str = include_str!("../../../testdata/drill/two_questions.json");

/// Identifiers in order of asking.
struct Ids(u128);

impl Ids {
    fn next(&mut self) -> Uuid {
        self.0 += 1;
        uuid::Builder::from_random_bytes((0x5eed_u128 << 96 | self.0).to_be_bytes()).into_uuid()
    }
}

fn say(ids: &mut Ids, text: &str) -> Value {
    json!({"type": "send_msg", "uuid": ids.next(), "text": text, "attachments": []})
}

fn count(ids: &mut Ids) -> Value {
    json!({"type": "set_contact_field", "uuid": ids.next(), "field": {"key": "count", "name": "Count"},
        "value": "@(if(fields.count = \"\", 0, fields.count) + 1)"})
}

/// A flow of one node.
fn one_node(ids: &mut Ids, name: &str, kind: &str, actions: Vec<Value>, ui: Value) -> Value {
    let (flow, node, exit) = (ids.next(), ids.next(), ids.next());
    json!({
        "uuid": flow, "name": name, "spec_version": "14.4.2", "language": "eng", "type": kind,
        "revision": 1, "expire_after_minutes": 60, "localization": {},
        "nodes": [{"uuid": node, "actions": actions, "exits": [{"uuid": exit, "destination_uuid": null}]}],
        "_ui": {"nodes": {node.to_string(): {"position": {"left": 0, "top": 0}, "config": {"seedling": ui}}}},
    })
}

/// Says that it asks, waits for a word with a time-out, and says what came of it.
fn ask(ids: &mut Ids) -> Value {
    let [flow, first, wait, answered, late] = [(); 5].map(|()| ids.next());
    let [e1, e2, e3, e4, e5, other, none] = [(); 7].map(|()| ids.next());
    let asked = json!({"type": "set_run_result", "uuid": ids.next(), "name": "asked", "value": "@input.text",
        "category": ""});
    let asking = [count(ids), asked, say(ids, "asked #@fields.count @input.text")];
    let answering = [count(ids), say(ids, "answered #@fields.count @input.text")];
    let missing = [say(ids, "late @results.asked")];
    json!({
        "uuid": flow, "name": "Ask", "spec_version": "14.4.2", "language": "eng", "type": "messaging",
        "revision": 1, "expire_after_minutes": 60, "localization": {},
        "nodes": [
            {"uuid": first, "actions": asking, "exits": [{"uuid": e1, "destination_uuid": wait}]},
            {"uuid": wait, "actions": [], "router": {
                "type": "switch", "operand": "@input.text", "cases": [],
                "wait": {"type": "msg", "timeout": {"seconds": WAIT_SECONDS, "category_uuid": none}},
                "categories": [{"uuid": other, "name": "Other", "exit_uuid": e2},
                               {"uuid": none, "name": "No Response", "exit_uuid": e3}],
                "default_category_uuid": other},
             "exits": [{"uuid": e2, "destination_uuid": answered}, {"uuid": e3, "destination_uuid": late}]},
            {"uuid": answered, "actions": answering, "exits": [{"uuid": e4, "destination_uuid": null}]},
            {"uuid": late, "actions": missing, "exits": [{"uuid": e5, "destination_uuid": null}]},
        ],
    })
}

/// The flows with the keyword of each; an empty one is the catch-all, none is started by other flows and jobs.
fn flows() -> Vec<(Value, Option<&'static str>)> {
    let ids = &mut Ids(0);
    let none = || json!({});
    let notice = [say(ids, "notice @trigger.params.token")];
    let notice = one_node(ids, "Notice", "messaging_background", notice.to_vec(), none());
    let reminded = [say(ids, "reminder @trigger.params.token")];
    let reminded = one_node(ids, "Reminded", "messaging_background", reminded.to_vec(), none());
    let tally = vec![count(ids), say(ids, "tally #@fields.count @input.text")];
    let tally = one_node(ids, "Tally", "messaging", tally, none());
    let (before, after) = (say(ids, "first #@fields.count @input.text"), say(ids, "second @input.text"));
    let pause = json!({"messages": {after["uuid"].as_str().unwrap_or_default(): {"pause_seconds": 3}}});
    let pair = vec![count(ids), before, after];
    let pair = one_node(ids, "Pair", "messaging", pair, pause);
    let hook = json!({"type": "call_webhook", "uuid": ids.next(), "method": "POST", "url": SERVICE,
        "headers": {}, "body": "@input.text"});
    let hook = vec![
        count(ids),
        say(ids, "calling #@fields.count @input.text"),
        hook,
        say(ids, "hooked @input.text"),
    ];
    let hook = one_node(ids, "Hook", "messaging", hook, none());
    let remind = vec![count(ids), say(ids, "noted #@fields.count @input.text")];
    let step = json!({"steps": [{"uuid": ids.next(), "type": "set_reminder", "key": "@input.text",
        "at": "@(datetime_add(now(), 65, \"s\"))", "flow": {"uuid": reminded["uuid"], "name": "Reminded"},
        "params": {"token": "@input.text"}}]});
    let remind = one_node(ids, "Remind", "messaging", remind, step);
    let stop = vec![
        count(ids),
        say(ids, "goodbye #@fields.count @input.text"),
        json!({"type": "set_contact_status", "uuid": ids.next(), "status": "stopped"}),
    ];
    let stop = one_node(ids, "Stop", "messaging", stop, none());
    let questions: Value = serde_json::from_str(TWO_QUESTIONS).expect("a file of this repository");
    vec![
        (notice, None),
        (reminded, None),
        (tally, Some("")),
        (pair, Some("pair")),
        (hook, Some("hook")),
        (remind, Some("remind")),
        (stop, Some("stop")),
        (ask(ids), Some("ask")),
        (questions["flows"][0].clone(), Some("join")),
    ]
}

/// The identifier of the flow that jobs start.
pub fn notice() -> domain::FlowUuid {
    let (flow, _) = &flows()[0];
    flow["uuid"].as_str().and_then(|uuid| uuid.parse().ok()).expect("written above")
}

/// Writes the programme into a workspace.
///
/// # Panics
/// When the store does not take it: it is written before any fault.
pub async fn write(store: &Store, workspace: WorkspaceId, now: Timestamp) {
    let mut changes = Vec::new();
    for (key, name) in [("count", "Count"), ("age", "Age")] {
        changes.push(DefinitionChange::Field(FieldRow {
            id: FieldId(store.ids().next(now)),
            uuid: FieldUuid(Ids(store.ids().next(now).unsigned_abs().into()).next()),
            key: key.into(),
            name: name.into(),
            field_type: FieldType::Number,
        }));
    }
    for (definition, keyword) in flows() {
        let text = |key: &str| definition[key].as_str().unwrap_or_default().to_owned();
        let flow = FlowRow {
            id: FlowId(store.ids().next(now)),
            uuid: text("uuid").parse().expect("written above"),
            name: text("name").into(),
            flow_type: text("type").into(),
            expire_after_minutes: definition["expire_after_minutes"].as_i64().unwrap_or(60),
            ignore_triggers: false,
            revision: 1,
            archived: false,
            created_on: now,
            modified_on: now,
        };
        let definition = Arc::from(definition.to_string());
        let revision = RevisionRow { flow: flow.id, revision: 1, definition, created_on: now };
        let trigger = keyword.map(|word| TriggerRow {
            id: TriggerId(store.ids().next(now)),
            trigger_type: if word.is_empty() { "C" } else { "K" }.into(),
            flow: flow.id,
            keywords: Some(word).filter(|word| !word.is_empty()).into_iter().map(Into::into).collect(),
            match_type: Some("F".into()).filter(|_| !word.is_empty()),
            include_groups: Vec::new(),
            exclude_groups: Vec::new(),
            channel: None,
            detail: Value::Null,
            archived: false,
            created_on: now,
        });
        changes.push(DefinitionChange::Flow(flow));
        changes.push(DefinitionChange::Revision(revision));
        changes.extend(trigger.map(DefinitionChange::Trigger));
    }
    let changes = changes.into_iter().map(|change| Change::Definition(workspace, change)).collect();
    store.write_one(Unit::new(changes)).await.expect("a store without faults");
}
