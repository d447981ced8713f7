//! Delivery reports in any order, and the dead set.

use domain::{ContactId, ContactStatus, MessageId, OutboxId};
use smol_str::SmolStr;
use store::{
    Change, ContactUpdate, DeadFilter, MessageRef, MessageStatus, ReviveOutbox, Revived, StatusChange,
    StatusResult, Store, Unit,
};

use crate::{
    places::{Place, on_both_databases},
    rows::{CHANNEL, RUN, WORKSPACE, at, contact, contact_row, outgoing, replies, two_nodes, workspace},
};

on_both_databases!(
    reports_move_a_message_on_in_any_order,
    a_report_may_come_before_the_record_of_its_message,
    reports_that_meet_nobody_are_forgotten,
    a_late_report_changes_the_day_of_its_message,
    a_dead_message_stands_in_nobodys_way_and_comes_back_at_the_end,
    what_arrived_all_the_same_is_not_dead,
    nothing_comes_back_for_who_opted_out,
    the_dead_set_is_found_by_number_channel_and_reason
);

async fn prepared(store: &Store, people: i64, messages: i64) {
    two_nodes(store).await;
    store.write_one(workspace()).await.unwrap();
    store.write_one((1..=people).map(contact).collect::<Vec<_>>().into()).await.unwrap();
    for id in 1..=messages {
        store.write_one(outgoing(id, 1 + (id - 1) % people, RUN).into()).await.unwrap();
    }
}

fn change(message: MessageRef, status: MessageStatus, seconds: i64) -> StatusChange {
    let reason = (status == MessageStatus::Failed).then(|| "no such number".to_owned());
    StatusChange { workspace: WORKSPACE, message, status, external_id: None, reason, at: at(seconds) }
}

fn external(id: &str) -> MessageRef {
    MessageRef::External(CHANNEL, SmolStr::from(id))
}

fn by_id(id: i64) -> MessageRef {
    MessageRef::Id(MessageId(id))
}

/// A carrier's report.
async fn report(store: &Store, message: MessageRef, status: MessageStatus) -> StatusResult {
    let unit = Unit::new(vec![Change::Status(Box::new(change(message, status, 200)))]);
    store.write_one(unit).await.unwrap().statuses[0]
}

/// Our own record of a message that was sent.
async fn sent(store: &Store, id: i64, external_id: &str) {
    let mut change = change(by_id(id), MessageStatus::Wired, 100);
    change.external_id = Some(external_id.into());
    let done = store.write_one(Unit::new(vec![Change::FinishSent(OutboxId(id), Box::new(change))])).await;
    assert_eq!(done.unwrap().finished, [true]);
}

async fn fail(store: &Store, id: i64) {
    let change = change(by_id(id), MessageStatus::Failed, 100);
    let done = store.write_one(Unit::new(vec![Change::FailSent(OutboxId(id), Box::new(change))])).await;
    assert_eq!(done.unwrap().finished, [true]);
}

async fn statuses(store: &Store) -> Vec<&'static str> {
    let messages = store.messages(WORKSPACE, MessageId(0), 100).await.unwrap();
    assert_eq!(store.daily_counts(WORKSPACE).await.unwrap(), store.recount(WORKSPACE).await.unwrap());
    messages.iter().map(|message| message.status.as_str()).collect()
}

async fn reports_move_a_message_on_in_any_order(place: Place) {
    use MessageStatus::{Delivered, Failed, Read, Sent};
    let store = place.open();
    prepared(&store, 4, 4).await;
    for id in 1..=4 {
        sent(&store, id, &format!("c{id}")).await;
    }
    let orders = [
        [Sent, Delivered, Read],
        [Read, Delivered, Sent],
        [Delivered, Read, Sent],
        [Failed, Delivered, Sent],
    ];
    for (id, order) in (1..).zip(orders) {
        for status in order {
            report(&store, external(&format!("c{id}")), status).await;
        }
    }
    assert_eq!(statuses(&store).await, ["read", "read", "read", "delivered"]);
    let again = report(&store, external("c1"), Read).await;
    assert_eq!(again, StatusResult::Ignored(MessageId(1)), "a report that came twice is told apart");
    assert_eq!(report(&store, external("nobody"), Read).await, StatusResult::Unknown);
}

