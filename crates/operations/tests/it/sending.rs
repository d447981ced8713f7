//! What carriers answer, and what a crash leaves.

use channels::{DeliveryStatus, InboundStatus};
use jiff::SignedDuration;
use operations::{
    Recorded, SendOutcome, SentRecord, StatusReport, claim_outbox, record_sent, record_status, recover,
};
use store::{OutboxItem, StatusResult};

use crate::world::{World, texts};

async fn record(world: &World, item: &OutboxItem, outcome: SendOutcome) -> Recorded {
    let record = SentRecord { item: item.clone(), outcome };
    record_sent(&world.ctx, vec![record]).await.unwrap().pop().unwrap()
}

#[tokio::test]
async fn a_sent_message_is_done_and_reports_move_it_on() {
    let world = World::with_registration().await;
    let item = world.receive(vec![world.says("+254700000001", "hi")]).await.outbox.pop().unwrap();
    let wired = SendOutcome::Wired { external_id: Some("c-77".into()) };
    assert_eq!(record(&world, &item, wired.clone()).await, Recorded::Done);
    assert_eq!(record(&world, &item, wired).await, Recorded::AlreadyDone);
    world.host.forward(86_400);
    let report = |status, by_uuid: bool| StatusReport {
        channel: world.line.uuid,
        status: InboundStatus {
            message: item.message_uuid.filter(|_| by_uuid),
            external_id: (!by_uuid).then(|| "c-77".into()),
            status,
            reason: None,
        },
    };
    let mut stray = report(DeliveryStatus::Sent, true);
    stray.channel = world.other_line();
    let reports = vec![
        report(DeliveryStatus::Delivered, true),
        report(DeliveryStatus::Sent, false),
        stray,
        report(DeliveryStatus::Read, false),
    ];
    let message = item.message.unwrap();
    assert_eq!(
        record_status(&world.ctx, &reports).await.unwrap(),
        [
            StatusResult::Applied(message),
            StatusResult::Ignored(message),
            StatusResult::Unknown,
            StatusResult::Applied(message)
        ]
    );
    assert_eq!(
        world.transcript("+254700000001").await,
        ["in handled hi", "out read Hello! What is your name?"]
    );
    let days: Vec<_> =
        world.ctx.store.daily_counts(world.workspace.id).await.unwrap().iter().map(|c| c.day).collect();
    assert_eq!(days, [days[0]; 2], "a late report counts for the day the message was written");
    world.assert_counts_true().await;
}

#[tokio::test]
async fn an_outcome_that_cannot_be_written_holds_up_no_other() {
    let world = World::with_registration().await;
    let says = |n: u32| world.says(&format!("+25470000000{n}"), "hi");
    let outbox = world.receive(vec![says(1), says(2), says(3)]).await.outbox;
    let file = rusqlite::Connection::open(world.folder.path().join("seedling.db")).unwrap();
    let broken = outbox[0].message.unwrap().0;
    file.execute("UPDATE message SET status = 'nonsense' WHERE id = $1", [broken]).unwrap();
    let retry_at = world.ctx.now() + SignedDuration::from_secs(5);
    let wired = SendOutcome::Wired { external_id: None };
    let errored = SendOutcome::Errored {
        parts_sent: 0,
        retry_at,
        reason: "no answer".to_owned(),
        possibly_sent: false,
    };
    let outcomes = [wired.clone(), wired, errored];
    let records =
        outbox.iter().zip(outcomes).map(|(item, outcome)| SentRecord { item: item.clone(), outcome });
    assert_eq!(
        record_sent(&world.ctx, records.collect()).await.unwrap(),
        [Recorded::SetAside, Recorded::Done, Recorded::Released(vec![outbox[2].id])]
    );
    assert_eq!(world.ctx.store.outbox_depth().await.unwrap(), (0, 1, 1), "kept for people to see");
    world.host.forward(6);
    let claimed = claim_outbox(&world.ctx, 10, |_, _| 10).await.unwrap().claimed.items;
    assert_eq!(claimed.iter().map(|item| (item.id, item.attempts)).collect::<Vec<_>>(), [(outbox[2].id, 1)]);
}

