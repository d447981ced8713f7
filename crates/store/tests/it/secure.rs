//! TLS to a real server, and what is refused.

use store::{Store, StoreOptions, StoreUrl};
use test_postgres::{Authority, Cluster, Database};

use crate::rows::workspace;

/// Whether the connections of a store are private; why it could not be opened.
async fn opened(database: &Database, url: &str) -> Result<bool, String> {
    let url: StoreUrl = url.parse().map_err(|error: store::StoreError| error.to_string())?;
    let store = Store::open(&url, StoreOptions::default()).map_err(|error| error.to_string())?;
    store.workspaces().await.unwrap();
    let private = database.psql(
        "SELECT DISTINCT s.ssl FROM pg_stat_ssl AS s JOIN pg_stat_activity AS a USING (pid)
         WHERE a.application_name = 'seedling' AND a.datname = current_database()",
    );
    match private.as_str() {
        "t" => Ok(true),
        "f" => Ok(false),
        other => Err(format!("connections of both kinds or none: {other:?}")),
    }
}

fn check(said: Result<bool, String>, expected: Result<bool, &str>, case: &str) {
    match (&said, expected) {
        (Ok(private), Ok(expected)) => assert_eq!(*private, expected, "{case}"),
        (Err(reason), Err(part)) => assert!(reason.contains(part), "{case}: {reason}"),
        _ => panic!("{case}: {said:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_as_private_and_as_sure_as_the_address_asks() {
    let (authority, stranger) = (Authority::create(), Authority::create());
    let cluster = Cluster::start_with_tls(&authority);
    let database = cluster.database();
    let ca = format!("sslrootcert={}", authority.certificate().display());
    let other = format!("sslrootcert={}", stranger.certificate().display());
    let cases = [
        ("127.0.0.1", "sslmode=disable".to_owned(), Ok(false)),
        ("127.0.0.1", String::new(), Ok(true)),
        ("127.0.0.1", "sslmode=prefer".to_owned(), Ok(true)),
        ("127.0.0.1", "sslmode=require".to_owned(), Ok(true)),
        ("127.0.0.1", format!("sslmode=require&{ca}"), Ok(true)),
        ("127.0.0.1", format!("sslmode=require&{other}"), Err("UnknownIssuer")),
        ("127.0.0.1", format!("sslmode=verify-ca&{ca}"), Ok(true)),
        ("localhost", format!("sslmode=verify-full&{ca}"), Ok(true)),
        ("127.0.0.1", format!("sslmode=verify-full&{ca}"), Err("not valid for name")),
        ("localhost", format!("sslmode=verify-full&{other}"), Err("UnknownIssuer")),
        ("localhost", format!("sslmode=verify-ca&{other}"), Err("UnknownIssuer")),
        (
            "localhost",
            "sslmode=verify-full&sslrootcert=/no/such/file".to_owned(),
            Err("sslrootcert /no/such/file"),
        ),
    ];
    for (host, parameters, expected) in cases {
        let url = format!("{}?{parameters}", database.url_at(host, "postgres"));
        check(opened(&database, &url).await, expected, &url);
    }
    database.psql("ALTER SYSTEM SET ssl = off");
    database.psql("SELECT pg_reload_conf()");
    for (parameters, expected) in
        [("sslmode=prefer", Ok(false)), ("sslmode=require", Err("server does not support TLS"))]
    {
        let url = format!("{}?{parameters}", database.url_at("127.0.0.1", "postgres"));
        check(opened(&database, &url).await, expected, &url);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_ours_takes_the_place_of_a_password() {
    let (authority, stranger) = (Authority::create(), Authority::create());
    let cluster = Cluster::start_with_tls(&authority);
    let database = cluster.database();
    let url = |signer: &Authority, user: &str| {
        let (certificate, key) = signer.sign(user);
        let (certificate, key) = (certificate.display(), key.display());
        let base = database.url_at("localhost", "certified");
        format!("{base}?sslmode=require&sslcert={certificate}&sslkey={key}")
    };
    check(opened(&database, &url(&authority, "certified")).await, Ok(true), "ours");
    check(opened(&database, &url(&authority, "somebody")).await, Err("certificate"), "for another user");
    check(opened(&database, &url(&stranger, "certified")).await, Err("fatal alert"), "of a stranger");
    let without = database.url_at("localhost", "certified");
    check(opened(&database, &without).await, Err("certificate"), "none");
}

/// The address of several servers names one of a failover; only the one that takes writes is used.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_failover_the_server_that_takes_writes_is_found() {
    let (first, second) =
        (Cluster::start(test_postgres::Durability::Fast), Cluster::start(test_postgres::Durability::Fast));
    // Of the same name on both, as a standby is a copy.
    let (one, two) = (first.database(), second.database());
    let lead = |leader: &Database, follower: &Database| {
        for (database, read_only) in [(follower, "on"), (leader, "off")] {
            database.psql(&format!("ALTER SYSTEM SET default_transaction_read_only = {read_only}"));
            database.psql("SELECT pg_reload_conf()");
        }
    };
    for database in [&one, &two] {
        let store = Store::open(&database.url().parse().unwrap(), StoreOptions::default()).unwrap();
        store.write_one(workspace()).await.unwrap();
    }
    lead(&two, &one);
    let url = format!(
        "postgresql://postgres@%2Fno%2Fsuch%2Ffolder,{},{}/{}?target_session_attrs=read-write",
        one.host(),
        two.host(),
        one.name()
    );
    let store = Store::open(&url.parse().unwrap(), StoreOptions::default()).unwrap();
    let people = |database: &Database| database.psql("SELECT count(*) FROM contact");
    store.write_one(vec![crate::rows::contact(1)].into()).await.unwrap();
    assert_eq!((people(&one), people(&two)), ("0".to_owned(), "1".to_owned()));
    lead(&one, &two);
    store.write_one(vec![crate::rows::contact(2)].into()).await.unwrap();
    assert_eq!((people(&one), people(&two)), ("1".to_owned(), "1".to_owned()));
    assert_eq!(store.workspaces().await.unwrap().len(), 1);
}
