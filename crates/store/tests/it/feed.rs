//! The feed: what was committed, in order, for whoever goes on from a cursor.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use domain::{ContactId, MessageId, WorkspaceId};
use store::{
    Change, DefinitionChange, Direction, FeedCursor, FeedItem, FeedKind, FeedRead, MessageRef, MessageStatus,
    StatusChange, Store, UnitError, WorkspaceRow,
};

use crate::{
    places::{Place, on_both_databases},
    rows::{WORKSPACE, at, contact, contact_row, message, outgoing, workspace, workspace_row},
};

on_both_databases!(
    each_commit_is_told_once_and_in_order,
    what_is_refused_or_changes_nothing_is_not_told,
    a_workspace_hears_of_its_own,
    what_is_old_is_removed_and_whoever_needs_it_is_told,
    a_cursor_of_another_database_begins_anew,
    entries_have_names,
    readers_of_many_writers_miss_nothing_and_read_nothing_twice
);

/// Waits until all that is committed by now is told: on PostgreSQL not while an earlier transaction is under way anywhere
/// on the server, and other tests use it too.
fn settle(place: &Place) {
    let (Place::Postgres(database) | Place::Pooled(database)) = place else { return };
    let number = |text: &str| database.psql(text).trim().parse::<i64>().unwrap();
    let until = number("SELECT pg_snapshot_xmax(pg_current_snapshot())");
    loop {
        if number("SELECT pg_snapshot_xmin(pg_current_snapshot())") >= until {
            return;
        }
    }
}

async fn read(store: &Store, of: Option<WorkspaceId>, after: FeedCursor, limit: usize) -> Vec<FeedItem> {
    match store.feed_after(of, after, limit).await.unwrap() {
        FeedRead::Items(items) => items,
        FeedRead::TooOld(head) => panic!("too old; the head is {head}"),
    }
}

/// Everything behind a cursor, read in steps of `limit`.
async fn all(store: &Store, after: FeedCursor, limit: usize) -> Vec<FeedItem> {
    let mut cursor = after;
    let mut found = Vec::new();
    loop {
        let items = read(store, None, cursor, limit).await;
        let Some(last) = items.last() else { return found };
        // As a reader does that keeps its place as text.
        cursor = last.cursor.to_string().parse().unwrap();
        found.extend(items);
    }
}

fn words(items: &[FeedItem]) -> Vec<String> {
    let word = |item: &FeedItem| {
        let kinds: Vec<&str> = item.kinds.iter().map(FeedKind::as_str).collect();
        let contact = item.contact.map_or(0, |id| id.0);
        format!("{} {contact} {}", kinds.join("+"), item.subject.unwrap_or_default())
    };
    items.iter().map(word).collect()
}

fn status(message: i64, status: MessageStatus) -> Change {
    Change::Status(Box::new(StatusChange {
        workspace: WORKSPACE,
        message: MessageRef::Id(MessageId(message)),
        status,
        external_id: None,
        reason: None,
        at: at(50),
    }))
}

async fn each_commit_is_told_once_and_in_order(place: Place) {
    let store = place.open();
    assert!(read(&store, None, FeedCursor::START, 10).await.is_empty());
    store.write_one(workspace()).await.unwrap();
    store.write_one(vec![contact(1), contact(2)].into()).await.unwrap();
    settle(&place);
    let head = store.feed_head().await.unwrap();
    assert!(read(&store, None, head, 10).await.is_empty());
    let hello = message(10, 1, Direction::In, MessageStatus::Handled);
    let turn = std::iter::once(Change::Message(Box::new(hello))).chain(outgoing(11, 1, 5));
    // One after the other: units of different people may be committed by several connections.
    let units: [Vec<Change>; 3] = [
        turn.collect(),
        outgoing(12, 2, 5),
        vec![status(11, MessageStatus::Wired), status(12, MessageStatus::Wired)],
    ];
    for unit in units {
        store.write_one(unit.into()).await.unwrap();
    }
    store.write_one(vec![status(11, MessageStatus::Delivered)].into()).await.unwrap();
    settle(&place);
    let news = [
        "message_in 1 10",
        "message_out 1 11",
        "message_out 2 12",
        "status 1 11",
        "status 2 12",
        "status 1 11",
    ];
    for limit in [1, 2, 3, 100] {
        let items = all(&store, head, limit).await;
        assert_eq!(words(&items), news, "{limit} at a time");
        assert!(items.is_sorted_by(|one, next| one.cursor < next.cursor));
    }
    let items = all(&store, FeedCursor::START, 2).await;
    assert_eq!(words(&items)[..3], ["definitions 0 0", "new_contact 1 0", "new_contact 2 0"]);
    assert_eq!((items.len(), items[8].on, items[8].workspace), (9, at(50), WORKSPACE));
}

