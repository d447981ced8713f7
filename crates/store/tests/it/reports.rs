//! Reports from a second server.

use store::{PostgresUrl, Store, StoreOptions, StoreUrl};
use test_postgres::{Cluster, Database, Durability};

use crate::rows::{WORKSPACE, contact, workspace};

fn postgres(database: &Database) -> Box<PostgresUrl> {
    match database.url().parse().unwrap() {
        StoreUrl::Postgres(url) => url,
        other => panic!("{other:?}"),
    }
}

/// The second server holds something else than the first, which shows who was asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_reports_are_read_from_the_standby_and_the_main_server_stands_in_for_it() {
    let standby = Cluster::start(Durability::Fast);
    let (main, second) = (Cluster::shared().database(), standby.database());
    let old = Store::open(&second.url().parse().unwrap(), StoreOptions::default()).unwrap();
    old.write_one(workspace()).await.unwrap();
    old.write_one(vec![contact(1)].into()).await.unwrap();
    drop(old);
    second.psql("ALTER SYSTEM SET default_transaction_read_only = on");
    second.psql("SELECT pg_reload_conf()");

    let options = StoreOptions { reports: Some(postgres(&second)), ..StoreOptions::default() };
    let store = Store::open(&main.url().parse().unwrap(), options).unwrap();
    store.write_one(workspace()).await.unwrap();
    store.write_one(vec![contact(1), contact(2)].into()).await.unwrap();
    let people = async || {
        let deciding = store.contact_count(WORKSPACE).await.unwrap();
        let shown = store.for_reports().contact_count(WORKSPACE).await.unwrap();
        (deciding, shown)
    };
    assert_eq!(people().await, (2, 1));
    // Also a report's store writes to the main server.
    store.for_reports().write_one(vec![contact(3)].into()).await.unwrap();
    assert_eq!(people().await, (3, 1));
    assert!(!store.reports_are_away());
    standby.stop();
    assert_eq!(people().await, (3, 3));
    assert!(store.reports_are_away());
    assert_eq!(people().await, (3, 3), "it is left alone for a while");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_that_is_away_keeps_nobody_from_starting() {
    let database = Cluster::shared().database();
    let StoreUrl::Postgres(nobody) = "postgres:///none?host=/no/such/folder".parse().unwrap() else { return };
    let options = StoreOptions { reports: Some(nobody), ..StoreOptions::default() };
    let store = Store::open(&database.url().parse().unwrap(), options).unwrap();
    store.write_one(workspace()).await.unwrap();
    assert_eq!(store.for_reports().workspaces().await.unwrap().len(), 1);
}

#[test]
fn sqlite_has_no_standby() {
    let StoreUrl::Postgres(url) = "postgres://db2/seedling".parse().unwrap() else {
        panic!("not PostgreSQL")
    };
    let options = StoreOptions { reports: Some(url), ..StoreOptions::default() };
    let refused = Store::open(&StoreUrl::Memory, options).map(drop);
    assert!(refused.unwrap_err().to_string().contains("standby of PostgreSQL"));
}
