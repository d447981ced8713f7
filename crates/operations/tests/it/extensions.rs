//! What flows have beyond the specification, kept: pauses, waits that collect, reminders, outcomes, windows.

use jiff::SignedDuration;
use operations::{claim_outbox, fire_timers, stop_contact};
use serde_json::{Value, json};
use store::TimerKind;

use crate::{
    flow_files::{doing, greeting, id, lookup, registration},
    world::{World, texts},
};

const PERSON: &str = "+254700000001";

/// A flow with an extension at its first node.
fn extended(mut flow: Value, extension: Value) -> Value {
    let node = flow["nodes"][0]["uuid"].as_str().unwrap().to_owned();
    flow["_ui"]["nodes"][node]["config"]["seedling"] = extension;
    flow
}

/// The n-th action of a flow made with `doing`.
fn action(flow: u128, place: u128) -> String {
    id(flow + 0x110 + place).to_string()
}

fn says(texts: &[&str]) -> Vec<Value> {
    let say = |text: &&str| json!({"type": "send_msg", "text": text, "attachments": [], "quick_replies": []});
    texts.iter().map(say).collect()
}

/// What may leave now, as the dispatcher asks.
async fn leaves(world: &World) -> Vec<String> {
    texts(&claim_outbox(&world.ctx, 100, |_, _| 100).await.unwrap().claimed.items)
}

/// Three messages, the second and third after pauses of 3 and 5 seconds.
async fn paused() -> World {
    let world = World::new().await;
    let pauses = json!({"messages": {
        action(1, 2): {"pause_seconds": 3}, action(1, 3): {"pause_seconds": 5}}});
    let flow = world.add_flow(&extended(doing(1, "Story", &says(&["one", "two", "three"])), pauses)).await;
    let mut keyword = world.trigger("K", flow);
    keyword.keywords = vec!["story".into()];
    world.add_trigger(keyword).await;
    let other = world.add_flow(&greeting(0x2000, "Other", "At once.")).await;
    world.add_trigger(world.trigger("C", other)).await;
    world
}

#[tokio::test]
async fn messages_leave_after_their_pauses_and_nothing_overtakes_them() {
    let world = paused().await;
    assert_eq!(world.hears(PERSON, "story").await, ["one"]);
    let queued = world.messages(PERSON).await;
    let leave = |place: usize| {
        queued[place].leaves_on.map(|at| at.duration_since(world.ctx.now()).as_secs_f64().ceil())
    };
    assert_eq!((leave(1), leave(2), leave(3)), (None, Some(3.0), Some(8.0)));
    world.host.forward(2);
    assert_eq!(world.hears(PERSON, "hello?").await, Vec::<String>::new(), "the reply waits behind the story");
    assert_eq!(leaves(&world).await, Vec::<String>::new());
    world.host.forward(1);
    assert_eq!(leaves(&world).await, ["two"]);
    let world = world.restarted();
    world.host.forward(4);
    assert_eq!(leaves(&world).await, Vec::<String>::new());
    world.host.forward(1);
    assert_eq!(leaves(&world).await, ["three", "At once."]);
}

#[tokio::test]
async fn who_opts_out_gets_nothing_that_still_pauses() {
    let world = paused().await;
    world.hears(PERSON, "story").await;
    let contact = world.conversation(PERSON).await.unwrap().contact.id;
    stop_contact(&world.ctx, world.workspace.id, contact, "the contact opted out").await.unwrap();
    world.host.forward(60);
    assert_eq!(leaves(&world).await, Vec::<String>::new());
    let last = world.transcript(PERSON).await;
    assert_eq!(last[2..], ["out failed two", "out failed three"]);
    world.assert_counts_true().await;
}

#[tokio::test]
async fn a_wait_in_seconds_counts_from_the_last_pause() {
    let world = World::new().await;
    let mut flow = registration(1, "Hello! What is your name?");
    let first = flow["nodes"][0]["actions"][0]["uuid"].as_str().unwrap().to_owned();
    flow["nodes"][1]["router"]["wait"]["timeout"] =
        json!({"seconds": 7, "category_uuid": flow["nodes"][1]["router"]["categories"][0]["uuid"]});
    let flow = extended(flow, json!({"messages": {first: {"pause_seconds": 4}}}));
    let flow = world.add_flow(&flow).await;
    world.add_trigger(world.trigger("C", flow)).await;
    world.hears(PERSON, "hi").await;
    let due = world.ctx.store.due_timers(world.ctx.now() + SignedDuration::from_hours(9), 9).await.unwrap();
    let timeout = due.iter().find(|timer| timer.kind == TimerKind::WaitTimeout).unwrap();
    assert_eq!(timeout.due.duration_since(world.ctx.now()).as_secs_f64().ceil(), 11.0);
}

