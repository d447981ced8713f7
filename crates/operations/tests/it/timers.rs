//! Time passes.

use operations::{Fired, fire_timers};
use test_postgres::Cluster;

use crate::world::{World, texts};

async fn fire(world: &World) -> (Fired, Vec<String>) {
    let committed = fire_timers(&world.ctx, 100).await.unwrap();
    (committed.value, texts(&committed.outbox))
}

#[tokio::test]
async fn a_wait_times_out_once() {
    let world = World::with_registration().await;
    world.hears("+254700000001", "hi").await;
    world.hears("+254700000001", "Amina").await;
    world.host.forward(119);
    assert_eq!(fire(&world).await, (Fired::default(), vec![]));
    world.host.forward(2);
    let (fired, sent) = fire(&world).await;
    assert_eq!(sent, ["We will ask another day."]);
    assert_eq!((fired.due, fired.went_on, fired.left), (1, 1, 0));
    world.host.forward(100_000);
    assert_eq!(fire(&world).await.1, Vec::<String>::new());
    assert!(world.conversation("+254700000001").await.unwrap().session.is_none());
    assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), None);
    world.assert_counts_true().await;
}

#[tokio::test]
async fn a_timer_of_a_wait_that_is_over_does_nothing() {
    let world = World::with_registration().await;
    for text in ["hi", "Amina"] {
        world.hears("+254700000001", text).await;
    }
    let old =
        world.ctx.store.due_timers(world.ctx.now() + jiff::SignedDuration::from_secs(130), 10).await.unwrap();
    assert_eq!(old.len(), 1);
    assert_eq!(world.hears("+254700000001", "23").await, ["Thank you, Amina, aged 23."]);
    // As if the clock had taken the timer just before the answer came.
    world.ctx.store.write_one(vec![store::Change::SetTimer(old[0].clone())].into()).await.unwrap();
    world.host.forward(200);
    let (fired, sent) = fire(&world).await;
    assert_eq!((fired.due, fired.went_on, sent.len()), (1, 0, 0));
    assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), None);
}

#[tokio::test]
async fn a_wait_times_out_though_the_clock_was_put_back_while_it_was_to() {
    times_out_by_a_clock_put_back(World::new().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_times_out_though_the_clock_was_put_back_on_postgresql() {
    times_out_by_a_clock_put_back(World::on(Cluster::shared().database()).await).await;
}

async fn times_out_by_a_clock_put_back(world: World) {
    let flow = world.add_flow(&crate::flow_files::registration(1, "Hello! What is your name?")).await;
    world.add_trigger(world.trigger("C", flow)).await;
    world.hears("+254700000001", "hi").await;
    world.hears("+254700000001", "Amina").await;
    let due = world.ctx.store.next_timer_due().await.unwrap();
    world.host.forward(121);
    let put_back = world.put_back_after("due_timers_of", 100);
    let fired = fire_timers(&put_back, 100).await.unwrap();
    assert_eq!((fired.value.due, fired.value.went_on, fired.outbox.len()), (1, 0, 0), "it is not time yet");
    assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), due);
    world.host.forward(100);
    assert_eq!(fire(&world).await.1, ["We will ask another day."]);
}

#[tokio::test]
async fn a_conversation_expires_from_its_last_word() {
    let world = World::with_registration().await;
    world.hears("+254700000001", "hi").await;
    world.host.forward(3_000);
    // Still in the first question: "" is no text, so it is asked again and the hour begins anew.
    world.hears("+254700000001", "").await;
    world.host.forward(700);
    let (fired, sent) = fire(&world).await;
    assert_eq!((fired.due, fired.went_on, sent.len()), (1, 0, 0), "the hour began anew");
    assert!(world.conversation("+254700000001").await.unwrap().session.is_some());
    world.host.forward(3_000);
    assert_eq!(fire(&world).await.0.went_on, 1);
    let conversation = world.conversation("+254700000001").await.unwrap();
    assert!(conversation.session.is_none() && conversation.contact.flow.is_none());
    let runs = world.ctx.store.contact_runs(world.workspace.id, conversation.contact.id).await.unwrap();
    assert_eq!(runs[0].status, "expired");
    assert_eq!(world.hears("+254700000001", "hi").await, ["Hello! What is your name?"]);
}

