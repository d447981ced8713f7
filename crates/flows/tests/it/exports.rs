//! Exports: what is refused, and what an import of the rest would change.

use std::sync::Arc;

use domain::{Field, FieldType, FieldUuid, Group, GroupUuid};
use flows::FlowType;
use flows::export::{
    Existing, ExistingFlow, ExistingTrigger, Export, Plan, PlannedPoint, TriggerType, Write, plan,
};
use serde_json::{Value, json};

use crate::samples::{id, mood, uuids, with};

/// A small programme: two flows, two triggers, a campaign, a field, a group.
fn programme() -> Value {
    let thanks = json!({"uuid": id(2), "name": "Thanks", "spec_version": "13.1.0", "language": "eng", "type": "messaging",
        "nodes": [{"uuid": id(80), "actions": [{"uuid": id(81), "type": "add_contact_groups",
            "groups": [{"uuid": id(60), "name": "Mothers"}]}], "exits": [{"uuid": id(82)}]}]});
    let flow = json!({"uuid": id(1), "name": "Mood"});
    let group = json!({"uuid": id(60), "name": "Mothers", "query": ""});
    json!({"version": "13", "site": "https://example.org", "flows": [mood(), thanks],
        "triggers": [
            {"trigger_type": "K", "keyword": "Mood", "flow": flow, "groups": [group], "channel": null},
            {"trigger_type": "C", "flow": flow, "groups": []},
            {"trigger_type": "S", "flow": flow}],
        "campaigns": [{"uuid": id(90), "name": "Visits", "group": group, "events": [
            {"uuid": id(91), "offset": -3, "unit": "D", "event_type": "F", "delivery_hour": 9, "flow": flow,
                "relative_to": {"key": "due_date", "label": "Due date"}},
            {"uuid": id(92), "offset": 1, "unit": "W", "event_type": "M", "message": "{\"base\": \"Well done\"}",
                "relative_to": {"key": "created_on", "label": "Created on"}, "start_mode": "S"}]}],
        "fields": [{"key": "mood", "name": "Mood", "type": "text"}],
        "groups": [group]})
}

fn planned(export: &Value, existing: &Existing) -> Plan {
    let mut uuids = uuids();
    let export = Export::read(export.to_string().as_bytes(), &mut uuids).expect("an export");
    plan(&export, existing, &mut uuids).expect("a plan")
}

/// What a workspace has once a plan is written.
fn written(plan: &Plan) -> Existing {
    let flow = |planned: &flows::export::PlannedFlow| ExistingFlow {
        uuid: planned.definition.uuid,
        name: planned.definition.name.clone(),
        flow_type: planned.definition.flow_type,
        archived: false,
        revision: planned.definition.revision,
        definition: Arc::clone(planned.definition.json()),
    };
    let trigger = |(place, planned): (usize, &flows::export::PlannedTrigger)| ExistingTrigger {
        id: place as i64,
        trigger_type: planned.trigger_type,
        flow: planned.flow,
        keywords: planned.keywords.clone(),
        only_word: planned.only_word,
        groups: planned.groups.clone(),
        exclude_groups: planned.exclude_groups.clone(),
        channel: planned.channel,
    };
    let groups =
        plan.groups.iter().map(|g| Group { uuid: g.uuid, name: g.name.clone(), query: g.query.clone() });
    let fields = plan.fields.iter().map(|f| Field {
        uuid: FieldUuid::default(),
        key: f.key.clone(),
        name: f.name.clone(),
        field_type: f.field_type,
    });
    Existing {
        fields: fields.collect(),
        groups: groups.collect(),
        flows: plan.flows.iter().map(flow).collect(),
        triggers: plan.triggers.iter().enumerate().map(trigger).collect(),
        ..Existing::default()
    }
}

