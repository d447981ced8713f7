//! The feed: what was committed, in order, for whoever goes on from a cursor.

use domain::{ContactId, MessageId, WorkspaceId};
use store::{
    Change, DefinitionChange, Direction, FeedCursor, FeedItem, FeedKind, FeedRead, MessageRef, MessageStatus,
    StatusChange, Store, UnitError, WorkspaceRow,
};

use crate::{
    places::{Place, on_both_databases},
    rows::{WORKSPACE, at, contact, message, outgoing, workspace, workspace_row},
};

on_both_databases!(
    each_commit_is_told_once_and_in_order,
    what_is_refused_or_changes_nothing_is_not_told,
    a_workspace_hears_of_its_own,
    what_is_old_is_removed_and_whoever_needs_it_is_told,
    a_cursor_of_another_database_begins_anew
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
    let news =
        ["message_in+message_out 1 10", "message_out 2 12", "status 1 11", "status 2 12", "status 1 11"];
    for limit in [1, 2, 3, 100] {
        let items = all(&store, head, limit).await;
        assert_eq!(words(&items), news, "{limit} at a time");
        assert!(items.is_sorted_by(|one, next| one.cursor < next.cursor));
    }
    let items = all(&store, FeedCursor::START, 2).await;
    assert_eq!(words(&items)[..3], ["definitions 0 0", "new_contact 1 0", "new_contact 2 0"]);
    assert_eq!((items.len(), items[7].on, items[7].workspace), (8, at(50), WORKSPACE));
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
    assert!(matches!(
        store.feed_after(None, items[2].cursor, 10).await.unwrap(),
        FeedRead::TooOld(head) if head >= items[6].cursor
    ));
    assert_eq!(all(&store, items[3].cursor, 1).await, items[4..], "nothing that it needs is gone");
    settle(&place);
    store.write_one(vec![Change::PruneFeed(at(10_000))].into()).await.unwrap();
    settle(&place);
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
    store.write_one(vec![contact(1)].into()).await.unwrap();
    let known = store.contact_uuids(WORKSPACE, vec![ContactId(1), ContactId(9)]).await.unwrap();
    assert_eq!(known.len(), 1);
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
         VALUES (pg_current_xact_id()::text::bigint, 0, 1, 1, '\\x040700', 1)",
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
