//! Which trigger wins.

use domain::GroupId;
use store::{Change, TriggerRow, Unit};

use crate::{flow_files::greeting, world::World};

async fn add(world: &World, number: u128, name: &str, edit: impl FnOnce(&mut TriggerRow)) {
    let flow = world.add_flow(&greeting(number << 16, name, name)).await;
    let mut trigger = world.trigger("K", flow);
    edit(&mut trigger);
    world.add_trigger(trigger).await;
}

async fn world() -> (World, GroupId, GroupId) {
    let world = World::new().await;
    let mothers = world.add_group(31, "Mothers").await;
    let testers = world.add_group(32, "Testers").await;
    let line = world.line.id;
    add(&world, 1, "join", |t| {
        (t.keywords, t.match_type) = (vec!["Join".into(), "jiunge".into()], Some("F".into()))
    })
    .await;
    add(&world, 2, "join only", |t| (t.keywords, t.match_type) = (vec!["join".into()], Some("O".into())))
        .await;
    add(&world, 3, "menu", |t| (t.keywords, t.match_type) = (vec!["menu".into()], Some("O".into()))).await;
    add(&world, 4, "menu for mothers", |t| {
        (t.keywords, t.match_type) = (vec!["menu".into()], Some("F".into()));
        t.include_groups = vec![mothers];
    })
    .await;
    add(&world, 5, "menu here", |t| {
        (t.keywords, t.match_type) = (vec!["menu".into()], Some("F".into()));
        t.channel = Some(line);
        t.exclude_groups = vec![testers];
    })
    .await;
    add(&world, 6, "anything", |t| t.trigger_type = "C".into()).await;
    add(&world, 7, "anything for testers", |t| {
        t.trigger_type = "C".into();
        t.include_groups = vec![testers];
    })
    .await;
    add(&world, 8, "elsewhere", |t| {
        (t.keywords, t.match_type) = (vec!["far".into()], Some("F".into()));
        t.channel = Some(domain::ChannelId(12_345));
    })
    .await;
    (world, mothers, testers)
}

#[tokio::test]
async fn the_most_specific_trigger_wins() {
    let (world, mothers, testers) = world().await;
    for (place, (groups, text, expected)) in [
        (vec![], "JOIN", "join only"),
        (vec![], " join! ", "join only"),
        (vec![], "join the line", "join"),
        (vec![], "please join", "anything"),
        (vec![], "Jiunge sasa", "join"),
        (vec![], "joining", "anything"),
        (vec![], "menu", "menu here"),
        (vec![testers], "menu", "menu"),
        (vec![testers], "menu please", "anything for testers"),
        (vec![testers, mothers], "menu please", "menu for mothers"),
        (vec![mothers], "menu please", "menu here"),
        (vec![testers], "?!", "anything for testers"),
        (vec![], "far away", "anything"),
        (vec![], "", "anything"),
    ]
    .into_iter()
    .enumerate()
    {
        let from = format!("+2547000002{place:02}");
        world.hears(&from, "hello").await;
        let contact = world.conversation(&from).await.unwrap().contact.id;
        let join = |group| Change::JoinGroup(world.workspace.id, contact, group, world.ctx.now());
        world.ctx.store.write_one(Unit::new(groups.into_iter().map(join).collect())).await.unwrap();
        assert_eq!(world.hears(&from, text).await, [expected], "{text:?}");
    }
}

#[tokio::test]
async fn a_keyword_leaves_a_waiting_flow_unless_that_flow_keeps_its_people() {
    for ignores in [false, true] {
        let world = World::with_registration().await;
        add(&world, 9, "Stopped.", |t| (t.keywords, t.match_type) = (vec!["stop".into()], Some("O".into())))
            .await;
        let definition = crate::flow_files::registration(0x100_000, "Your name?");
        let flow = world.add_flow(&definition).await;
        let mut row = world.flow_row(&definition, flow.0, 1);
        row.ignore_triggers = ignores;
        world.change(store::DefinitionChange::Flow(row)).await;
        let mut trigger = world.trigger("K", flow);
        (trigger.keywords, trigger.match_type) = (vec!["survey".into()], Some("F".into()));
        world.add_trigger(trigger).await;
        assert_eq!(world.hears("+254700000001", "survey").await, ["Your name?"]);
        let heard = world.hears("+254700000001", "stop").await;
        let expected = if ignores { "How old are you, stop?" } else { "Stopped." };
        assert_eq!(heard, [expected], "ignores: {ignores}");
        let contact = world.conversation("+254700000001").await.unwrap().contact;
        assert_eq!(contact.session.is_some(), ignores);
        let runs = world.ctx.store.contact_runs(world.workspace.id, contact.id).await.unwrap();
        let statuses: Vec<_> = runs.iter().map(|run| run.status.as_str()).collect();
        let expected: &[&str] = if ignores { &["waiting"] } else { &["interrupted", "completed"] };
        assert_eq!(statuses, expected);
    }
}