async fn what_is_refused_or_changes_nothing_is_not_told(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    store.write_one(vec![contact(1)].into()).await.unwrap();
    store.write_one(outgoing(11, 1, 5).into()).await.unwrap();
    store.write_one(vec![status(11, MessageStatus::Delivered)].into()).await.unwrap();
    settle(&place);
    let head = store.feed_head().await.unwrap();
    let done = store
        .write(vec![
            vec![contact(1)].into(),
            vec![status(11, MessageStatus::Sent)].into(),
            vec![status(99, MessageStatus::Sent)].into(),
            vec![contact(3)].into(),
        ])
        .await
        .unwrap();
    assert!(matches!(done[0], Err(UnitError::Conflict)), "{done:?}");
    settle(&place);
    assert_eq!(words(&all(&store, head, 10).await), ["new_contact 3 0"]);
}

async fn a_workspace_hears_of_its_own(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    let other = WorkspaceId(2);
    let row = WorkspaceRow {
        id: other,
        uuid: uuid::Uuid::from_u128(2).into(),
        name: "Another".into(),
        ..workspace_row()
    };
    let new = DefinitionChange::NewWorkspace(Box::new(row));
    store.write_one(vec![Change::Definition(other, new)].into()).await.unwrap();
    store.write_one(vec![contact(1)].into()).await.unwrap();
    settle(&place);
    let mine = read(&store, Some(WORKSPACE), FeedCursor::START, 10).await;
    assert_eq!(words(&mine), ["definitions 0 0", "new_contact 1 0"]);
    let theirs = read(&store, Some(other), FeedCursor::START, 10).await;
    assert_eq!(words(&theirs), ["definitions 0 0"]);
    assert!(read(&store, Some(other), theirs[0].cursor, 10).await.is_empty());
}

async fn what_is_old_is_removed_and_whoever_needs_it_is_told(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    store.write_one(vec![contact(1)].into()).await.unwrap();
    for id in 1..=5 {
        store.write_one(outgoing(id * 100, 1, 5).into()).await.unwrap();
    }
    settle(&place);
    let items = all(&store, FeedCursor::START, 100).await;
    assert_eq!(items.len(), 7);
    assert_eq!(store.feed_oldest().await.unwrap(), Some(items[0].on));
    store.write_one(vec![Change::PruneFeed(at(300))].into()).await.unwrap();
    assert_eq!(store.feed_oldest().await.unwrap(), Some(at(300)));
    assert_eq!(store.feed_start().await.unwrap(), items[3].cursor);
    assert!(matches!(
        store.feed_after(None, items[2].cursor, 10).await.unwrap(),
        FeedRead::TooOld(head) if head >= items[6].cursor
    ));
    assert_eq!(all(&store, items[3].cursor, 1).await, items[4..], "nothing that it needs is gone");
    settle(&place);
    store.write_one(vec![Change::PruneFeed(at(10_000))].into()).await.unwrap();
    settle(&place);
    assert_eq!(store.feed_oldest().await.unwrap(), None, "nothing is left to be removed");
    let head = store.feed_head().await.unwrap();
    store.write_one(outgoing(600, 1, 5).into()).await.unwrap();
    settle(&place);
    assert_eq!(words(&all(&store, head, 1).await), ["message_out 1 600"], "the order goes on");
}

async fn a_cursor_of_another_database_begins_anew(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    let later: FeedCursor = "999999999999-0".parse().unwrap();
    assert!(matches!(store.feed_after(None, later, 10).await.unwrap(), FeedRead::TooOld(_)));
}

async fn entries_have_names(place: Place) {
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    store.write_one(vec![contact(1)].into()).await.unwrap();
    store.write_one(outgoing(11, 1, 5).into()).await.unwrap();
    store.write_one(vec![status(11, MessageStatus::Wired)].into()).await.unwrap();
    store.write_one(vec![status(11, MessageStatus::Delivered)].into()).await.unwrap();
    settle(&place);
    let mut items = all(&store, FeedCursor::START, 100).await;
    // One of another workspace, as if it were told here, and one that nobody knows.
    let last = *items.last().unwrap();
    items.push(FeedItem { contact: Some(ContactId(9)), subject: Some(99), ..last });
    items.push(FeedItem { workspace: WorkspaceId(9), ..last });
    let named = store.feed_named(items).await.unwrap();
    let uuid = message(11, 1, Direction::Out, MessageStatus::Queued).uuid.0;
    let shown: Vec<_> =
        named.iter().map(|named| (named.contact, named.subject, named.status.as_deref())).collect();
    let somebody = Some(contact_row(1).uuid);
    let told = (somebody, Some(uuid), Some("delivered"));
    assert_eq!(shown, [(None, None, None), (somebody, None, None), told, told, told, (None, None, None)]);
    assert!(named.iter().all(|named| named.workspace == workspace_row().uuid));
}

