//! Statuses never go back, and the daily counts always equal the messages.

use domain::{MessageId, MessageUuid};
use store::{Change, Direction, MessageRef, MessageStatus, StatusChange, StatusResult, Unit};
use uuid::Uuid;

use crate::{
    places::{Place, on_both_databases},
    rows::{CHANNEL, WORKSPACE, at, contact, message, outgoing, workspace},
};

on_both_databases!(
    reports_in_any_order_leave_the_furthest_status_and_true_counts,
    a_message_is_found_by_each_of_its_names
);

fn report(message: MessageRef, status: MessageStatus) -> Change {
    Change::Status(Box::new(StatusChange {
        workspace: WORKSPACE,
        message,
        status,
        external_id: None,
        reason: None,
        at: at(100),
    }))
}

#[test]
fn a_status_goes_on_and_never_back() {
    use MessageStatus::{Delivered, Errored, Failed, Handled, Pending, Queued, Read, Sent, Wired};
    for (from, to, expected) in [
        (Queued, Wired, true),
        (Queued, Delivered, true),
        (Wired, Sent, true),
        (Sent, Delivered, true),
        (Delivered, Sent, false),
        (Delivered, Failed, false),
        (Read, Delivered, false),
        (Wired, Failed, true),
        (Failed, Sent, false),
        (Failed, Delivered, true),
        (Errored, Wired, true),
        (Sent, Sent, false),
        (Pending, Handled, true),
        (Handled, Failed, false),
    ] {
        assert_eq!(from.may_become(to), expected, "{from:?} -> {to:?}");
    }
}

async fn reports_in_any_order_leave_the_furthest_status_and_true_counts(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    let mut changes = vec![contact(1)];
    (1..=40).for_each(|id| changes.extend(outgoing(id, 1, 0)));
    (41..=60).for_each(|id| {
        changes.push(Change::Message(Box::new(message(id, 1, Direction::In, MessageStatus::Handled))));
    });
    store.write_one(changes.into()).await.unwrap();
    let statuses = [
        MessageStatus::Wired,
        MessageStatus::Delivered,
        MessageStatus::Sent,
        MessageStatus::Errored,
        MessageStatus::Failed,
        MessageStatus::Read,
    ];
    let mut state = 42_u64;
    for _ in 0..30 {
        let reports = (0..20).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let id = 1 + i64::try_from((state >> 33) % 40).unwrap();
            report(MessageRef::Id(MessageId(id)), statuses[(state >> 50) as usize % statuses.len()])
        });
        store.write_one(Unit::new(reports.collect())).await.unwrap();
        let counts = store.daily_counts(WORKSPACE).await.unwrap();
        assert_eq!(counts, store.recount(WORKSPACE).await.unwrap());
        assert_eq!(counts.iter().map(|count| count.count).sum::<i64>(), 60);
    }
}

async fn a_message_is_found_by_each_of_its_names(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    let mut changes = vec![contact(1)];
    changes.extend(outgoing(1, 1, 0));
    changes.extend(outgoing(2, 1, 0));
    store.write_one(changes.into()).await.unwrap();
    let wired = Change::Status(Box::new(StatusChange {
        workspace: WORKSPACE,
        message: MessageRef::Id(MessageId(1)),
        status: MessageStatus::Wired,
        external_id: Some("carrier-1".into()),
        reason: None,
        at: at(1),
    }));
    let uuid = MessageUuid(Uuid::from_u128(0xe0 << 64 | 2));
    let other_channel = domain::ChannelId(8);
    let unit = Unit::new(vec![
        wired,
        report(MessageRef::External(CHANNEL, "carrier-1".into()), MessageStatus::Delivered),
        report(MessageRef::External(CHANNEL, "carrier-1".into()), MessageStatus::Sent),
        report(MessageRef::Uuid(CHANNEL, uuid), MessageStatus::Sent),
        report(MessageRef::Uuid(other_channel, uuid), MessageStatus::Delivered),
        report(MessageRef::External(CHANNEL, "never heard".into()), MessageStatus::Sent),
    ]);
    let done = store.write_one(unit).await.unwrap();
    assert_eq!(
        done.statuses,
        [
            StatusResult::Applied(MessageId(1)),
            StatusResult::Applied(MessageId(1)),
            StatusResult::Ignored(MessageId(1)),
            StatusResult::Applied(MessageId(2)),
            StatusResult::Unknown,
            StatusResult::Unknown,
        ]
    );
}