#[test]
fn what_cannot_be_imported_is_refused_with_its_place() {
    let ancient = "{\"version\": 2,\n \"flows\": []}";
    let cases = [
        ("{\n\"version\": \"13\",\n\"flows\": [ }", "line 3, column 12: this is not JSON"),
        ("[]", "line 1, column 1: this is not a workspace export: it is not a JSON object"),
        ("\n \"text\"", "line 2, column 2: this is not a workspace export"),
        ("{\"flows\": []}", "it has no 'version'"),
        ("{\"uuid\": \"x\"}", "neither 'version' nor 'flows'"),
        ("{\"version\":\n \"14\"}", "line 2, column 2: this export is of version 14, newer than 13"),
        ("{\"version\": \"soon\"}", "not a number such as \"13\""),
        ("{\"version\": \"13\", \"flows\": 4}", "this is not a workspace export"),
        (
            "{\"version\": 13,\n\n\"triggers\": [{\"keywords\": 5}]}",
            "line 3, column 14: a trigger cannot be read",
        ),
        (ancient, "line 1, column 13: this export is of version 2, older than 3"),
    ];
    for (text, expected) in cases {
        let error = Export::read(text.as_bytes(), &mut uuids()).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}\n gave {error}");
    }
    let broken = with(programme(), "/flows/0/nodes/0/router/default_category_uuid", json!(id(98)));
    let mut uuids = uuids();
    let export = Export::read(broken.to_string().as_bytes(), &mut uuids).unwrap();
    let error = plan(&export, &Existing::default(), &mut uuids).unwrap_err().to_string();
    assert!(error.contains("flow 'Mood' cannot be read: invalid node"), "{error}");
}

#[test]
fn an_empty_workspace_gets_everything_under_its_own_identifiers() {
    let plan = planned(&programme(), &Existing::default());
    let report = &plan.report;
    assert_eq!((report.flows.created, report.fields.created, report.groups.created), (2, 2, 1));
    assert_eq!((report.triggers.created, report.campaigns.created, report.campaign_events), (2, 1, 2));
    assert_eq!(report.skipped.len(), 1, "schedules: {:?}", report.skipped);
    assert!(report.unresolved.is_empty(), "{:?}", report.unresolved);
    assert_eq!(plan.flows[0].definition.uuid.to_string(), id(1));
    assert_eq!(plan.flows[1].definition.expire_after_minutes, 4320, "an expiry that nobody gave");
    assert_eq!(plan.groups[0].query, None, "an empty query is none");
    assert_eq!(plan.fields[1].field_type, FieldType::Datetime, "campaigns count from dates");
    assert_eq!(plan.triggers[0].keywords, ["mood"]);
    let PlannedPoint::Message { texts, base_language } = &plan.campaigns[0].events[1].point else { panic!() };
    assert_eq!((texts["und"].as_str(), base_language.as_str()), ("Well done", "und"));
}

#[test]
fn the_same_export_again_changes_nothing() {
    let first = planned(&programme(), &Existing::default());
    let again = planned(&programme(), &written(&first));
    assert!(again.flows.iter().all(|flow| flow.write == Write::Keep));
    assert_eq!((again.report.triggers.created, again.report.triggers.unchanged), (0, 2));
    assert!(again.archived_triggers.is_empty());
}

#[test]
fn a_changed_flow_gets_the_next_revision() {
    let first = planned(&programme(), &Existing::default());
    let changed = with(programme(), "/flows/0/nodes/0/actions/0/text", json!("And now?"));
    let plan = planned(&changed, &written(&first));
    assert_eq!((plan.flows[0].write, plan.flows[0].definition.revision), (Write::Update, 2));
    assert_eq!(plan.flows[1].write, Write::Keep);
}

#[test]
fn identifiers_that_others_have_are_replaced_everywhere() {
    let export = programme();
    let mut draw = uuids();
    let read = Export::read(export.to_string().as_bytes(), &mut draw).unwrap();
    let existing = Existing { taken: read.identifiers().into_iter().collect(), ..Existing::default() };
    let plan = plan(&read, &existing, &mut draw).unwrap();
    assert!(plan.report.unresolved.is_empty(), "{:?}", plan.report.unresolved);
    for flow in &plan.flows {
        for old in [id(1), id(2), id(60)] {
            assert!(!flow.definition.json().contains(&old), "{} still names {old}", flow.definition.name);
        }
    }
    assert_eq!(plan.triggers[0].flow, plan.flows[0].definition.uuid);
    assert!(plan.triggers[0].groups.contains(&plan.groups[0].uuid));
}

