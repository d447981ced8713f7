//! Units: whole or not at all, and never at the cost of their neighbours.

use domain::{ChannelId, ContactId, GroupId, MessageId, SessionId};
use store::{
    Change, ContactRow, ContactUpdate, ConversationKey, DefinitionChange, Direction, DueTimer, InboundKey,
    LabelRow, MessageStatus, NewContact, NewMessage, NewUrn, SessionRow, SessionStatus, Store, TimerKind,
    Unit, UnitError,
};

use crate::{
    places::{Place, on_both_databases},
    rows::{CHANNEL, WORKSPACE, at, contact, contact_row, message, urn_row, workspace},
};

on_both_databases!(
    a_unit_that_fails_leaves_no_trace_and_its_neighbours_stay,
    only_one_of_two_writers_of_a_version_wins,
    row_numbers_rise_beyond_all_that_a_contact_has_when_it_is_read,
    many_writers_share_commits_and_each_hears_of_its_own,
    an_expiry_only_moves_forward_by_firing_and_a_timeout_moves_at_once,
    a_repetition_has_the_same_line_id_sender_and_text,
    rows_of_one_workspace_are_not_seen_by_another,
    a_row_of_one_workspace_is_not_written_by_another
);

fn update(id: i64, version: i64, name: &str) -> Change {
    let mut row = contact_row(id);
    row.version = version;
    row.name = name.into();
    Change::Contact(Box::new(ContactUpdate { contact: row, version: version + 1, modified_on: at(1) }))
}

fn inbound(id: i64, contact: i64, external: &str) -> Change {
    let mut message = message(id, contact, Direction::In, MessageStatus::Handled);
    message.external_id = Some(external.into());
    message.text = "hello".into();
    Change::Message(Box::new(message))
}

async fn prepared(store: &Store) {
    store.write_one(workspace()).await.unwrap();
    store.write_one(vec![contact(1), contact(2), inbound(10, 1, "ext-1")].into()).await.unwrap();
}

async fn a_unit_that_fails_leaves_no_trace_and_its_neighbours_stay(place: Place) {
    let store = place.open();
    prepared(&store).await;
    let bad: Vec<(&str, Vec<Change>, fn(&UnitError) -> bool)> = vec![
        ("an old version", vec![inbound(11, 1, "new"), update(1, 9, "x")], |e| {
            matches!(e, UnitError::Conflict)
        }),
        ("a known external id", vec![update(1, 1, "x"), inbound(12, 1, "ext-1")], |e| {
            matches!(e, UnitError::Duplicate)
        }),
        (
            "somebody's address",
            vec![Change::NewUrn(NewUrn { workspace: WORKSPACE, contact: ContactId(1), urn: urn_row(2) })],
            |e| matches!(e, UnitError::Conflict),
        ),
        ("an identifier that nothing asked about beforehand", vec![inbound(13, 1, "new"), twin(2, 3)], |e| {
            matches!(e, UnitError::Conflict)
        }),
        ("a contact that was made meanwhile", vec![contact(2)], |e| matches!(e, UnitError::Conflict)),
        ("a timer that is gone", vec![update(1, 1, "x"), take_timer(5)], |e| matches!(e, UnitError::Gone)),
    ];
    for (case, changes, expected) in bad {
        let before = store.daily_counts(WORKSPACE).await.unwrap();
        let joined = Change::JoinGroup(WORKSPACE, ContactId(2), GroupId(77), at(1));
        let units = vec![Unit::new(vec![joined]), Unit::new(changes), Unit::default()];
        let answers = store.write(units).await.unwrap();
        assert!(answers[0].is_ok() && answers[2].is_ok(), "{case}: {answers:?}");
        assert!(answers[1].as_ref().is_err_and(expected), "{case}: {answers:?}");
        let messages = store.messages(WORKSPACE, MessageId(0), 100).await.unwrap();
        assert_eq!(messages.len(), 1, "{case}");
        assert_eq!(store.daily_counts(WORKSPACE).await.unwrap(), before, "{case}");
        let key = ConversationKey::Contact(WORKSPACE, ContactId(1));
        let loaded = store.load_conversations(vec![key]).await.unwrap().conversations;
        assert_eq!(loaded[0].as_ref().unwrap().contact.name, "Amina", "{case}");
    }
}

