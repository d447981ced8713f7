//! The promises that tests lean on: databases apart from each other, crashes that keep what was committed, nothing
//! left behind.

use test_postgres::{Cluster, Durability};

#[test]
fn databases_are_apart_and_go_with_their_value() {
    let (first, second) = (Cluster::shared().database(), Cluster::shared().database());
    assert!(
        first
            .psql("CREATE TABLE thing (id BIGINT); INSERT INTO thing VALUES (7); TABLE thing")
            .ends_with('7')
    );
    assert_eq!(second.psql("SELECT to_regclass('thing') IS NULL"), "t");
    let count = format!("SELECT count(*) FROM pg_database WHERE datname = '{}'", first.name());
    drop(first);
    assert_eq!(second.psql(&count), "0");
}

#[test]
fn a_durable_cluster_keeps_commits_over_a_crash() {
    let cluster = Cluster::start(Durability::Durable);
    let database = cluster.database();
    database.psql("CREATE TABLE thing (id BIGINT)");
    database.psql("INSERT INTO thing VALUES (1), (2), (3)");
    cluster.crash();
    cluster.start_again();
    assert_eq!(database.psql("SELECT count(*) FROM thing"), "3");
    let folder = database.psql("SHOW unix_socket_directories");
    cluster.stop();
    drop(cluster);
    assert!(!std::path::Path::new(&folder).exists(), "{folder} is left behind");
}
