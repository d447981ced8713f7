//! Flows that ask the outside world.

use flows::{EffectResult, effect::HttpAnswer};
use operations::{EffectDone, complete_effect, fail_effect, fire_timers};
use store::{OutboxItem, OutboxKind};

use crate::world::{World, texts};

async fn world() -> World {
    let world = World::with_registration().await;
    let flow = world.add_flow(&crate::flow_files::lookup(0x20_000)).await;
    let mut trigger = world.trigger("K", flow);
    (trigger.keywords, trigger.match_type) = (vec!["clinic".into()], Some("F".into()));
    world.add_trigger(trigger).await;
    world
}

fn answer(status: u16, body: &str) -> EffectResult {
    let answer = HttpAnswer { status: Some(status), body: body.as_bytes().to_vec(), ..HttpAnswer::default() };
    EffectResult::Webhook { answer }
}

async fn asked(world: &World) -> OutboxItem {
    let committed = world.receive(vec![world.says("+254700000001", "clinic")]).await;
    let mut outbox = committed.outbox;
    assert_eq!(texts(&outbox[..1]), ["One moment."], "what is said before the call leaves at once");
    let effect = outbox.pop().unwrap();
    assert_eq!(effect.kind, OutboxKind::Webhook);
    assert!(effect.payload.as_deref().unwrap().contains("clinics.example.org"));
    effect
}

#[tokio::test]
async fn the_flow_goes_on_with_the_answer_and_messages_wait_their_turn() {
    let world = world().await;
    let effect = asked(&world).await;
    for text in ["are you there?", "Amina"] {
        assert!(world.hears("+254700000001", text).await.is_empty());
    }
    assert_eq!(
        world.transcript("+254700000001").await[2..],
        ["in pending are you there?", "in pending Amina"]
    );
    let world = world.restarted();
    let committed =
        complete_effect(&world.ctx, effect.clone(), answer(200, r#"{"name":"Mbagathi"}"#)).await.unwrap();
    assert_eq!(committed.value, EffectDone::WentOn);
    assert_eq!(
        texts(&committed.outbox),
        ["Your clinic is Mbagathi.", "Hello! What is your name?", "How old are you, Amina?"]
    );
    let again = complete_effect(&world.ctx, effect, answer(200, "{}")).await.unwrap();
    assert_eq!((again.value, again.outbox.len()), (EffectDone::NotWanted, 0));
    world.assert_counts_true().await;
}

#[tokio::test]
async fn no_answer_is_an_answer() {
    let world = world().await;
    let effect = asked(&world).await;
    let committed = fail_effect(&world.ctx, effect, "connection refused").await.unwrap();
    assert_eq!(texts(&committed.outbox), ["We could not find one."]);
    assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), None);
}

#[tokio::test]
async fn an_effect_that_is_never_answered_is_given_up() {
    let world = world().await;
    let effect = asked(&world).await;
    world.hears("+254700000001", "hello?").await;
    world.host.forward(301);
    let committed = fire_timers(&world.ctx, 10).await.unwrap();
    assert_eq!(texts(&committed.outbox), ["We could not find one.", "Hello! What is your name?"]);
    let late = complete_effect(&world.ctx, effect, answer(200, "{}")).await.unwrap();
    assert_eq!(late.value, EffectDone::NotWanted);
    world.assert_counts_true().await;
}

#[tokio::test]
async fn an_opt_out_does_not_wait_for_an_effect() {
    let world = world().await;
    let effect = asked(&world).await;
    world.hears("+254700000001", "hello?").await;
    let contact = world.conversation("+254700000001").await.unwrap().contact.id;
    operations::stop_contact(&world.ctx, world.workspace.id, contact, "the contact opted out").await.unwrap();
    let late = complete_effect(&world.ctx, effect, answer(200, "{}")).await.unwrap();
    assert_eq!((late.value, late.outbox.len()), (EffectDone::NotWanted, 0));
    assert_eq!(world.transcript("+254700000001").await[2], "in handled hello?");
    assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), None);
}