/// A contact with the number of one and the address of another.
fn twin(id: i64, urn: i64) -> Change {
    Change::NewContact(Box::new(NewContact { contact: contact_row(id), urns: vec![urn_row(urn)] }))
}

fn take_timer(due: i64) -> Change {
    Change::TakeTimer(timer(TimerKind::Expiry, due))
}

fn timer(kind: TimerKind, due: i64) -> DueTimer {
    DueTimer { workspace: WORKSPACE, contact: ContactId(1), kind, due: at(due), session: SessionId(3) }
}

async fn row_numbers_rise_beyond_all_that_a_contact_has_when_it_is_read(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    let fast = store.with_id_slot(1);
    let slow = store.with_id_slot(2);
    let version = fast.ids().next(at(3_600));
    let mut new = contact_row(1);
    new.version = version;
    let new = Change::NewContact(Box::new(NewContact { contact: new, urns: vec![urn_row(1)] }));
    store.write_one(vec![new].into()).await.unwrap();
    assert!(slow.ids().next(at(0)) < version, "its clock is behind");
    let keys = || vec![ConversationKey::Contact(WORKSPACE, ContactId(1))];
    let loaded = slow.load_conversations(keys()).await.unwrap().conversations;
    assert_eq!(loaded[0].as_ref().map(|person| person.contact.version), Some(version));
    let next = slow.ids().next(at(0));
    assert!(next > version);
    let update = ContactUpdate {
        contact: ContactRow { version, ..contact_row(1) },
        version: next,
        modified_on: at(2),
    };
    let unit = || vec![Change::Contact(Box::new(update.clone()))].into();
    store.write_one(unit()).await.unwrap();
    assert!(
        matches!(store.write_one(unit()).await, Err(UnitError::Conflict)),
        "it is made of an old version"
    );
    let loaded = fast.load_conversations(keys()).await.unwrap().conversations;
    assert_eq!(loaded[0].as_ref().map(|person| person.contact.version), Some(next));
    assert!(fast.ids().next(at(0)) > next);
}

async fn only_one_of_two_writers_of_a_version_wins(place: Place) {
    let store = place.open();
    prepared(&store).await;
    let answers = store
        .write(vec![vec![update(1, 1, "first")].into(), vec![update(1, 1, "second")].into()])
        .await
        .unwrap();
    assert!(answers[0].is_ok());
    assert!(matches!(answers[1], Err(UnitError::Conflict)));
    store.write_one(vec![update(1, 2, "third")].into()).await.unwrap();
}

async fn many_writers_share_commits_and_each_hears_of_its_own(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    let tasks: Vec<_> = (1..=200)
        .map(|id| {
            let store = store.clone();
            tokio::spawn(async move { store.write_one(vec![contact(1 + id / 2)].into()).await })
        })
        .collect();
    let mut refused = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => {}
            Err(UnitError::Conflict) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(store.contact_count(WORKSPACE).await.unwrap(), 101);
    assert_eq!(refused, 99);
}

async fn an_expiry_only_moves_forward_by_firing_and_a_timeout_moves_at_once(place: Place) {
    let store = place.open();
    prepared(&store).await;
    for (kind, dues, expected) in [
        (TimerKind::Expiry, [50, 90, 40, 60], 40),
        (TimerKind::WaitTimeout, [50, 90, 40, 60], 60),
        (TimerKind::EffectDeadline, [50, 90, 40, 60], 60),
    ] {
        for due in dues {
            store.write_one(vec![Change::SetTimer(timer(kind, due))].into()).await.unwrap();
        }
        let due = store.due_timers(at(1_000), 10).await.unwrap();
        assert_eq!(due, [timer(kind, expected)], "{kind:?}");
        assert_eq!(store.next_timer_due().await.unwrap(), Some(at(expected)));
        assert!(store.due_timers(at(expected - 1), 10).await.unwrap().is_empty());
        store.write_one(vec![Change::TakeTimer(timer(kind, expected))].into()).await.unwrap();
    }
    assert_eq!(store.next_timer_due().await.unwrap(), None);
}