#[tokio::test]
async fn a_wait_that_collects_goes_on_by_its_timer_after_a_restart() {
    let world = World::new().await;
    let mut flow = registration(1, "Hello! What is your name?");
    let ask = flow["nodes"][1]["uuid"].as_str().unwrap().to_owned();
    flow["_ui"]["nodes"][ask]["config"]["seedling"] = json!({"collect": {"quiet_seconds": 20}});
    let flow = world.add_flow(&flow).await;
    world.add_trigger(world.trigger("C", flow)).await;
    world.hears(PERSON, "hi").await;
    for text in ["Amina", "Wanjiru"] {
        assert_eq!(world.hears(PERSON, text).await, Vec::<String>::new());
        world.host.forward(19);
    }
    let world = world.restarted();
    assert_eq!(fire_timers(&world.ctx, 9).await.unwrap().value.went_on, 0);
    world.host.forward(1);
    let fired = fire_timers(&world.ctx, 9).await.unwrap();
    assert_eq!(fired.value.went_on, 1);
    assert_eq!(texts(&fired.outbox), ["How old are you, Amina\nWanjiru?"]);
}

/// A flow that sets a reminder two hours ahead, under a key, for flow 0x2000.
fn reminding(step: &Value) -> Value {
    let mut set = json!({"uuid": id(0x50), "type": "set_reminder", "key": "visit",
        "at": "@(datetime_add(now(), 2, \"h\"))", "flow": {"uuid": id(0x2000), "name": "Visit"},
        "params": {"clinic": "Gulu"}});
    for (key, value) in step.as_object().unwrap() {
        set[key] = value.clone();
    }
    extended(doing(1, "Setting", &says(&["Noted."])), json!({"steps": [set]}))
}

async fn remembering(step: Value) -> World {
    let world = World::new().await;
    let flow = world.add_flow(&reminding(&step)).await;
    world.add_flow(&greeting(0x2000, "Visit", "Visit @trigger.params.clinic (@trigger.origin)")).await;
    world.add_trigger(world.trigger("C", flow)).await;
    world
}

#[tokio::test]
async fn a_reminder_fires_once_and_a_new_one_takes_its_place() {
    let world = remembering(json!({})).await;
    world.hears(PERSON, "hi").await;
    world.host.forward(3_600);
    world.hears(PERSON, "again").await;
    let contact = world.conversation(PERSON).await.unwrap().contact.id;
    let reminders = world.ctx.store.contact_reminders(world.workspace.id, contact).await.unwrap();
    assert_eq!(reminders.len(), 1);
    let world = world.restarted();
    world.host.forward(7_199);
    assert_eq!(texts(&fire_timers(&world.ctx, 9).await.unwrap().outbox), Vec::<String>::new());
    world.host.forward(1);
    assert_eq!(texts(&fire_timers(&world.ctx, 9).await.unwrap().outbox), ["Visit Gulu (reminder)"]);
    world.host.forward(100_000);
    assert_eq!(texts(&fire_timers(&world.ctx, 9).await.unwrap().outbox), Vec::<String>::new());
    assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), None);
}

#[tokio::test]
async fn who_opts_out_is_not_reminded() {
    let world = remembering(json!({})).await;
    world.hears(PERSON, "hi").await;
    let contact = world.conversation(PERSON).await.unwrap().contact.id;
    stop_contact(&world.ctx, world.workspace.id, contact, "the contact opted out").await.unwrap();
    assert_eq!(world.ctx.store.contact_reminders(world.workspace.id, contact).await.unwrap(), []);
    assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), None);
}

#[tokio::test]
async fn a_contact_has_so_many_reminders_and_no_more() {
    let world = remembering(json!({"key": "@contact.last_seen_on"})).await;
    for _ in 0..52 {
        world.host.forward(1);
        world.hears(PERSON, "hi").await;
    }
    let contact = world.conversation(PERSON).await.unwrap().contact.id;
    let reminders = world.ctx.store.contact_reminders(world.workspace.id, contact).await.unwrap();
    assert_eq!(reminders.len(), store::MAX_REMINDERS);
    let events = world.ctx.store.contact_events(world.workspace.id, contact, 1_000).await.unwrap();
    let refused = events.iter().filter(|(kind, body)| kind == "error" && body.contains("has 50 already"));
    assert_eq!(refused.count(), 2);
}