async fn a_report_may_come_before_the_record_of_its_message(place: Place) {
    use MessageStatus::{Delivered, Sent};
    let store = place.open();
    prepared(&store, 3, 3).await;
    for status in [Sent, Delivered, Sent] {
        assert_eq!(report(&store, external("c1"), status).await, StatusResult::Unknown);
    }
    // In one batch: the report of the second before its record, that of the third after it.
    let mut record = change(by_id(2), MessageStatus::Wired, 100);
    record.external_id = Some("c2".into());
    let units = vec![
        Unit::new(vec![Change::Status(Box::new(change(external("c2"), Delivered, 90)))]),
        Unit::new(vec![Change::Status(Box::new(change(external("c2"), Sent, 91)))]),
    ];
    store.write(units).await.unwrap();
    sent(&store, 1, "c1").await;
    let record = Unit::new(vec![Change::FinishSent(OutboxId(2), Box::new(record))]);
    store.write(vec![record]).await.unwrap();
    sent(&store, 3, "c3").await;
    assert_eq!(statuses(&store).await, ["delivered", "delivered", "wired"]);
    assert!(store.early_reports(at(1_000), 10).await.unwrap().is_empty(), "they are used up");
    assert_eq!(report(&store, external("c1"), Sent).await, StatusResult::Ignored(MessageId(1)));
}

async fn reports_that_meet_nobody_are_forgotten(place: Place) {
    let store = place.open();
    prepared(&store, 1, 1).await;
    report(&store, external("nobody"), MessageStatus::Delivered).await;
    assert!(store.early_reports(at(200), 10).await.unwrap().is_empty());
    sent(&store, 1, "c1").await;
    // As if another node had written the identifier in the very moment in which the report was kept.
    let kept = at(200).as_microsecond();
    place.sql(&format!("INSERT INTO early_report VALUES (1, 7, 'c1', 'delivered', NULL, {kept})"));
    for (before, left) in [(at(200), 1), (at(201), 0)] {
        let early = store.early_reports(at(201), 10).await.unwrap();
        let units = early.into_iter().map(|early| Unit::new(vec![Change::SettleEarly(early, before)]));
        store.write(units.collect()).await.unwrap();
        assert_eq!(store.early_reports(at(999), 10).await.unwrap().len(), left);
    }
    assert_eq!(statuses(&store).await, ["delivered"]);
}

async fn a_late_report_changes_the_day_of_its_message(place: Place) {
    let store = place.open();
    prepared(&store, 1, 2).await;
    sent(&store, 1, "c1").await;
    let late = change(external("c1"), MessageStatus::Delivered, 10 * 86_400);
    store.write_one(Unit::new(vec![Change::Status(Box::new(late))])).await.unwrap();
    let counts = store.daily_counts(WORKSPACE).await.unwrap();
    let seen: Vec<_> =
        counts.iter().filter(|c| c.count != 0).map(|c| (c.day, c.status.as_str(), c.count)).collect();
    assert_eq!(seen, [(20_001, "delivered", 1), (20_002, "queued", 1)]);
}

async fn dead(store: &Store, filter: DeadFilter) -> Vec<i64> {
    let rows = store.dead_set(WORKSPACE, filter, OutboxId(0), 100).await.unwrap();
    rows.iter().map(|row| row.item.id.0).collect()
}

async fn revive(store: &Store, id: i64, new_id: i64) -> Revived {
    let revive =
        ReviveOutbox { workspace: WORKSPACE, id: OutboxId(id), new_id: OutboxId(new_id), at: at(300) };
    store.write_one(Unit::new(vec![Change::ReviveOutbox(revive)])).await.unwrap().revived[0]
}

async fn a_dead_message_stands_in_nobodys_way_and_comes_back_at_the_end(place: Place) {
    let store = place.open();
    prepared(&store, 1, 2).await;
    fail(&store, 1).await;
    let rows = store.dead_set(WORKSPACE, DeadFilter::default(), OutboxId(0), 100).await.unwrap();
    assert_eq!(rows[0].reason, "no such number");
    assert_eq!(rows[0].item.text, "message 1");
    let done = store.write_one(outgoing(3, 1, RUN).into()).await.unwrap();
    assert_eq!(done.claimed, [OutboxId(3)], "the next one does not wait for it");
    assert_eq!(statuses(&store).await, ["failed", "queued", "queued"]);
    assert_eq!(revive(&store, 1, 50).await, Revived::Queued);
    assert_eq!(revive(&store, 1, 51).await, Revived::Gone);
    assert_eq!(statuses(&store).await, ["queued", "queued", "queued"]);
    let due = store.outbox_due().await.unwrap();
    assert_eq!(due.len(), 1);
    let claimed = store.claim_outbox(RUN, at(300), vec![(due[0].0, 9)]).await.unwrap().items;
    let seen: Vec<_> = claimed.iter().map(|item| (item.id.0, item.message, item.attempts)).collect();
    assert_eq!(seen, [(50, Some(MessageId(1)), 0)]);
    assert!(dead(&store, DeadFilter::default()).await.is_empty());
}

