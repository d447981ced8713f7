//! What a message does.

use domain::ContactStatus;
use operations::{InboundItem, InboundKind, Receipt, ReceiveError};
use store::{Change, ContactUpdate, Unit};

use crate::world::{World, texts};

#[tokio::test]
async fn a_stranger_writes_and_is_led_through_the_flow() {
    let world = World::with_registration().await;
    assert_eq!(world.hears("+254700000001", "hi").await, ["Hello! What is your name?"]);
    assert_eq!(world.hears("+254700000001", "Amina").await, ["How old are you, Amina?"]);
    assert_eq!(world.hears("+254700000001", "young").await, ["Please send a number."]);
    assert_eq!(world.hears("+254700000001", "23").await, ["Thank you, Amina, aged 23."]);
    let conversation = world.conversation("+254700000001").await.unwrap();
    assert_eq!((conversation.contact.session, conversation.contact.flow), (None, None));
    assert!(conversation.contact.last_seen_on.is_some());
    assert_eq!(conversation.urns[0].channel, Some(world.line.id));
    let runs = world.ctx.store.contact_runs(world.workspace.id, conversation.contact.id).await.unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!((runs[0].status.as_str(), runs[0].responded), ("completed", true));
    let results: serde_json::Value = serde_json::from_str(&runs[0].results).unwrap();
    assert_eq!(results["name"]["value"], "Amina");
    assert_eq!((&results["age"]["value"], &results["age"]["category"]), (&"23".into(), &"Valid".into()));
    assert_eq!(
        world.transcript("+254700000001").await,
        [
            "in handled hi",
            "out queued Hello! What is your name?",
            "in handled Amina",
            "out queued How old are you, Amina?",
            "in handled young",
            "out queued Please send a number.",
            "in handled 23",
            "out queued Thank you, Amina, aged 23.",
        ]
    );
    assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), None, "nothing is left to wait for");
    world.assert_counts_true().await;
}

#[tokio::test]
async fn without_a_flow_a_message_is_kept() {
    let world = World::new().await;
    assert!(world.hears("+254700000001", "hello?").await.is_empty());
    assert_eq!(world.transcript("+254700000001").await, ["in handled hello?"]);
    world.assert_counts_true().await;
}

#[tokio::test]
async fn further_addresses_that_a_carrier_tells_lead_to_the_same_person() {
    let world = World::with_registration().await;
    world.hears("+254700000002", "hi").await;
    let mut item = world.says("+254700000001", "hi");
    let InboundKind::Message(message) = &mut item.kind else { panic!("a message") };
    message.other_urns = ["tel:+254700000009", "tel:+254700000002"].map(|urn| urn.parse().unwrap()).to_vec();
    for _ in 0..2 {
        assert!(matches!(world.receive(vec![item.clone()]).await.value[0], Ok(Receipt::Accepted(_))));
    }
    let person = world.conversation("+254700000001").await.unwrap();
    assert_eq!(person.urns.len(), 2, "the address of somebody else stays theirs: {:?}", person.urns);
    let same = world.conversation("+254700000009").await.unwrap();
    assert_eq!(same.contact.id, person.contact.id);
    assert_ne!(world.conversation("+254700000002").await.unwrap().contact.id, person.contact.id);
}

#[tokio::test]
async fn the_same_external_id_is_the_same_message() {
    let world = World::with_registration().await;
    let item = world.says_as("+254700000001", "hi", Some("c-1"));
    let first = world.receive(vec![item.clone(), item.clone()]).await;
    let Ok(Receipt::Accepted(uuid)) = first.value[0].clone() else { panic!("{:?}", first.value) };
    assert!(matches!(&first.value[1], Ok(Receipt::Duplicate(same)) if *same == uuid), "{:?}", first.value);
    assert_eq!(first.outbox.len(), 1);
    let world = world.restarted();
    let again = world.receive(vec![item]).await;
    assert!(matches!(&again.value[0], Ok(Receipt::Duplicate(same)) if *same == uuid), "{:?}", again.value);
    assert!(again.outbox.is_empty());
    assert_eq!(world.messages("+254700000001").await.len(), 2);
    world.assert_counts_true().await;
}