#[tokio::test]
async fn outcomes_are_rows_with_counts() {
    let world = World::new().await;
    let step = json!({"steps": [{"uuid": id(0x50), "type": "record_outcome", "name": "Registered",
        "value": "@(if(contact.first_name = \"\", \"no name\", \"named\"))", "ticket": true}]});
    let flow = world.add_flow(&extended(doing(1, "Registering", &says(&["Done."])), step)).await;
    world.add_trigger(world.trigger("C", flow)).await;
    for person in [PERSON, PERSON, "+254700000002"] {
        world.hears(person, "hi").await;
    }
    let rows = world.ctx.store.outcomes(world.workspace.id, Default::default(), 10).await.unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!((rows[0].name.as_str(), rows[0].flow, rows[0].ticket), ("Registered", flow, None));
    let counts = world.ctx.store.outcome_counts(world.workspace.id).await.unwrap();
    assert_eq!((counts.len(), counts[0].count, counts[0].value.as_str()), (1, 3, "no name"));
}

#[tokio::test]
async fn a_flow_starts_before_the_window_closes_and_each_message_moves_it_on() {
    let world = World::new().await;
    let group = world.add_group(7, "Finished").await;
    let flow = world.add_flow(&greeting(0x3000, "Hello", "Hello.")).await;
    world.add_trigger(world.trigger("C", flow)).await;
    world.hears(PERSON, "before there is such a flow").await;
    assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), None);
    let mut nudges = [(60, 1_u128), (10, 0x1000)].map(|(minutes, number)| {
        let trigger = json!({"window_trigger": {"minutes_before": minutes,
            "exclude_groups": [{"uuid": id(0x9007), "name": "Finished"}]}});
        extended(doing(number, &format!("Nudge {minutes}"), &says(&[&format!("{minutes} left")])), trigger)
    });
    for nudge in &mut nudges {
        nudge["type"] = json!("messaging_background");
        world.add_flow(nudge).await;
    }
    let fire = async || texts(&fire_timers(&world.ctx, 9).await.unwrap().outbox);
    world.hears(PERSON, "one").await;
    world.host.forward(3_600);
    world.hears(PERSON, "two").await;
    world.host.forward(23 * 3_600 - 1);
    assert_eq!(fire().await, Vec::<String>::new());
    world.host.forward(1);
    assert_eq!(fire().await, ["60 left"]);
    let contact = world.conversation(PERSON).await.unwrap().contact.id;
    let join = store::Change::JoinGroup(world.workspace.id, contact, group, world.ctx.now());
    world.ctx.store.write_one(vec![join].into()).await.unwrap();
    world.host.forward(3_000);
    assert_eq!(fire().await, Vec::<String>::new(), "they have finished");
    assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), None);
}

#[tokio::test]
async fn a_table_is_seen_at_once_and_the_same_again_changes_nothing() {
    let world = World::new().await;
    let flow = world.add_flow(&greeting(1, "Where", "[@tables.clinics[\"gul\"].name]")).await;
    world.add_trigger(world.trigger("C", flow)).await;
    let table = |csv: &str| operations::NewTable {
        workspace: world.workspace.id,
        name: "Clinics".into(),
        key_column: None,
        csv: csv.to_owned(),
    };
    let import = async |csv: &str| operations::import_table(&world.command(), table(csv)).await;
    for (csv, expected) in [
        ("code,name\nGUL,Gulu clinic\n", Ok((1, true, "[Gulu clinic]"))),
        ("code,name\nGUL,Gulu clinic\n", Ok((1, false, "[Gulu clinic]"))),
        ("Code;Name;Beds\nGul;\"Gulu; new\";4\n", Ok((2, true, "[Gulu; new]"))),
        ("code,name\nGUL,one\ngul,two\n", Err("rows 1 and 2 have the same key")),
        ("code,name\nGUL\n", Err("row 1 has 1 cells")),
        ("code,name\nLIR,Lira\n", Ok((3, true, "[]"))),
    ] {
        match (import(csv).await, expected) {
            (Ok(table), Ok((version, changed, said))) => {
                assert_eq!(
                    (table.version, table.changed, table.name.as_str()),
                    (version, changed, "clinics")
                );
                assert_eq!(world.hears(PERSON, "where?").await, [said]);
            }
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (other, expected) => panic!("{other:?} instead of {expected:?}"),
        }
    }
}

