//! Messages of former times: written many at once, counted as what they became, and found again by their numbers.

use domain::LabelId;
use store::{
    Change, DefinitionChange, Direction, KeptNumbers, LabelRow, MessageList, MessageStatus, MessagesOf,
    NumberedRows, PastMessage, Store, TallyKind, Unit, Visibility, Walk,
};
use uuid::Uuid;

use crate::{
    places::{Place, on_both_databases},
    rows::{WORKSPACE, at, contact, message, workspace},
};

on_both_databases!(past_messages_are_kept_and_counted_as_what_they_became);

/// More than one statement takes.
const MESSAGES: i64 = 250;
const LABEL: LabelId = LabelId(9);

fn past(id: i64) -> PastMessage {
    let (direction, status) = match id % 4 {
        0 => (Direction::In, MessageStatus::Handled),
        1 => (Direction::Out, MessageStatus::Delivered),
        2 => (Direction::Out, MessageStatus::Sent),
        _ => (Direction::Out, MessageStatus::Failed),
    };
    let was_sent = matches!(status, MessageStatus::Delivered | MessageStatus::Sent);
    PastMessage {
        message: message(id, 1, direction, status),
        visibility: if id % 8 == 0 { Visibility::Archived } else { Visibility::Visible },
        sent_on: was_sent.then(|| at(id + 2)),
        modified_on: at(id + 5),
        error_count: id % 3,
        labels: if id % 4 == 0 { vec![LABEL] } else { Vec::new() },
    }
}

async fn listed(store: &Store, of: MessagesOf) -> Vec<store::ListedMessage> {
    let walk = Walk { from: None, up: true, limit: 1_000 };
    let list = MessageList { of, after: i64::MIN, before: i64::MAX, walk };
    store.list_messages(WORKSPACE, list).await.unwrap()
}

async fn past_messages_are_kept_and_counted_as_what_they_became(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    let label = LabelRow { id: LABEL, uuid: Uuid::from_u128(9).into(), name: "Kept".into() };
    let label = Change::Definition(WORKSPACE, DefinitionChange::Label(label));
    store.write_one(Unit::new(vec![contact(1), label])).await.unwrap();
    let all: Vec<PastMessage> = (1..=MESSAGES).map(past).collect();
    store.write_one(Unit::new(vec![Change::PastMessages(all)])).await.unwrap();

    let rows = NumberedRows { workspace: WORKSPACE, table: KeptNumbers::Messages, above: 0, below: 1 << 40 };
    assert_eq!(store.numbered(rows).await.unwrap(), (MESSAGES, MESSAGES));
    assert_eq!(store.numbered(NumberedRows { above: 240, ..rows }).await.unwrap(), (MESSAGES, 10));
    assert_eq!(store.numbered(NumberedRows { below: 1, ..rows }).await.unwrap(), (0, 0));
    let labelled = listed(&store, MessagesOf::Label(LABEL)).await;
    assert_eq!(labelled.len() as i64, MESSAGES / 4);
    let archived = listed(&store, MessagesOf::Archived).await;
    assert_eq!(archived.len() as i64, MESSAGES / 8);
    let sent = listed(&store, MessagesOf::Id(domain::MessageId(5))).await;
    assert_eq!(
        (sent[0].status, sent[0].sent_on, sent[0].modified_on),
        (MessageStatus::Delivered, Some(at(7)), at(10))
    );
    assert_eq!(sent[0].text, "message 5");

    // People were brought without being counted here; messages must be right, and so must how long carriers took.
    let verified = store.verify(None).await.unwrap();
    let counted = [TallyKind::Message, TallyKind::CarrierTime, TallyKind::DeliveryTime];
    let wrong: Vec<_> = verified.differences.iter().filter(|one| counted.contains(&one.kind)).collect();
    assert!(wrong.is_empty() && verified.broken.is_empty(), "{wrong:?} {:?}", verified.broken);
}