#[tokio::test]
async fn a_constant_where_an_id_belongs_loses_nothing() {
    let world = World::with_registration().await;
    let said = [
        ("+254700000001", "hi", true),
        ("+254700000002", "hi", true),
        ("+254700000001", "Amina", true),
        ("+254700000001", "Amina", false),
        ("+254700000001", "31", true),
        ("+254700000002", "hi", false),
    ];
    let items = said.iter().map(|(from, text, _)| world.says_as(from, text, Some("8080"))).collect();
    let committed = world.receive(items).await;
    for ((from, text, is_new), answer) in said.iter().zip(&committed.value) {
        assert_eq!(matches!(answer, Ok(Receipt::Accepted(_))), *is_new, "{from} {text}: {answer:?}");
        assert_eq!(matches!(answer, Ok(Receipt::Duplicate(_))), !is_new, "{from} {text}: {answer:?}");
    }
    let (Ok(Receipt::Accepted(first)), Ok(Receipt::Duplicate(again))) =
        (&committed.value[1], &committed.value[5])
    else {
        panic!("{:?}", committed.value)
    };
    assert_eq!(first, again, "a repetition is answered with the message of the same person");
    world.assert_counts_true().await;
}

#[tokio::test]
async fn a_batch_holds_many_people_and_several_words_of_one() {
    let world = World::with_registration().await;
    let mut items: Vec<InboundItem> =
        (0..50).map(|n| world.says(&format!("+2547000001{n:02}"), "hi")).collect();
    items.push(world.says("+254700000100", "Amina"));
    items.push(world.says("+254700000100", "31"));
    let committed = world.receive(items).await;
    assert!(committed.value.iter().all(|answer| matches!(answer, Ok(Receipt::Accepted(_)))));
    assert_eq!(committed.outbox.len(), 52);
    let of_first: Vec<_> = committed
        .outbox
        .iter()
        .filter(|item| item.urn.as_ref().is_some_and(|(_, path)| path == "+254700000100"))
        .map(|item| item.text.as_str())
        .collect();
    assert_eq!(
        of_first,
        ["Hello! What is your name?", "How old are you, Amina?", "Thank you, Amina, aged 31."]
    );
    world.assert_counts_true().await;
}

#[tokio::test]
async fn a_status_of_the_contact_decides() {
    for (status, kept, after) in [
        (ContactStatus::Active, true, ContactStatus::Active),
        (ContactStatus::Stopped, true, ContactStatus::Active),
        (ContactStatus::Archived, true, ContactStatus::Active),
        (ContactStatus::Blocked, false, ContactStatus::Blocked),
    ] {
        let world = World::with_registration().await;
        world.hears("+254700000001", "hi").await;
        let mut row = world.conversation("+254700000001").await.unwrap().contact;
        row.status = status;
        let version = world.ctx.store.ids().next(world.ctx.now());
        let update = ContactUpdate { contact: row, version, modified_on: world.ctx.now() };
        world.ctx.store.write_one(Unit::new(vec![Change::Contact(Box::new(update))])).await.unwrap();
        let committed = world.receive(vec![world.says("+254700000001", "Amina")]).await;
        let expected = if kept { 1 } else { 0 };
        assert_eq!(committed.outbox.len(), expected, "{status:?}");
        assert_eq!(matches!(committed.value[0], Ok(Receipt::Ignored(_))), !kept, "{status:?}");
        let contact = world.conversation("+254700000001").await.unwrap().contact;
        assert_eq!(contact.status, after, "{status:?}");
        assert_eq!(world.messages("+254700000001").await.len(), if kept { 4 } else { 2 }, "{status:?}");
    }
}