#[test]
fn names_decide_where_identifiers_do_not() {
    let known = ExistingFlow {
        uuid: id(500).parse().unwrap(),
        name: " mood".into(),
        flow_type: FlowType::Messaging,
        archived: false,
        revision: 7,
        definition: "{}".into(),
    };
    let group: GroupUuid = id(600).parse().unwrap();
    let existing = Existing {
        flows: vec![
            known,
            ExistingFlow {
                uuid: id(501).parse().unwrap(),
                name: "Thanks".into(),
                flow_type: FlowType::Voice,
                archived: false,
                revision: 1,
                definition: "{}".into(),
            },
        ],
        groups: vec![Group { uuid: group, name: "MOTHERS".into(), query: None }],
        ..Existing::default()
    };
    let plan = planned(&programme(), &existing);
    let mood = &plan.flows[0];
    assert_eq!(
        (mood.write, mood.definition.uuid.to_string(), mood.definition.revision),
        (Write::Update, id(500), 8)
    );
    let thanks = &plan.flows[1];
    assert_eq!((thanks.write, thanks.definition.name.as_str()), (Write::Create, "Thanks 2"), "another type");
    assert!(thanks.definition.json().contains(&group.to_string()));
    assert!(mood.definition.json().contains("Thanks 2"), "references carry the new name");
    assert_eq!(plan.report.renamed.len(), 1);
}

#[test]
fn what_stays_as_the_workspace_has_it_is_told() {
    let mut export = programme();
    let existing = written(&planned(&export, &Existing::default()));
    let left_out = planned(&export, &existing).report.skipped.len();
    export["fields"][0]["type"] = "number".into();
    export["groups"][0]["query"] = "mood = 3".into();
    let plan = planned(&export, &existing);
    let told: Vec<&str> =
        plan.report.skipped[left_out..].iter().map(|skipped| skipped.what.as_str()).collect();
    assert_eq!(told, ["the type of field 'mood'", "the query of group 'Mothers'"]);
    assert_eq!(plan.fields[0].field_type, FieldType::Text);
}

#[test]
fn items_that_are_null_are_no_items() {
    let mut export = programme();
    for list in ["flows", "triggers", "campaigns", "fields", "groups"] {
        export[list].as_array_mut().expect("a list").insert(0, Value::Null);
    }
    let (with_nulls, without) =
        (planned(&export, &Existing::default()), planned(&programme(), &Existing::default()));
    assert_eq!(with_nulls.report, without.report);
    export["campaigns"][0] = "Visits".into();
    let error = Export::read(export.to_string().as_bytes(), &mut uuids()).unwrap_err().to_string();
    assert!(
        error.contains("a campaign cannot be read: invalid type: string") && !error.contains("Raw"),
        "{error}"
    );
}

#[test]
fn what_is_not_there_is_named_with_who_needs_it() {
    let mut export = programme();
    export["flows"].as_array_mut().unwrap().pop();
    export["fields"] = json!([]);
    export["flows"][0]["nodes"][0]["exits"][1]["destination_uuid"] = json!(id(999));
    let plan = planned(&export, &Existing::default());
    let found: Vec<String> = plan
        .report
        .unresolved
        .iter()
        .map(|missing| {
            format!("{} {} {}", missing.dependency.kind.name(), missing.dependency.id, missing.needed_by[0])
        })
        .collect();
    assert_eq!(found, ["field mood flow 'Mood'".to_owned(), format!("flow {} flow 'Mood'", id(2))]);
    assert_eq!(plan.report.repaired.len(), 1, "an exit to nowhere");
    let text = plan.report.to_string();
    assert!(text.contains("not there: field mood") && text.contains("mended: flow 'Mood'"), "{text}");
}

#[test]
fn new_triggers_take_the_place_of_old_ones() {
    let first = planned(&programme(), &Existing::default());
    let mut existing = written(&first);
    existing.triggers[0].flow = id(2).parse().unwrap();
    existing.triggers[0].keywords = vec!["joy".into(), "mood".into()];
    existing.triggers[1].trigger_type = TriggerType::NewConversation;
    let plan = planned(&programme(), &existing);
    assert_eq!(plan.archived_triggers, [0]);
    assert_eq!(plan.triggers.len(), 2);
}
