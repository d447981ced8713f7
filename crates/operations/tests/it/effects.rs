//! Flows that ask the outside world.

use flows::{EffectResult, effect::HttpAnswer};
use operations::{EffectDone, complete_effect, fail_effect, fire_timers};
use store::{OutboxItem, OutboxKind};

use crate::{
    flow_files::id,
    world::{World, texts},
};

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

/// A conversation that waits for a name while two lookups go on in the background.
async fn asked_in_background() -> (World, [OutboxItem; 2]) {
    let world = World::with_registration().await;
    let mut effects = Vec::new();
    assert_eq!(world.hears("+254700000001", "hi").await, ["Hello! What is your name?"]);
    for (number, word) in [(0x20_000, "clinic"), (0x40_000, "pharmacy")] {
        let mut lookup = crate::flow_files::lookup(number);
        lookup["type"] = "messaging_background".into();
        let flow = world.add_flow(&lookup).await;
        let mut trigger = world.trigger("K", flow);
        (trigger.keywords, trigger.match_type) = (vec![word.into()], Some("F".into()));
        world.add_trigger(trigger).await;
        let mut outbox = world.receive(vec![world.says("+254700000001", word)]).await.outbox;
        assert_eq!(texts(&outbox[..1]), ["One moment."]);
        effects.push(outbox.pop().unwrap());
    }
    (world, effects.try_into().unwrap())
}

#[tokio::test]
async fn a_flow_in_the_background_leaves_the_conversation_alone_while_it_waits() {
    let (world, [clinic, pharmacy]) = asked_in_background().await;
    assert_eq!(world.hears("+254700000001", "Amina").await, ["How old are you, Amina?"]);
    // The flow changes meanwhile: what has begun goes on as it was, also after a crash.
    let definitions = world.ctx.store.definitions(world.workspace.id).await.unwrap().unwrap();
    let row = definitions.flows.iter().find(|flow| flow.uuid.0 == id(0x20_000)).unwrap();
    let mut changed = crate::flow_files::lookup(0x20_000);
    changed["type"] = "messaging_background".into();
    changed["nodes"][2]["actions"][0]["text"] = "Changed.".into();
    world.save_flow(&world.ctx.store, &changed, row.id.0, 2).await;
    let world = world.restarted();
    let committed =
        complete_effect(&world.ctx, clinic.clone(), answer(200, r#"{"name":"Mbagathi"}"#)).await.unwrap();
    assert_eq!(committed.value, EffectDone::WentOn);
    assert_eq!(texts(&committed.outbox), ["Your clinic is Mbagathi."]);
    let committed = fail_effect(&world.ctx, pharmacy, "connection refused").await.unwrap();
    assert_eq!(texts(&committed.outbox), ["We could not find one."]);
    let again = complete_effect(&world.ctx, clinic, answer(200, "{}")).await.unwrap();
    assert_eq!((again.value, again.outbox.len()), (EffectDone::NotWanted, 0));
    assert_eq!(world.hears("+254700000001", "23").await, ["Thank you, Amina, aged 23."]);
    assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), None);
    world.assert_counts_true().await;
}

#[tokio::test]
async fn each_effect_in_the_background_has_a_deadline_of_its_own() {
    let (world, [clinic, _]) = asked_in_background().await;
    world.host.forward(301);
    let committed = fire_timers(&world.ctx, 10).await.unwrap();
    assert_eq!(texts(&committed.outbox), ["We could not find one.", "We could not find one."]);
    let late = complete_effect(&world.ctx, clinic, answer(200, "{}")).await.unwrap();
    assert_eq!(late.value, EffectDone::NotWanted);
    assert_eq!(world.hears("+254700000001", "Amina").await, ["How old are you, Amina?"]);
    world.host.forward(121);
    assert_eq!(texts(&fire_timers(&world.ctx, 10).await.unwrap().outbox), ["We will ask another day."]);
    assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), None);
    let contact = world.conversation("+254700000001").await.unwrap().contact;
    let runs = world.ctx.store.contact_runs(world.workspace.id, contact.id).await.unwrap();
    assert!(runs.iter().all(|run| run.status == "completed"), "{runs:?}");
    world.assert_counts_true().await;
}