#[tokio::test]
async fn an_unknown_line_is_refused_and_the_others_are_not() {
    let world = World::with_registration().await;
    let mut stray = world.says("+254700000001", "hi");
    stray.channel = world.other_line();
    let committed = world.receive(vec![stray, world.says("+254700000002", "hi")]).await;
    assert!(matches!(committed.value[0], Err(ReceiveError::UnknownChannel)));
    assert!(matches!(committed.value[1], Ok(Receipt::Accepted(_))));
}

#[tokio::test]
async fn an_opt_out_ends_the_conversation_and_takes_back_what_is_queued() {
    let world = World::with_registration().await;
    let stop = || InboundItem {
        channel: world.line.uuid,
        kind: InboundKind::Stop("tel:+254700000001".parse().unwrap()),
        stamp: None,
    };
    let committed = world.receive(vec![stop()]).await;
    assert!(matches!(committed.value[0], Ok(Receipt::Ignored(_))), "nobody is made by leaving");
    // A command has no dispatcher: its messages stay queued until the node claims them.
    let beside = world.command();
    operations::receive(&beside, vec![world.says("+254700000001", "hi")]).await;
    assert!(matches!(world.receive(vec![stop()]).await.value[0], Ok(Receipt::Event)));
    let conversation = world.conversation("+254700000001").await.unwrap();
    assert_eq!(conversation.contact.status, ContactStatus::Stopped);
    assert!(conversation.session.is_none());
    assert_eq!(
        world.transcript("+254700000001").await,
        ["in handled hi", "out failed Hello! What is your name?"]
    );
    assert!(operations::claim_outbox(&world.ctx, 10, |_, _| 10).await.unwrap().claimed.items.is_empty());
    assert_eq!(world.ctx.store.next_timer_due().await.unwrap(), None);
    assert_eq!(world.hears("+254700000001", "hi again").await, ["Hello! What is your name?"]);
    world.assert_counts_true().await;
}

#[tokio::test]
async fn a_flow_that_cannot_be_read_does_not_stop_the_line() {
    let world = World::with_registration().await;
    let mut broken = crate::flow_files::greeting(0x50_000, "Broken", "never said");
    broken["nodes"] = "not a list".into();
    let flow = world.add_flow(&broken).await;
    let mut trigger = world.trigger("K", flow);
    trigger.keywords = vec!["broken".into()];
    world.add_trigger(trigger).await;
    assert_eq!(world.hears("+254700000001", "broken").await, ["Hello! What is your name?"]);
}

#[tokio::test]
async fn a_change_by_another_process_takes_effect_and_open_conversations_keep_their_words() {
    let world = World::new().await;
    let flow = world.add_flow(&crate::flow_files::registration(1, "Hello! What is your name?")).await;
    world.add_trigger(world.trigger("C", flow)).await;
    world.hears("+254700000001", "hi").await;
    let beside = world.command();
    let mut changed = crate::flow_files::registration(1, "Karibu! Your name?");
    changed["nodes"][2]["actions"][0]["text"] = "And your age?".into();
    world.save_flow(&beside.store, &changed, flow.0, 2).await;
    assert_eq!(world.hears("+254700000002", "hi").await, ["Karibu! Your name?"]);
    assert_eq!(world.hears("+254700000001", "Amina").await, ["How old are you, Amina?"]);
    let world = world.restarted();
    assert_eq!(world.hears("+254700000001", "23").await, ["Thank you, Amina, aged 23."]);
    assert_eq!(world.hears("+254700000002", "Rehema").await, ["And your age?"]);
}