async fn what_arrived_all_the_same_is_not_dead(place: Place) {
    let store = place.open();
    prepared(&store, 2, 2).await;
    report(
        &store,
        MessageRef::Uuid(CHANNEL, store.messages(WORKSPACE, MessageId(0), 1).await.unwrap()[0].uuid),
        MessageStatus::Delivered,
    )
    .await;
    fail(&store, 1).await;
    fail(&store, 2).await;
    assert_eq!(dead(&store, DeadFilter::default()).await, [2]);
    sent_report_revives(&store).await;
    assert_eq!(revive(&store, 2, 60).await, Revived::NotWanted, "it arrived after all");
    assert_eq!(store.outbox_depth().await.unwrap(), (0, 0, 0));
}

async fn sent_report_revives(store: &Store) {
    let uuid = store.messages(WORKSPACE, MessageId(1), 1).await.unwrap()[0].uuid;
    let result = report(store, MessageRef::Uuid(CHANNEL, uuid), MessageStatus::Delivered).await;
    assert_eq!(result, StatusResult::Applied(MessageId(2)));
}

async fn nothing_comes_back_for_who_opted_out(place: Place) {
    let store = place.open();
    prepared(&store, 2, 4).await;
    fail(&store, 1).await;
    fail(&store, 2).await;
    let stopped = "the contact opted out".to_owned();
    let done = store
        .write_one(vec![Change::DropQueued(WORKSPACE, ContactId(1), stopped, at(150))].into())
        .await
        .unwrap();
    assert_eq!(done.dropped, [OutboxId(3)], "in the hand of a run that hears of it");
    assert_eq!(dead(&store, DeadFilter::default()).await, [2], "the dead set holds nothing of theirs");
    // Somebody whose opt-out left a row in the dead set, as an older program would.
    let mut row = contact_row(2);
    row.status = ContactStatus::Stopped;
    let update = ContactUpdate { contact: row, version: 2, modified_on: at(160) };
    store.write_one(vec![Change::Contact(Box::new(update))].into()).await.unwrap();
    assert_eq!(revive(&store, 2, 50).await, Revived::NotWanted);
    assert!(dead(&store, DeadFilter::default()).await.is_empty());
    assert_eq!(statuses(&store).await, ["failed", "failed", "failed", "queued"]);
    assert!(
        store.claim_outbox(RUN, at(300), vec![(replies(Some(CHANNEL)), 9)]).await.unwrap().items.is_empty()
    );
}

async fn the_dead_set_is_found_by_number_channel_and_reason(place: Place) {
    let store = place.open();
    prepared(&store, 3, 3).await;
    for id in 1..=3 {
        fail(&store, id).await;
    }
    place.sql("UPDATE outbox SET dead_reason = 'it''s 100% away' WHERE id = 2");
    let by_reason = |words: &str| DeadFilter { reason: Some(words.to_owned()), ..DeadFilter::default() };
    assert_eq!(dead(&store, by_reason("100%")).await, [2]);
    assert_eq!(dead(&store, by_reason("such")).await, [1, 3]);
    let ids = |ids: &[i64]| DeadFilter {
        ids: Some(ids.iter().copied().map(OutboxId).collect()),
        ..DeadFilter::default()
    };
    assert_eq!(dead(&store, ids(&[3, 9])).await, [3]);
    assert!(dead(&store, ids(&[])).await.is_empty());
    let on = |channel| DeadFilter { channel: Some(channel), ..DeadFilter::default() };
    assert_eq!(dead(&store, on(CHANNEL)).await.len(), 3);
    assert!(dead(&store, on(domain::ChannelId(8))).await.is_empty());
    let discard = |id| Unit::new(vec![Change::DiscardDead(WORKSPACE, OutboxId(id))]);
    let done = store.write(vec![discard(1), discard(1)]).await.unwrap();
    assert!(done[0].is_ok() && matches!(done[1], Err(store::UnitError::Gone)));
    assert_eq!(store.dead_count().await.unwrap(), 2);
}