async fn a_repetition_has_the_same_line_id_sender_and_text(place: Place) {
    let store = place.open();
    prepared(&store).await;
    let kept = |channel: i64, external: &str, person: i64, text: &str| InboundKey {
        workspace: WORKSPACE,
        channel: ChannelId(channel),
        external_id: external.into(),
        sender: format!("tel:{}", urn_row(person).path).parse().unwrap(),
        text: text.into(),
    };
    let first = store.find_inbound(kept(CHANNEL.0, "ext-1", 1, "hello")).await.unwrap();
    assert!(first.is_some());
    for (id, channel, external, person, text) in [
        (20, CHANNEL.0 + 1, "ext-1", 1, "hello"),
        (21, CHANNEL.0, "ext-2", 1, "hello"),
        (22, CHANNEL.0, "ext-1", 2, "hello"),
        (23, CHANNEL.0, "ext-1", 1, "hello?"),
    ] {
        let key = kept(channel, external, person, text);
        assert!(store.find_inbound(key.clone()).await.unwrap().is_none(), "{key:?}");
        let mut new = message(id, person, Direction::In, MessageStatus::Handled);
        new.channel = Some(ChannelId(channel));
        new.external_id = Some(external.into());
        new.text = text.into();
        let unit = |new: &NewMessage| Unit::new(vec![Change::Message(Box::new(new.clone()))]);
        store.write_one(unit(&new)).await.unwrap();
        assert_eq!(store.find_inbound(key.clone()).await.unwrap(), Some(new.uuid), "{key:?}");
        let refused = store.write_one(unit(&NewMessage { id: MessageId(id + 100), ..new })).await;
        assert!(matches!(refused, Err(UnitError::Duplicate)), "{key:?}: {refused:?}");
    }
    assert_eq!(store.find_inbound(kept(CHANNEL.0, "ext-1", 1, "hello")).await.unwrap(), first);
    let foreign = InboundKey { workspace: domain::WorkspaceId(2), ..kept(CHANNEL.0, "ext-1", 1, "hello") };
    assert!(store.find_inbound(foreign).await.unwrap().is_none());
}

async fn rows_of_one_workspace_are_not_seen_by_another(place: Place) {
    let store = place.open();
    prepared(&store).await;
    let other = domain::WorkspaceId(2);
    let key = ConversationKey::Contact(other, ContactId(1));
    assert!(store.load_conversations(vec![key]).await.unwrap().conversations[0].is_none());
    assert!(store.messages(other, MessageId(0), 10).await.unwrap().is_empty());
    assert!(store.contact_messages(other, ContactId(1), MessageId(0), 10).await.unwrap().is_empty());
    assert_eq!(store.contact_count(other).await.unwrap(), 0);
}

async fn a_row_of_one_workspace_is_not_written_by_another(place: Place) {
    let store = place.open();
    prepared(&store).await;
    let other = domain::WorkspaceId(2);
    let label = |workspace, name: &str| {
        let row = LabelRow {
            id: domain::LabelId(50),
            uuid: domain::LabelUuid(uuid::Uuid::from_u128(50)),
            name: name.into(),
        };
        Unit::new(vec![Change::Definition(workspace, DefinitionChange::Label(row))])
    };
    store.write_one(label(WORKSPACE, "Urgent")).await.unwrap();
    store.write_one(label(WORKSPACE, "Very urgent")).await.unwrap();
    let refused = store.write_one(label(other, "Mine")).await;
    assert!(matches!(refused, Err(UnitError::Taken(_))), "{refused:?}");
    let labels = store.definitions(WORKSPACE).await.unwrap().unwrap().labels;
    assert_eq!(labels[0].name, "Very urgent");

    let session = |workspace, pins: &str| {
        let row = SessionRow {
            id: SessionId(60),
            workspace,
            uuid: domain::SessionUuid(uuid::Uuid::from_u128(60)),
            contact: ContactId(1),
            status: SessionStatus::Waiting,
            wait_kind: None,
            wait_until: None,
            expires_on: None,
            pins: pins.to_owned(),
            state: vec![1],
            created_on: at(0),
            ended_on: None,
        };
        Unit::new(vec![Change::Session(Box::new(row))])
    };
    store.write_one(session(WORKSPACE, "")).await.unwrap();
    store.write_one(session(WORKSPACE, "1:1:1")).await.unwrap();
    let refused = store.write_one(session(other, "2:2:2")).await;
    assert!(matches!(refused, Err(UnitError::Conflict)), "{refused:?}");
}
