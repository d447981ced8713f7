//! The import of exports into a real store: whole or not at all, and the same again changes nothing.

use operations::{ImportError, NewWorkspace, create_workspace, import_export};
use serde_json::{Value, json};

use crate::flow_files::{id, registration};
use crate::world::World;

pub fn programme(greeting: &str) -> Value {
    let flow = json!({"uuid": id(0x9000), "name": "Registration"});
    let group = json!({"uuid": id(0x9900), "name": "Mothers", "query": null});
    json!({"version": "13", "site": "https://example.org",
        "flows": [registration(0x9000, greeting)],
        "triggers": [{"trigger_type": "K", "keyword": "join", "flow": flow, "groups": [group]}],
        "campaigns": [{"uuid": id(0x9901), "name": "Visits", "group": group, "events": [
            {"uuid": id(0x9902), "offset": -3, "unit": "D", "event_type": "F", "delivery_hour": 9, "flow": flow,
                "relative_to": {"key": "due_date", "label": "Due date"}}]}],
        "fields": [{"key": "age", "name": "Age", "type": "number"}],
        "groups": [group]})
}

async fn import(world: &World, export: &Value) -> Result<flows::export::ImportReport, ImportError> {
    import_export(&world.ctx, world.workspace.id, export.to_string().into_bytes()).await
}

#[tokio::test]
async fn an_export_is_written_with_everything_that_belongs_together() {
    let world = World::new().await;
    let report = import(&world, &programme("Welcome")).await.unwrap();
    assert_eq!((report.flows.created, report.triggers.created, report.campaign_events), (1, 1, 1));
    let kept = world.ctx.store.definitions(world.workspace.id).await.unwrap().unwrap();
    let flow = kept.flows.iter().find(|flow| flow.uuid.0 == id(0x9000)).unwrap();
    let group = kept.groups.iter().find(|group| group.uuid.0 == id(0x9900)).unwrap();
    let trigger = kept.triggers.iter().find(|trigger| trigger.flow == flow.id).unwrap();
    assert_eq!((trigger.keywords[0].as_str(), trigger.include_groups.as_slice()), ("join", &[group.id][..]));
    assert_eq!(kept.campaign_events[0].flow, Some(flow.id));
    assert!(kept.fields.iter().any(|field| field.key == "due_date"));
    let loaded = world.ctx.registry.workspace(&world.ctx, world.workspace.id).await.unwrap().unwrap();
    assert!(loaded.assets.flow(flow.uuid).is_some(), "it runs");
}

#[tokio::test]
async fn the_same_again_changes_nothing_and_a_change_is_a_revision() {
    let world = World::new().await;
    import(&world, &programme("Welcome")).await.unwrap();
    let again = import(&world, &programme("Welcome")).await.unwrap();
    assert_eq!((again.flows.unchanged, again.triggers.unchanged, again.triggers.created), (1, 1, 0));
    let changed = import(&world, &programme("Good day")).await.unwrap();
    assert_eq!(changed.flows.updated, 1);
    let kept = world.ctx.store.definitions(world.workspace.id).await.unwrap().unwrap();
    let flow = kept.flows.iter().find(|flow| flow.uuid.0 == id(0x9000)).unwrap();
    assert_eq!(flow.revision, 2);
    assert_eq!(kept.campaign_events.len(), 1, "points of a campaign are replaced");
    for revision in [1, 2] {
        let row = world.ctx.store.revision(world.workspace.id, flow.id, revision).await.unwrap();
        assert!(row.is_some(), "running conversations keep revision {revision}");
    }
}

#[tokio::test]
async fn what_is_refused_leaves_no_trace() {
    let world = World::new().await;
    let before = world.ctx.store.definitions(world.workspace.id).await.unwrap().unwrap();
    let mut export = programme("Welcome");
    export["flows"][0]["nodes"][0]["exits"] = json!([]);
    let error = import(&world, &export).await.unwrap_err();
    assert!(matches!(error, ImportError::Export(_)), "{error}");
    let after = world.ctx.store.definitions(world.workspace.id).await.unwrap().unwrap();
    assert_eq!(after.workspace.definitions_version, before.workspace.definitions_version);
    assert_eq!((after.flows.len(), after.fields.len()), (before.flows.len(), before.fields.len()));
}

#[tokio::test]
async fn two_workspaces_import_the_same_export() {
    let world = World::new().await;
    import(&world, &programme("Welcome")).await.unwrap();
    let new = NewWorkspace {
        name: "Second".into(),
        timezone: "UTC".into(),
        country: None,
        languages: vec!["eng".into()],
        date_format: "DD-MM-YYYY".into(),
    };
    let second = create_workspace(&world.ctx, new).await.unwrap();
    let bytes = programme("Welcome").to_string().into_bytes();
    let report = import_export(&world.ctx, second.id, bytes.clone()).await.unwrap();
    assert_eq!(report.flows.created, 1);
    let kept = world.ctx.store.definitions(second.id).await.unwrap().unwrap();
    assert_ne!(kept.flows[0].uuid.0, id(0x9000), "the first has that identifier");
    assert_eq!(kept.triggers[0].flow, kept.flows[0].id);
    let again = import_export(&world.ctx, second.id, bytes).await.unwrap();
    assert_eq!((again.flows.unchanged, again.triggers.unchanged), (1, 1));
}
