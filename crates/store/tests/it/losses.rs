//! What happens when PostgreSQL goes away, at whatever moment: nothing that was told is lost, nothing is done twice.

use domain::{MessageId, OutboxId};
use store::{Change, Store, StoreError, StoreOptions, UnitError};
use test_postgres::{Cluster, Database};

use crate::rows::{CHANNEL, RUN, WORKSPACE, at, contact, outgoing, replies, two_nodes, workspace};

/// Ends every other connection to the database.
const CUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()";
/// Ends the connection of each transaction that writes a message, at the moment of its commit.
const CUT_AT_COMMIT: &str = "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON message DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION cut()";

fn opened() -> (Database, Store) {
    let database = Cluster::shared().database();
    let store = Store::open(&database.url().parse().unwrap(), StoreOptions::default()).unwrap();
    (database, store)
}

#[tokio::test]
async fn a_connection_lost_between_groups_or_reads_is_not_noticed() {
    let (database, store) = opened();
    store.write_one(workspace()).await.unwrap();
    for id in 1..=3 {
        database.psql(CUT);
        store.write_one(vec![contact(id)].into()).await.unwrap();
        assert_eq!(store.contact_count(WORKSPACE).await.unwrap(), id as u64);
        database.psql(CUT);
        assert_eq!(store.contact_count(WORKSPACE).await.unwrap(), id as u64);
    }
}

#[tokio::test]
async fn a_commit_of_which_nothing_is_known_says_so_and_may_be_given_again() {
    let (database, store) = opened();
    store.write_one(workspace()).await.unwrap();
    store.write_one(vec![contact(1)].into()).await.unwrap();
    database.psql(CUT_AT_COMMIT);
    let lost = store.write(vec![outgoing(1, 1, RUN).into()]).await;
    assert!(matches!(lost, Err(StoreError::Unknown)), "{lost:?}");
    database.psql("DROP TRIGGER cut ON message");
    let done = store.write_one(outgoing(1, 1, RUN).into()).await.unwrap();
    assert_eq!(done.claimed, [OutboxId(1)]);
    assert_eq!(store.messages(WORKSPACE, MessageId(0), 9).await.unwrap().len(), 1);
    assert_eq!(store.daily_counts(WORKSPACE).await.unwrap(), store.recount(WORKSPACE).await.unwrap());
}

#[tokio::test]
async fn rows_that_a_commit_of_which_nothing_is_known_put_in_hand_come_back() {
    let (database, store) = opened();
    store.write_one(workspace()).await.unwrap();
    store.write_one(vec![contact(1), contact(2)].into()).await.unwrap();
    two_nodes(&store).await;
    database.psql(CUT_AT_COMMIT);
    let lost = store.write(vec![outgoing(1, 1, RUN).into()]).await;
    assert!(matches!(lost, Err(StoreError::Unknown)), "{lost:?}");
    // As if the server had kept it after all.
    database.psql("DROP TRIGGER cut ON message");
    let other = Store::open(&database.url().parse().unwrap(), StoreOptions::default()).unwrap();
    other.write_one(outgoing(1, 1, RUN).into()).await.unwrap();
    store.write_one(outgoing(2, 2, RUN).into()).await.unwrap();
    let claimed = store.claim_outbox(RUN, at(9), vec![(replies(Some(CHANNEL)), 9)]).await.unwrap();
    let ids: Vec<_> = claimed.items.iter().map(|item| (item.id.0, item.possibly_repeated)).collect();
    assert_eq!(ids, [(1, false)], "1 is in nobody's hand, 2 is in ours");
    store.write_one(vec![Change::FinishOutbox(WORKSPACE, OutboxId(1))].into()).await.unwrap();
    assert_eq!(store.outbox_depth().await.unwrap(), (1, 0, 0));
}

#[tokio::test]
async fn two_nodes_never_take_the_same_row_nor_overtake_each_other() {
    let (database, first) = opened();
    let second = Store::open(&database.url().parse().unwrap(), StoreOptions::default()).unwrap();
    first.write_one(workspace()).await.unwrap();
    two_nodes(&first).await;
    first.write_one(vec![contact(1), contact(2)].into()).await.unwrap();
    for id in 1..=4 {
        first.write_one(outgoing(id, 1 + id % 2, 0).into()).await.unwrap();
    }
    let take = async |store: &Store, run: i64, most: usize| -> Vec<i64> {
        let claimed = store.claim_outbox(run, at(100), vec![(replies(Some(CHANNEL)), most)]).await.unwrap();
        claimed.items.iter().map(|item| item.id.0).collect()
    };
    assert_eq!(take(&first, RUN, 1).await, [1]);
    assert_eq!(take(&second, RUN + 1, 9).await, [2, 4], "3 waits for 1, which the first has in hand");
    let claimed = |done: store::UnitDone| !done.claimed.is_empty();
    assert!(!claimed(second.write_one(outgoing(5, 2, RUN + 1).into()).await.unwrap()));
    assert!(claimed(second.write_one(outgoing(6, 1, RUN + 1).into()).await.unwrap()));
    first.write_one(vec![Change::FinishOutbox(WORKSPACE, OutboxId(1))].into()).await.unwrap();
    assert_eq!(take(&second, RUN + 1, 9).await, [3, 5]);
}

#[tokio::test]
async fn a_server_that_is_away_is_waited_for_and_then_said_to_be_away() {
    let cluster = Cluster::start(test_postgres::Durability::Fast);
    let database = cluster.database();
    let options =
        StoreOptions { busy_timeout: std::time::Duration::from_millis(300), ..StoreOptions::default() };
    let store = Store::open(&database.url().parse().unwrap(), options).unwrap();
    store.write_one(workspace()).await.unwrap();
    cluster.stop();
    let away = store.write_one(vec![contact(1)].into()).await;
    assert!(matches!(away, Err(UnitError::Store(StoreError::Away(_)))), "{away:?}");
    let away = store.contact_count(WORKSPACE).await;
    assert!(matches!(away, Err(StoreError::Away(_))), "{away:?}");
    cluster.start_again();
    store.write_one(vec![contact(1)].into()).await.unwrap();
    assert_eq!(store.contact_count(WORKSPACE).await.unwrap(), 1);
}

#[tokio::test]
async fn a_pooler_that_is_started_anew_is_not_noticed() {
    let cluster = Cluster::start(test_postgres::Durability::Fast);
    let database = cluster.pooled_database();
    let store = Store::open(&database.url().parse().unwrap(), StoreOptions::default()).unwrap();
    store.write_one(workspace()).await.unwrap();
    for id in 1..=3 {
        cluster.restart_pooler();
        store.write_one(vec![contact(id)].into()).await.unwrap();
        cluster.restart_pooler();
        assert_eq!(store.contact_count(WORKSPACE).await.unwrap(), id as u64);
    }
    cluster.stop_pooler();
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.write_one(vec![contact(4)].into()).await }
    });
    tokio::task::yield_now().await;
    cluster.start_pooler();
    waiting.await.unwrap().unwrap();
    assert_eq!(store.contact_count(WORKSPACE).await.unwrap(), 4);
}