/// Several writers at once, and readers who stop at any place and go on elsewhere: each change is read once, those of one
/// person in their order, and all read the same.
async fn readers_of_many_writers_miss_nothing_and_read_nothing_twice(place: Place) {
    const PEOPLE: i64 = 6;
    const MESSAGES: i64 = 40;
    let first = place.open();
    first.write_one(workspace()).await.unwrap();
    first.write_one((1..=PEOPLE).map(contact).collect::<Vec<_>>().into()).await.unwrap();
    settle(&place);
    let head = first.feed_head().await.unwrap();
    // On SQLite one process writes; elsewhere each writer is a process of its own.
    let shared = !matches!(place, Place::Sqlite(_));
    let store_of = |_| if shared { place.open() } else { first.clone() };
    let stores: Vec<Store> = (0..3).map(store_of).collect();
    let writers = (1..=PEOPLE).map(|person| {
        let store = stores[usize::try_from(person).unwrap() % stores.len()].clone();
        tokio::spawn(async move {
            for n in 0..MESSAGES {
                let id = n * 100 + 1_000 + person;
                store.write_one(outgoing(id, person, 5).into()).await.unwrap();
                if n % 3 == 0 {
                    store.write_one(vec![status(id, MessageStatus::Wired)].into()).await.unwrap();
                }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let wanted = usize::try_from(PEOPLE * (MESSAGES + (MESSAGES + 2) / 3)).unwrap();
    let written = Arc::new(AtomicBool::new(false));
    let readers = (1..=3_usize).map(|limit| {
        let (stores, written) = (stores.clone(), written.clone());
        tokio::spawn(async move {
            let (mut items, mut cursor) = (Vec::new(), head);
            for turn in 0.. {
                let is_all = written.load(Ordering::Acquire);
                // Each time on another node.
                let news = read(&stores[turn % stores.len()], None, cursor, limit * 2).await;
                let Some(last) = news.last() else {
                    if is_all {
                        break;
                    }
                    tokio::task::yield_now().await;
                    continue;
                };
                cursor = last.cursor.to_string().parse().unwrap();
                items.extend(news);
            }
            items
        })
    });
    let readers: Vec<_> = readers.collect();
    for writer in writers {
        writer.await.unwrap();
    }
    settle(&place);
    written.store(true, Ordering::Release);
    let whole = all(&first, head, 100).await;
    assert_eq!(whole.len(), wanted);
    for reader in readers {
        assert_eq!(reader.await.unwrap(), whole);
    }
    for person in 1..=PEOPLE {
        let own: Vec<FeedItem> =
            whole.iter().filter(|item| item.contact == Some(ContactId(person))).copied().collect();
        let expected = (0..MESSAGES).flat_map(|n| {
            let id = n * 100 + 1_000 + person;
            let wired = (n % 3 == 0).then(|| format!("status {person} {id}"));
            std::iter::once(format!("message_out {person} {id}")).chain(wired)
        });
        assert_eq!(words(&own), expected.collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_commits_late_is_not_passed_over() {
    let place = Place::postgres();
    let Place::Postgres(database) = &place else { unreachable!() };
    let store = place.open();
    store.write_one(workspace()).await.unwrap();
    settle(&place);
    let head = store.feed_head().await.unwrap();
    // Another node, in the middle of a commit: it has its number already.
    let (mut other, connection) =
        tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
    let driven = tokio::spawn(connection);
    let late = other.transaction().await.unwrap();
    late.batch_execute(
        "INSERT INTO feed (tx, first, count, workspace_id, entries, created_on)
         VALUES (pg_current_xact_id()::text::bigint, 0, 1, 1, '\\x01040e00', 1)",
    )
    .await
    .unwrap();
    store.write_one(vec![contact(1)].into()).await.unwrap();
    assert!(all(&store, head, 10).await.is_empty(), "what is behind it waits");
    late.commit().await.unwrap();
    settle(&place);
    assert_eq!(words(&all(&store, head, 10).await), ["status 7 0", "new_contact 1 0"]);
    drop(other);
    driven.await.unwrap().unwrap();
    let copied = all(&store, head, 10).await;
    drop(store);
    // As after a restore on a server that numbered less.
    place.sql("UPDATE feed SET tx = tx + 1000000000 WHERE tx = (SELECT max(tx) FROM feed)");
    let store = place.open();
    settle(&place);
    assert_eq!(all(&store, head, 10).await, copied[..1], "what another server numbered is gone");
}