#[tokio::test]
async fn a_new_conversation_starts_what_is_set_for_it() {
    let world = World::new().await;
    let opened = InboundItem {
        channel: world.line.uuid,
        kind: InboundKind::NewConversation("tel:+254700000001".parse().unwrap()),
        stamp: None,
    };
    let committed = world.receive(vec![opened.clone()]).await;
    assert!(matches!(committed.value[0], Ok(Receipt::Event)));
    let flow = world.add_flow(&crate::flow_files::registration(1, "Welcome! What is your name?")).await;
    world.add_trigger(world.trigger("N", flow)).await;
    let committed = world.receive(vec![opened.clone()]).await;
    assert_eq!(texts(&committed.outbox), ["Welcome! What is your name?"]);
    let committed = world.receive(vec![opened]).await;
    assert!(committed.outbox.is_empty(), "reloading the page does not start again");
}

#[tokio::test]
async fn a_defect_in_the_engine_costs_one_answer_and_nothing_else() {
    let world = World::with_registration().await;
    world.hears("+254700000001", "hi").await;
    let batch = vec![world.says("+254700000001", "unspeakable"), world.says("+254700000002", "hi")];
    let committed = world.receive(batch).await;
    assert!(committed.value.iter().all(|answer| matches!(answer, Ok(Receipt::Accepted(_)))));
    assert_eq!(texts(&committed.outbox), ["Hello! What is your name?"]);
    let reason = world.messages("+254700000001").await.pop().unwrap().reason.unwrap();
    assert!(reason.contains("as a defect of the engine would"), "{reason}");
    let contact = world.conversation("+254700000001").await.unwrap().contact;
    assert_eq!(contact.session, None, "the contact is not stuck");
    let runs = world.ctx.store.contact_runs(world.workspace.id, contact.id).await.unwrap();
    assert_eq!(runs[0].status, "failed");
    assert_eq!(world.hears("+254700000001", "hi").await, ["Hello! What is your name?"]);
    world.assert_counts_true().await;
}

#[tokio::test]
async fn a_defect_outside_the_engine_costs_one_answer_and_the_carrier_is_told_that_we_have_it() {
    let world = World::with_registration().await;
    world.hears("+254700000001", "hi").await;
    for from in ["+254700000001", "+254700000003"] {
        world.host.break_next(1);
        let first = world.says_as(from, "Amina", Some(from));
        let committed = world.receive(vec![first.clone(), world.says("+254700000002", "hi")]).await;
        let Ok(Receipt::Accepted(uuid)) = committed.value[0] else { panic!("{:?}", committed.value) };
        assert!(matches!(committed.value[1], Ok(Receipt::Accepted(_))));
        assert_eq!(committed.outbox.len(), 1);
        let again = world.receive(vec![first]).await;
        assert!(matches!(again.value[0], Ok(Receipt::Duplicate(same)) if same == uuid), "{:?}", again.value);
        let kept = world.messages(from).await.pop().unwrap();
        assert_eq!((kept.text.as_str(), kept.status), ("Amina", store::MessageStatus::Handled));
        assert!(kept.reason.unwrap().contains("as a defect of an operation would"));
    }
    assert_eq!(world.hears("+254700000001", "Amina").await, ["How old are you, Amina?"]);
    assert_eq!(world.hears("+254700000003", "hi").await, ["Hello! What is your name?"]);
    world.assert_counts_true().await;
}

#[tokio::test]
async fn a_message_of_a_contact_that_cannot_be_read_is_kept_with_the_reason() {
    for damage in [
        "UPDATE contact SET fields = '{' WHERE session_id IS NOT NULL",
        "UPDATE session SET wait_kind = 'rain'",
        "UPDATE contact_urn SET priority = 'high'",
    ] {
        let world = World::with_registration().await;
        world.hears("+254700000001", "hi").await;
        let contact = world.conversation("+254700000001").await.unwrap().contact.id;
        world.damage(damage);
        let batch = vec![world.says("+254700000001", "Amina"), world.says("+254700000002", "hi")];
        let committed = world.receive(batch).await;
        let accepted = committed.value.iter().all(|answer| matches!(answer, Ok(Receipt::Accepted(_))));
        assert!(accepted, "{damage}: {:?}", committed.value);
        assert_eq!(texts(&committed.outbox), ["Hello! What is your name?"]);
        let store = &world.ctx.store;
        let messages = store.contact_messages(world.workspace.id, contact, domain::MessageId(0), 10).await;
        let kept = messages.unwrap().pop().unwrap();
        assert_eq!(kept.text, "Amina");
        let reason = kept.reason.unwrap();
        assert!(reason.starts_with("kept, but no flow could take it: "), "{damage}: {reason}");
        world.assert_counts_true().await;
    }
}

