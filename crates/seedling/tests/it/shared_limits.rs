//! Two nodes on one PostgreSQL: who has asked one of them too often is known to the other.

use std::time::Duration;

use test_postgres::Cluster;

use crate::node::{Node, call, on, with_a_line};

/// Asks at most so often, until it is too much; whether it was.
fn is_refused(node: &Node, at_most: usize) -> bool {
    (0..at_most).any(|_| call(node.address, "GET /metrics", "").is_some_and(|(status, _)| status == 429))
}

#[test]
fn what_one_node_gave_out_counts_at_the_other_and_levels_hold_for_both() {
    let database = Cluster::shared().database();
    let folder = tempfile::tempdir().unwrap();
    let url = database.url();
    let data = ["one", "two"].map(|name| {
        let data = folder.path().join(name);
        std::fs::create_dir(&data).unwrap();
        data
    });
    let options = |at: usize| ["--data", data[at].to_str().unwrap(), "--database", &url];
    with_a_line(&options(0));
    let mut nodes = [0, 1].map(|at| Node::new(&data[at], &options(at)));
    nodes.iter_mut().for_each(Node::start);
    // Alone, no node refuses half of what it lets in at once.
    assert!(!is_refused(&nodes[1], 100));
    let heard = (0..20).any(|_| {
        assert!(is_refused(&nodes[0], 2_000), "a limit is never reached");
        // The other one forgets its own half of it meanwhile.
        std::thread::sleep(Duration::from_secs(2));
        let heard = is_refused(&nodes[1], 100);
        std::thread::sleep(Duration::from_secs(3));
        heard
    });
    assert!(heard, "{}", nodes[1].log());
    on(&options(0), &["shed", "4"], "");
    for node in &nodes {
        node.until("the level is known", || {
            std::thread::sleep(Duration::from_millis(200));
            node.readiness().1["shedding"]["level"] == 4
        });
    }
    let refused = crate::seedling(&[&["contact", "list"][..], &options(1)].concat(), "");
    assert!(!refused.status.success());
    assert!(crate::complained(&refused).contains("heavy_reports is turned off"));
    let status = on(&options(1), &["shed", "auto", "--json"], "");
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["by_hand"], false, "{status}");
    on(&options(1), &["shed", "0"], "");
    on(&options(1), &["contact", "list"], "");
    on(&options(1), &["feature", "set", "bulk_sending", "off"], "");
    assert!(on(&options(0), &["feature", "list"], "").contains("bulk_sending        off"));
}