#[tokio::test]
async fn a_retry_keeps_the_order_of_the_contact() {
    let world = World::with_registration().await;
    let items = [world.says("+254700000001", "hi"), world.says("+254700000001", "Amina")];
    let outbox = world.receive(items.to_vec()).await.outbox;
    assert_eq!(outbox.len(), 2);
    let retry_at = world.ctx.now() + SignedDuration::from_secs(300);
    let errored =
        SendOutcome::Errored { parts_sent: 0, retry_at, reason: "no answer".to_owned(), possibly_sent: true };
    let released = record(&world, &outbox[0], errored).await;
    assert_eq!(released, Recorded::Released(vec![outbox[0].id, outbox[1].id]));
    assert!(world.receive(vec![world.says("+254700000001", "23")]).await.outbox.is_empty());
    assert!(claim_outbox(&world.ctx, 10, |_, _| 10).await.unwrap().claimed.items.is_empty());
    world.host.forward(301);
    let claimed = claim_outbox(&world.ctx, 10, |_, _| 10).await.unwrap().claimed.items;
    assert_eq!(
        texts(&claimed),
        ["Hello! What is your name?", "How old are you, Amina?", "Thank you, Amina, aged 23."]
    );
    let marks: Vec<_> = claimed.iter().map(|item| (item.attempts, item.possibly_repeated)).collect();
    assert_eq!(marks, [(1, true), (0, false), (0, false)]);
    let failed = SendOutcome::Failed { reason: "the number does not exist".to_owned() };
    assert_eq!(record(&world, &claimed[0], failed).await, Recorded::Done);
    assert!(
        world.transcript("+254700000001").await.contains(&"out failed Hello! What is your name?".to_owned())
    );
    world.assert_counts_true().await;
}

#[tokio::test]
async fn what_was_in_hand_at_a_crash_is_sent_again_and_marked() {
    let world = World::with_registration().await;
    let outbox = world
        .receive(vec![world.says("+254700000001", "hi"), world.says("+254700000002", "hi")])
        .await
        .outbox;
    record(&world, &outbox[0], SendOutcome::Sent { external_id: None }).await;
    let world = world.crashed().await;
    assert_eq!(recover(&world.ctx).await.unwrap().rows, 1);
    let claimed = claim_outbox(&world.ctx, 10, |_, _| 10).await.unwrap().claimed.items;
    assert_eq!(claimed.len(), 1);
    assert!(claimed[0].possibly_repeated);
    assert_eq!(claimed[0].message, outbox[1].message);
    let marked: Vec<_> = world.messages("+254700000002").await.iter().map(|m| m.possibly_repeated).collect();
    assert_eq!(marked, [false, true]);
}

#[tokio::test]
async fn a_message_without_a_way_out_fails_with_the_reason() {
    let world = World::new().await;
    let flow = world.add_flow(&crate::flow_files::greeting(1, "Hello", "Hello there.")).await;
    let uuid = crate::flow_files::id(1).into();
    let start = operations::FlowStart {
        workspace: world.workspace.id,
        flow: uuid,
        params: None,
        user: None,
        origin: None,
        skip_in_a_flow: false,
    };
    assert!(flow.0 > 0);
    let targets = ["mailto:amina@example.org", "tel:+254700000001"]
        .map(|urn| operations::StartTarget::Urn(urn.parse().unwrap()));
    let committed = operations::start_flow(&world.ctx, start, targets.to_vec()).await;
    assert!(
        committed.value.iter().all(|end| matches!(end, Ok(operations::Started::Yes))),
        "{:?}",
        committed.value
    );
    assert_eq!(texts(&committed.outbox), ["Hello there."]);
    let messages = world.ctx.store.messages(world.workspace.id, domain::MessageId(0), 10).await.unwrap();
    let seen: Vec<_> = messages.iter().map(|m| (m.status.as_str(), m.reason.as_deref())).collect();
    assert_eq!(seen, [("failed", Some("no address of the contact has a channel")), ("queued", None)]);
    world.assert_counts_true().await;
}
