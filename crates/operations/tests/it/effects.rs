//! Flows that ask the outside world.

use flows::{EffectResult, effect::HttpAnswer};
use operations::{EffectDone, complete_effect, fail_effect, fire_timers};
use serde_json::json;
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

#[tokio::test]
async fn nothing_said_before_in_the_turn_leaves_after_an_opt_out() {
    let world = world().await;
    let actions = [
        json!({"type": "send_msg", "text": "You will hear no more.", "attachments": [], "quick_replies": []}),
        json!({"type": "set_contact_status", "status": "stopped"}),
    ];
    let leave = world.add_flow(&crate::flow_files::doing(0x30_000, "Leave", &actions)).await;
    let mut trigger = world.trigger("K", leave);
    trigger.keywords = vec!["leave".into()];
    world.add_trigger(trigger).await;
    let effect = asked(&world).await;
    for text in ["are you there?", "leave", "Amina"] {
        assert!(world.hears("+254700000001", text).await.is_empty());
    }
    let committed = complete_effect(&world.ctx, effect, answer(200, r#"{"name":"Mbagathi"}"#)).await.unwrap();
    assert_eq!(texts(&committed.outbox), ["You will hear no more."]);
    let said = world.transcript("+254700000001").await;
    let out: Vec<&String> = said.iter().filter(|line| line.starts_with("out")).skip(1).collect();
    let failed = ["out failed Your clinic is Mbagathi.", "out failed Hello! What is your name?"];
    assert_eq!(out, [failed[0], failed[1], "out queued You will hear no more."]);
    assert_eq!(world.ctx.store.outbox_depth().await.unwrap(), (1, 0, 0), "nothing else is left");
    world.assert_counts_true().await;
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

/// One effect of each kind: the actions that ask for it, and what is said after an answer and without one.
struct Asks {
    word: &'static str,
    kind: OutboxKind,
    action: serde_json::Value,
    say: &'static str,
    answer: EffectResult,
    after: &'static str,
    without: &'static str,
}

fn each_kind() -> Vec<Asks> {
    use flows::{effect::AirtimeSent, events::LlmTokens};
    use serde_json::json;
    vec![
        Asks {
            word: "web",
            kind: OutboxKind::Webhook,
            action: json!({"type": "call_webhook", "method": "GET", "url": "https://a.example.org/", "headers": {},
                "body": "", "result_name": "Web"}),
            say: "Status @(default(webhook.status, \"none\"))",
            answer: answer(200, "{}"),
            after: "Status 200",
            without: "Status 0",
        },
        Asks {
            word: "hook",
            kind: OutboxKind::Webhook,
            action: json!({"type": "call_resthook", "resthook": "new-mother", "result_name": "Hook"}),
            say: "@results.hook.category",
            answer: EffectResult::Resthook {
                answers: vec![HttpAnswer {
                    status: Some(200),
                    body: b"{}".to_vec(),
                    ..HttpAnswer::default()
                }],
            },
            after: "Success",
            without: "Failure",
        },
        Asks {
            word: "model",
            kind: OutboxKind::Model,
            action: json!({"type": "call_llm", "llm": {"uuid": id(0x11), "name": "Assistant"},
                "instructions": "Be kind", "input": "Hello", "output_local": "said"}),
            say: "@locals.said",
            answer: EffectResult::Llm {
                output: Ok("Good day".to_owned()),
                tokens: LlmTokens { input: 3, output: 2 },
                elapsed_ms: 5,
            },
            after: "Good day",
            without: "<ERROR>",
        },
        Asks {
            word: "airtime",
            kind: OutboxKind::Airtime,
            action: json!({"type": "transfer_airtime", "amounts": {"KES": 50}}),
            say: "@(if(locals._new_transfer = \"\", \"nothing\", \"sent\"))",
            answer: EffectResult::Airtime {
                transfer: Ok(AirtimeSent {
                    external_id: "4".into(),
                    currency: "KES".into(),
                    amount: 50.into(),
                }),
                http_logs: Vec::new(),
            },
            after: "sent",
            without: "nothing",
        },
        Asks {
            word: "mail",
            kind: OutboxKind::Email,
            action: json!({"type": "send_email", "addresses": ["nurse@clinic.example"], "subject": "Help",
                "body": "Please call"}),
            say: "Passed on.",
            answer: EffectResult::Email { error: None },
            after: "Passed on.",
            without: "Passed on.",
        },
    ]
}

async fn world_that_asks(asks: &Asks) -> World {
    use serde_json::json;
    let world = World::with_registration().await;
    let workspace = world.workspace.id;
    let model = operations::NewService {
        workspace,
        kind: store::ServiceKind::Model,
        uuid: Some(id(0x11)),
        name: "Assistant".into(),
        config: json!({"url": "http://models.example", "model": "small"}),
        secret: store::Secret::default(),
    };
    operations::add_service(&world.ctx, model).await.unwrap();
    operations::add_resthook_subscriber(&world.ctx, workspace, "new-mother", "https://b.example.org/")
        .await
        .unwrap();
    let say = |text: &str| json!({"type": "send_msg", "text": text});
    let actions = [say("One moment."), asks.action.clone(), say(asks.say)];
    let flow = world.add_flow(&crate::flow_files::doing(0x50_000, asks.word, &actions)).await;
    let mut trigger = world.trigger("K", flow);
    (trigger.keywords, trigger.match_type) = (vec![asks.word.into()], Some("F".into()));
    world.add_trigger(trigger).await;
    world
}

async fn ask(world: &World, asks: &Asks) -> OutboxItem {
    let mut outbox = world.receive(vec![world.says("+254700000001", asks.word)]).await.outbox;
    assert_eq!(
        texts(&outbox[..1]),
        ["One moment."],
        "{}: what is said before it leaves before it",
        asks.word
    );
    let effect = outbox.pop().unwrap();
    assert_eq!((effect.kind, outbox.len()), (asks.kind, 1), "{}", asks.word);
    effect
}

/// The row as the next run of the node gets it after a crash.
async fn recovered(world: &World, kind: OutboxKind) -> OutboxItem {
    assert_eq!(operations::recover(&world.ctx).await.unwrap().rows, 2);
    let look = operations::claim_outbox(&world.ctx, 10, |_, _| 10).await.unwrap();
    let found = look.claimed.items.into_iter().find(|item| item.kind == kind).unwrap();
    assert!(found.possibly_repeated);
    found
}

#[tokio::test]
async fn each_kind_of_effect_goes_on_where_a_crash_left_it() {
    for asks in each_kind() {
        let world = world_that_asks(&asks).await;
        ask(&world, &asks).await;
        assert!(world.hears("+254700000001", "hello?").await.is_empty(), "{}", asks.word);
        // Before it was performed, or performed and the answer lost: the next run does it again.
        let world = world.crashed().await;
        let effect = recovered(&world, asks.kind).await;
        let done = complete_effect(&world.ctx, effect.clone(), asks.answer.clone()).await.unwrap();
        assert_eq!(texts(&done.outbox), [asks.after, "Hello! What is your name?"], "{}", asks.word);
        // After it was recorded: nothing happens a second time.
        let world = world.restarted();
        let again = complete_effect(&world.ctx, effect, asks.answer.clone()).await.unwrap();
        assert_eq!((again.value, again.outbox.len()), (EffectDone::NotWanted, 0), "{}", asks.word);
        assert_eq!(world.hears("+254700000001", "Amina").await, ["How old are you, Amina?"]);
        world.assert_counts_true().await;
    }
}

#[tokio::test]
async fn a_deadline_says_the_same_as_a_service_that_is_not_there() {
    for asks in each_kind() {
        let world = world_that_asks(&asks).await;
        let effect = ask(&world, &asks).await;
        let refused = fail_effect(&world.ctx, effect, "connection refused").await.unwrap();
        assert_eq!(texts(&refused.outbox), [asks.without], "{}", asks.word);
        ask(&world, &asks).await;
        let world = world.restarted();
        world.host.forward(301);
        let late = fire_timers(&world.ctx, 10).await.unwrap();
        assert_eq!(texts(&late.outbox), [asks.without], "{}", asks.word);
        assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), None, "{}", asks.word);
    }
}
