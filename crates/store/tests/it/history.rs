//! A history that is made up is one that could have been.

use domain::{ChannelId, ContactId, FlowId, MessageId, NodeUuid};
use store::{Direction, History, HistoryReport, MessageStatus, StoreError, TallyKind, make_history};
use uuid::Uuid;

use crate::{
    places::{Place, on_both_databases},
    rows::{WORKSPACE, at, workspace},
};

on_both_databases!(
    counts_of_a_made_up_history_hold_and_people_are_found,
    a_store_that_has_people_is_left_alone,
);

fn history(messages: u64, contacts: u64) -> History {
    History {
        workspace: WORKSPACE,
        timezone: "Africa/Nairobi".into(),
        channel: ChannelId(7),
        flow: FlowId(9),
        nodes: [1, 2, 3, 4, 5].map(|number| NodeUuid(Uuid::from_u128(number))),
        messages,
        contacts,
        first_number: 256_799_000_000,
        until: at(0),
    }
}

async fn make(place: &Place, history: History) -> Result<HistoryReport, StoreError> {
    let url = place.url();
    tokio::task::spawn_blocking(move || make_history(&url, &history, |_| {})).await.unwrap()
}

async fn counts_of_a_made_up_history_hold_and_people_are_found(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    drop(store);
    // More than one page of conversations, and a last round in which only some people have one.
    let report = make(&place, history(15_000, 700)).await.unwrap();
    assert_eq!(report, HistoryReport { messages: 15_000, contacts: 700, conversations: 2_500 });
    let store = place.open();
    let verified = store.verify(None).await.unwrap();
    assert!(verified.is_right(), "{verified:#?}");
    assert_eq!(store.contact_count(WORKSPACE).await.unwrap(), 700);
    let urn = "tel:+256799000012".parse().unwrap();
    let (contact, _) = store.address_owner(WORKSPACE, urn).await.unwrap().unwrap();
    let messages = store.contact_messages(WORKSPACE, contact, MessageId(0), 1_000).await.unwrap();
    assert_eq!(messages.len(), 4 * 6, "of 2,500 conversations of 700 people the thirteenth has four");
    assert!(messages.is_sorted_by_key(|message| message.created_on));
    let reached =
        |m: &store::MessageRow| m.direction == Direction::In || m.status == MessageStatus::Delivered;
    assert!(messages.iter().all(reached));
    let kinds = [TallyKind::Node, TallyKind::DeliveryTime, TallyKind::ActiveContact];
    for kind in kinds {
        assert!(!store.tallies(WORKSPACE, vec![kind], i32::MIN, i32::MAX).await.unwrap().is_empty());
    }
    // A second one would come on top of it.
    drop(store);
    let refused = make(&place, history(600, 10)).await.unwrap_err();
    assert!(refused.to_string().contains("only in an empty store"), "{refused}");
}

async fn a_store_that_has_people_is_left_alone(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    store.write_one(store::Unit::new(vec![crate::rows::contact(1)])).await.unwrap();
    drop(store);
    assert!(make(&place, history(600, 10)).await.is_err());
    let store = place.open();
    assert_eq!(store.contacts_after(WORKSPACE, ContactId(0), 10).await.unwrap(), [ContactId(1)]);
}
