//! Time passes.

use operations::{Fired, fire_timers};

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
async fn timers_survive_a_crash() {
    let world = World::with_registration().await;
    for text in ["hi", "Amina"] {
        world.hears("+254700000001", text).await;
    }
    let world = world.restarted();
    world.host.forward(121);
    assert_eq!(fire(&world).await.1, ["We will ask another day."]);
}
