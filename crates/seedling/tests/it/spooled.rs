//! PostgreSQL is stopped in the middle of load, and the node is killed while it is away: each message that was
//! acknowledged is there once, in the order of its sender. The carrier has no identifiers of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use test_postgres::{Cluster, Database, Durability};

use crate::node::{Node, with_a_line, write};

const PEOPLE: usize = 8;

/// Each person writes one message after the other, until `stop`; answers how many of each were acknowledged.
fn people(
    address: SocketAddr,
    channel: &str,
    from: &[usize],
    stop: &Arc<AtomicBool>,
) -> Vec<JoinHandle<usize>> {
    let each = from.iter().copied().enumerate().map(|(person, first)| {
        let (channel, stop) = (channel.to_owned(), stop.clone());
        std::thread::spawn(move || {
            let mut next = first;
            while !stop.load(Ordering::Relaxed) {
                if write(address, &channel, person, &format!("m{next}")) {
                    next += 1;
                }
                std::thread::sleep(Duration::from_millis(3));
            }
            next
        })
    });
    each.collect()
}

/// What is kept of each person, in order.
fn kept(database: &Database, person: usize) -> Vec<String> {
    let rows = database.psql(&format!(
        "SELECT text FROM message JOIN contact_urn ON contact_urn.id = message.urn_id
         WHERE direction = 'in' AND path = '+2547000000{person:02}' ORDER BY message.id"
    ));
    rows.lines().map(str::to_owned).collect()
}

#[test]
fn what_is_acknowledged_while_postgresql_is_stopped_is_there_once_and_in_order() {
    let cluster = Cluster::start(Durability::Durable);
    let database = cluster.database();
    let folder = tempfile::tempdir().unwrap();
    let (data, url) = (folder.path().to_str().unwrap().to_owned(), database.url());
    let options = ["--data", &data, "--database", &url];
    let channel = with_a_line(&options);
    let mut node = Node::new(folder.path(), &options);
    node.start();
    let mut written = vec![0; PEOPLE];
    for round in 0..3 {
        let stop = Arc::new(AtomicBool::new(false));
        let before = written.clone();
        let writers = people(node.address, &channel, &written, &stop);
        std::thread::sleep(Duration::from_millis(300));
        // As an administrator does, and as a fault does.
        if round == 1 {
            cluster.crash()
        } else {
            cluster.stop()
        }
        node.until("the spool is used", || node.readiness().1["spool"]["items"].as_u64() > Some(50));
        assert_eq!(node.readiness().0, 200, "it takes requests: {}", node.readiness().1);
        assert_eq!(node.readiness().1["status"], "spooling");
        if round == 2 {
            stop.store(true, Ordering::Relaxed);
            written = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
            node.kill();
            cluster.start_again();
            node.start();
        } else {
            cluster.start_again();
            // New messages come in while the old ones are taken.
            std::thread::sleep(Duration::from_millis(500));
            stop.store(true, Ordering::Relaxed);
            written = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
        }
        node.until("the spool is empty", || node.readiness().1["status"] == "ready");
        for (person, count) in written.iter().enumerate() {
            let expected: Vec<String> = (0..*count).map(|number| format!("m{number}")).collect();
            assert_eq!(kept(&database, person), expected, "round {round}, person {person}\n{}", node.log());
            assert!(*count > before[person], "round {round}: nothing was written");
        }
    }
    assert!(node.log().contains("what comes in goes to the spool"), "{}", node.log());
    assert!(node.log().contains("the spool is empty"), "{}", node.log());
}
