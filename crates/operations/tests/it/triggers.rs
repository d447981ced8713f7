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