/// Messages that wait for their turn, as an effect leaves them that took long.
async fn park(world: &World, from: &str, texts: impl Iterator<Item = String>) {
    let person = world.conversation(from).await.unwrap();
    let message = |text: String| {
        let now = world.ctx.now();
        let id = world.ctx.store.ids().next(now);
        Change::Message(Box::new(store::NewMessage {
            id: domain::MessageId(id),
            uuid: domain::MessageUuid(crate::flow_files::id(id.unsigned_abs().into())),
            workspace: world.workspace.id,
            contact: person.contact.id,
            urn: Some(person.urns[0].id),
            channel: Some(world.line.id),
            flow: None,
            direction: store::Direction::In,
            status: store::MessageStatus::Pending,
            text: text.into(),
            attachments: Vec::new(),
            quick_replies: None,
            detail: None,
            job: None,
            external_id: None,
            reason: None,
            day: 1,
            created_on: now,
        }))
    };
    world.ctx.store.write_one(texts.map(message).collect::<Vec<_>>().into()).await.unwrap();
}

#[tokio::test]
async fn a_message_does_not_overtake_those_that_wait_however_many_they_are() {
    let world = World::new().await;
    let flow = world.add_flow(&crate::flow_files::greeting(1, "Echo", "Heard @input.text.")).await;
    world.add_trigger(world.trigger("C", flow)).await;
    world.hears("+254700000001", "hi").await;
    park(&world, "+254700000001", (0..1_001).map(|number| number.to_string())).await;
    let echoes = |numbers: std::ops::Range<usize>| numbers.map(|number| format!("Heard {number}."));
    let first = world.hears("+254700000001", "1001").await;
    assert_eq!(first, echoes(0..500).collect::<Vec<_>>());
    // Each step leaves the next one due at once.
    let second = operations::fire_timers(&world.ctx, 10).await.unwrap();
    assert_eq!(texts(&second.outbox), echoes(500..1_000).collect::<Vec<_>>());
    let third = operations::fire_timers(&world.ctx, 10).await.unwrap();
    assert_eq!(texts(&third.outbox), ["Heard 1000.", "Heard 1001."]);
    let fourth = operations::fire_timers(&world.ctx, 10).await.unwrap();
    assert_eq!(fourth.value, operations::Fired::default());
    assert!(world.transcript("+254700000001").await.iter().all(|line| !line.starts_with("in pending")));
    world.assert_counts_true().await;
}

#[tokio::test]
async fn what_waits_of_a_person_who_opts_out_goes_nowhere() {
    let world = World::with_registration().await;
    world.hears("+254700000001", "hi").await;
    park(&world, "+254700000001", std::iter::repeat_n("young".to_owned(), 600)).await;
    let kind = InboundKind::Stop("tel:+254700000001".parse().unwrap());
    world.receive(vec![InboundItem { channel: world.line.uuid, kind, stamp: None }]).await;
    let fired = operations::fire_timers(&world.ctx, 10).await.unwrap();
    assert_eq!((fired.value.due, fired.outbox.len()), (1, 0));
    let messages = world.messages("+254700000001").await;
    let parked: Vec<_> = messages.iter().filter(|message| message.text == "young").collect();
    assert!(parked.iter().all(|message| message.reason.as_deref() == Some("the contact opted out")));
    assert_eq!((parked.len(), world.ctx.store.next_timer_due().await.unwrap()), (600, None));
    world.assert_counts_true().await;
}