/// What somebody is told when something happens, by the flow that it starts.
async fn told(world: &World, person: &str, what: channels::Happening) -> Vec<String> {
    let kind = operations::InboundKind::Happened(format!("tel:{person}").parse().unwrap(), what);
    let item = operations::InboundItem { channel: world.line.uuid, kind, stamp: None };
    let done = world.receive(vec![item]).await;
    assert!(done.value[0].is_ok(), "{:?}", done.value);
    crate::world::texts(&done.outbox)
}

#[tokio::test]
async fn what_happens_on_a_line_starts_flows() {
    use channels::Happening::{IncomingCall, MissedCall, OptIn, OptOut, Referral};
    let world = World::new().await;
    let testers = world.add_group(32, "Testers").await;
    for (number, letter, name, referrer) in [
        (1, "M", "You called.", None),
        (2, "V", "You are calling.", None),
        (3, "R", "You came by something.", None),
        (4, "R", "You came by the poster.", Some("Poster7")),
        (5, "I", "You agreed.", None),
        (6, "N", "Welcome.", None),
    ] {
        add(&world, number, name, |t| {
            t.trigger_type = letter.into();
            t.detail = referrer.map_or(serde_json::json!({}), |r| serde_json::json!({"referrer_id": r}));
        })
        .await;
    }
    add(&world, 7, "You agreed, tester.", |t| {
        t.trigger_type = "I".into();
        t.include_groups = vec![testers];
    })
    .await;
    let tester = "+254700000070";
    world.hears(tester, "hi").await;
    let contact = world.conversation(tester).await.unwrap().contact.id;
    let join = Change::JoinGroup(world.workspace.id, contact, testers, world.ctx.now());
    world.ctx.store.write_one(Unit::new(vec![join])).await.unwrap();
    for (place, (person, what, expected)) in [
        ("+254700000011", MissedCall, vec!["You called."]),
        // Whoever is in a conversation is taken out of it.
        ("+254700000011", IncomingCall, vec!["You are calling."]),
        ("+254700000012", Referral("poster7".into()), vec!["You came by the poster."]),
        ("+254700000013", Referral("radio".into()), vec!["You came by something."]),
        ("+254700000014", Referral("".into()), vec!["You came by something."]),
        ("+254700000015", OptIn("news".into()), vec!["You agreed."]),
        (tester, OptIn("news".into()), vec!["You agreed, tester."]),
        // Nothing is set for it.
        (tester, OptOut("news".into()), vec![]),
        // Nobody knows them.
        ("+254700000016", OptOut("news".into()), vec![]),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(told(&world, person, what).await, expected, "case {place}");
    }
    let events = world.ctx.store.contact_events(world.workspace.id, contact, 100).await.unwrap();
    assert!(events.iter().all(|(kind, _)| kind != "call_missed"));
    let caller = world.conversation("+254700000011").await.unwrap().contact.id;
    let events = world.ctx.store.contact_events(world.workspace.id, caller, 100).await.unwrap();
    assert_eq!(events.iter().filter(|(kind, _)| kind == "call_missed").count(), 1, "it is in the history");
    // What is set for opt-outs is done although nothing reaches them any more.
    add(&world, 8, "Goodbye.", |t| t.trigger_type = "O".into()).await;
    assert_eq!(told(&world, tester, OptOut("news".into())).await, ["Goodbye."]);
    let kind = operations::InboundKind::Stop(format!("tel:{tester}").parse().unwrap());
    let item = operations::InboundItem { channel: world.line.uuid, kind, stamp: None };
    assert!(world.receive(vec![item]).await.outbox.is_empty());
    let conversation = world.conversation(tester).await.unwrap();
    assert_eq!(conversation.contact.status, domain::ContactStatus::Stopped);
    let runs = world.ctx.store.contact_runs(world.workspace.id, contact).await.unwrap();
    let goodbye = runs.iter().filter(|run| run.flow == runs.last().unwrap().flow).count();
    assert_eq!(goodbye, 2, "the flow of opt-outs began both times");
    world.assert_counts_true().await;
}