#[tokio::test]
async fn a_conversation_that_does_not_take_its_expiry_is_ended_all_the_same() {
    let world = World::with_registration().await;
    let flow = world.add_flow(&crate::flow_files::lookup(0x20_000)).await;
    let mut trigger = world.trigger("K", flow);
    (trigger.keywords, trigger.match_type) = (vec!["clinic".into()], Some("F".into()));
    world.add_trigger(trigger).await;
    world.receive(vec![world.says("+254700000001", "clinic")]).await;
    let mut row = world.conversation("+254700000001").await.unwrap().session.unwrap();
    // As stored it waits for the person, but the engine knows that it waits for an effect and refuses.
    let (workspace, contact, session) = (row.workspace, row.contact, row.id);
    let due = world.ctx.now() + jiff::SignedDuration::from_secs(10);
    (row.wait_kind, row.expires_on) = (Some(store::WaitKind::Message), Some(due));
    let timer = store::DueTimer { workspace, contact, kind: store::TimerKind::Expiry, due, session };
    let changes = vec![
        store::Change::Session(Box::new(row)),
        store::Change::SetTimer(timer),
        store::Change::ClearTimer(workspace, contact, store::TimerKind::EffectDeadline, session),
    ];
    world.ctx.store.write_one(changes.into()).await.unwrap();
    world.host.forward(20);
    let (fired, sent) = fire(&world).await;
    assert_eq!((fired.due, fired.went_on, sent.len()), (1, 1, 0));
    let conversation = world.conversation("+254700000001").await.unwrap();
    assert!(conversation.session.is_none() && conversation.contact.session.is_none());
    let ended = world.ctx.store.session(workspace, session).await.unwrap().unwrap();
    assert_eq!(ended.status, store::SessionStatus::Expired);
    assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), None);
    assert_eq!(world.hears("+254700000001", "hi").await, ["Hello! What is your name?"]);
}

#[tokio::test]
async fn timers_that_fail_do_not_hold_those_behind_them() {
    let world = World::with_registration().await;
    for from in ["+254700000001", "+254700000002", "+254700000003"] {
        for text in ["hi", "Amina"] {
            world.hears(from, text).await;
        }
    }
    world.damage("UPDATE contact SET fields = '{' WHERE id IN (SELECT id FROM contact ORDER BY id LIMIT 2)");
    world.host.forward(121);
    let first = fire_timers(&world.ctx, 2).await.unwrap();
    let expected = Fired { put_off: 2, ..Fired::default() };
    assert_eq!((first.value, first.outbox.len()), (expected, 0));
    let second = fire_timers(&world.ctx, 2).await.unwrap();
    assert_eq!(second.value, Fired { due: 1, went_on: 1, ..Fired::default() });
    assert_eq!(texts(&second.outbox), ["We will ask another day."]);
    assert_eq!(fire(&world).await, (Fired::default(), vec![]), "they are not tried all the time");
    world.damage("UPDATE contact SET fields = '{}'");
    world.host.forward(301);
    let (fired, sent) = fire(&world).await;
    assert_eq!((fired.due, fired.went_on, sent.len()), (2, 2, 2), "but they are not given up");
    world.assert_counts_true().await;
}

#[tokio::test]
async fn timers_survive_a_crash() {
    let world = World::with_registration().await;
    for text in ["hi", "Amina"] {
        world.hears("+254700000001", text).await;
    }
    let world = world.restarted();
    world.host.forward(121);
    assert_eq!(fire(&world).await.1, ["We will ask another day."]);
}

#[tokio::test]
async fn a_conversation_that_goes_on_after_an_inner_flow_expired_expires_as_well() {
    let world = World::new().await;
    world.add_flow(&crate::flow_files::registration(1, "Hello! What is your name?")).await;
    let around = world.add_flow(&crate::flow_files::around(0x40_000, 1)).await;
    world.add_trigger(world.trigger("C", around)).await;
    assert_eq!(world.hears("+254700000001", "hi").await, ["Hello! What is your name?"]);
    world.host.forward(3_601);
    assert_eq!(fire(&world).await.1, ["It is expired. Why?"]);
    assert!(world.ctx.store.next_timer_due().await.unwrap().is_some(), "the outer question expires too");
    world.host.forward(3_601);
    assert_eq!(fire(&world).await.0.went_on, 1);
    let conversation = world.conversation("+254700000001").await.unwrap();
    assert!(conversation.session.is_none() && conversation.contact.flow.is_none());
    assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), None);
}
