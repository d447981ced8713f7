//! Conversations keep the revision of a flow that they began with, and new ones get the new one.

use operations::import_export;
use serde_json::{Value, json};

use crate::flow_files::{id, registration};
use crate::world::World;

const ANN: &str = "+254700000001";
const BEN: &str = "+254700000002";
const FLOW: u128 = 0x9000;

/// An export with the registration flow, which asks for the age in these words.
fn export(question: &str) -> Value {
    let flow = registration(FLOW, "Welcome").to_string().replace("How old are you", question);
    let flow: Value = serde_json::from_str(&flow).unwrap();
    json!({"version": "13", "site": "https://example.org", "flows": [flow], "campaigns": [], "fields": [], "groups": [],
        "triggers": [{"trigger_type": "C", "flow": {"uuid": id(FLOW), "name": "Registration"}, "groups": [],
            "exclude_groups": [], "keywords": null}]})
}

/// The same without the node that waits for the name.
fn without_question() -> Value {
    let mut export = export("How old are you");
    let greeting = json!([{"uuid": id(FLOW + 0x900), "actions": [{"uuid": id(FLOW + 0x901), "type": "send_msg",
        "text": "We are closed."}], "exits": [{"uuid": id(FLOW + 0x902)}]}]);
    export["flows"][0]["nodes"] = greeting;
    export
}

async fn import(world: &World, export: &Value) {
    import_export(&world.ctx, world.workspace.id, export.to_string().into_bytes()).await.unwrap();
}

#[tokio::test]
async fn who_began_goes_on_in_the_old_revision_and_who_begins_gets_the_new_one() {
    let world = World::new().await;
    import(&world, &export("How old are you")).await;
    assert_eq!(world.hears(ANN, "hi").await, ["Welcome"]);
    import(&world, &export("What is your age")).await;
    assert_eq!(world.hears(BEN, "hi").await, ["Welcome"]);
    assert_eq!(world.hears(ANN, "Ann").await, ["How old are you, Ann?"]);
    assert_eq!(world.hears(BEN, "Ben").await, ["What is your age, Ben?"]);
    // Not only because it was still in memory.
    let world = world.restarted();
    import(&world, &without_question()).await;
    assert_eq!(world.hears(ANN, "30").await, ["Thank you, Ann, aged 30."]);
    assert_eq!(world.hears(BEN, "31").await, ["Thank you, Ben, aged 31."]);
    assert_eq!(world.hears(ANN, "hi").await, ["We are closed."]);
}

#[tokio::test]
async fn nobody_is_stuck_where_a_revision_is_lost() {
    let world = World::new().await;
    import(&world, &export("How old are you")).await;
    world.hears(ANN, "hi").await;
    world.hears(BEN, "hi").await;
    import(&world, &export("What is your age")).await;
    world.damage("DELETE FROM flow_revision WHERE revision = 1");
    // The live revision has the node where they are: they go on there.
    let world = world.restarted();
    assert_eq!(world.hears(ANN, "Ann").await, ["What is your age, Ann?"]);
    // It has not: the run fails, and the next message begins anew.
    import(&world, &without_question()).await;
    world.damage("DELETE FROM flow_revision WHERE revision = 2");
    let world = world.restarted();
    assert_eq!(world.hears(BEN, "Ben").await, Vec::<String>::new());
    let session = world.conversation(BEN).await.unwrap().contact.session;
    assert_eq!(session, None, "the session has ended");
    assert_eq!(world.hears(BEN, "hi").await, ["We are closed."]);
}