#[tokio::test]
async fn a_flow_that_waits_for_an_effect_does_not_move_the_end_of_the_window() {
    let world = World::new().await;
    let ask = world.add_flow(&lookup(0x20_000)).await;
    let mut keyword = world.trigger("K", ask);
    (keyword.keywords, keyword.match_type) = (vec!["clinic".into()], Some("F".into()));
    world.add_trigger(keyword).await;
    let trigger = json!({"window_trigger": {"minutes_before": 1}});
    world.add_flow(&extended(doing(1, "Nudge", &says(&["one minute left"])), trigger)).await;
    world.hears(PERSON, "hello").await;
    let closes = world.ctx.now() + SignedDuration::from_hours(24);
    world.host.forward(24 * 3_600 - 70);
    // Somebody else starts a flow for them that asks a service which does not answer.
    let start = operations::FlowStart {
        workspace: world.workspace.id,
        flow: id(0x20_000).into(),
        params: None,
        user: None,
        origin: None,
        skip_in_a_flow: false,
    };
    let contact = world.conversation(PERSON).await.unwrap().contact.id;
    operations::start_flow(&world.ctx, start, vec![operations::StartTarget::Contact(contact)]).await;
    world.host.forward(11);
    while world.ctx.now() < closes + SignedDuration::from_secs(220) {
        assert_eq!(texts(&fire_timers(&world.ctx, 9).await.unwrap().outbox), Vec::<String>::new());
        world.host.forward(6);
    }
    world.host.forward(60);
    let said = texts(&fire_timers(&world.ctx, 9).await.unwrap().outbox);
    assert_eq!(said, ["We could not find one."], "the window is closed");
    world.host.forward(10);
    assert_eq!(texts(&fire_timers(&world.ctx, 9).await.unwrap().outbox), Vec::<String>::new());
}

#[tokio::test]
async fn reminders_due_together_start_each_once_in_their_order() {
    let world = World::new().await;
    let steps: Vec<Value> = (1..=12_u128)
        .map(|n| {
            json!({"uuid": id(0x5000 + n), "type": "set_reminder", "key": format!("r{n}"),
                "at": "@(datetime_add(now(), 1, \"h\"))", "params": {"n": n.to_string()},
                "flow": {"uuid": id(0x3000), "name": "Reminder"}})
        })
        .collect();
    world.add_flow(&greeting(0x3000, "Reminder", "Reminder @trigger.params.n.")).await;
    let flow =
        world.add_flow(&extended(doing(1, "Plan", &says(&["planned"])), json!({"steps": steps}))).await;
    world.add_trigger(world.trigger("C", flow)).await;
    assert_eq!(world.hears(PERSON, "hi").await, ["planned"]);
    world.host.forward(3_700);
    let mut world = world;
    let mut said = Vec::new();
    for _ in 0..5 {
        said.extend(texts(&fire_timers(&world.ctx, 5).await.unwrap().outbox));
        world = world.restarted();
    }
    let expected: Vec<String> = (1..=12).map(|n| format!("Reminder {n}.")).collect();
    assert_eq!(said, expected);
    assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), None);
}

#[tokio::test]
async fn reminders_do_not_stand_before_somebody_who_is_in_a_conversation() {
    let world = remembering(json!({})).await;
    for person in 2..30 {
        world.hears(&format!("+2547000000{person:02}"), "hi").await;
    }
    let flow = world.add_flow(&registration(0x9_000, "Hello! What is your name?")).await;
    let mut keyword = world.trigger("K", flow);
    keyword.keywords = vec!["join".into()];
    world.add_trigger(keyword).await;
    world.host.forward(7_100);
    world.hears(PERSON, "join").await;
    world.hears(PERSON, "Amina").await;
    world.host.forward(130);
    let urgent: Vec<TimerKind> = TimerKind::ALL.into_iter().filter(|kind| kind.is_urgent()).collect();
    let first = operations::fire_timers_of(&world.ctx, &urgent, 5).await.unwrap();
    assert_eq!(texts(&first.outbox), ["We will ask another day."]);
    assert_eq!(texts(&fire_timers(&world.ctx, 100).await.unwrap().outbox).len(), 28);
}

#[tokio::test]
async fn who_is_opted_out_by_a_flow_gets_what_it_said_and_nothing_that_still_pauses() {
    let world = paused().await;
    let mut actions = says(&["You will hear no more."]);
    actions.push(json!({"type": "set_contact_status", "status": "stopped"}));
    let flow = world.add_flow(&doing(0x4000, "Leave", &actions)).await;
    let mut keyword = world.trigger("K", flow);
    keyword.keywords = vec!["leave".into()];
    world.add_trigger(keyword).await;
    assert_eq!(world.hears(PERSON, "story").await, ["one"]);
    assert_eq!(world.hears(PERSON, "leave").await, ["You will hear no more."]);
    world.host.forward(60);
    assert_eq!(leaves(&world).await, Vec::<String>::new());
    let said = world.transcript(PERSON).await;
    assert_eq!(said[2..4], ["out failed two", "out failed three"]);
    world.assert_counts_true().await;
}
