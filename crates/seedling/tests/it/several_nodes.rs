//! Five real nodes on one PostgreSQL. The one that fires timers is stopped (SIGSTOP) until the others have taken it for
//! dead, and wakes up: each timer is fired once, and the node comes back under a new run.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use test_postgres::{Cluster, Database};

use crate::killed::{Outside, call, open_web, phone};
use crate::{complained, said, seedling};

const NODES: usize = 5;
const PEOPLE: usize = 12;
/// Longest time until something is seen; it takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// Says hello and asks after some seconds whether somebody is there.
pub fn export() -> Value {
    let id = |number: u32| format!("7a0e1c54-5d3c-4b6b-9a39-{number:012}");
    let say = |number: u32, text: &str| json!({"type": "send_msg", "uuid": id(number), "text": text});
    let flow = json!({
        "uuid": id(1), "name": "Greeting", "spec_version": "14.4.2", "language": "eng", "type": "messaging",
        "revision": 1, "expire_after_minutes": 60, "localization": {},
        "nodes": [
            {"uuid": id(2), "actions": [say(3, "hello @input.text")], "exits": [{"uuid": id(4), "destination_uuid": id(5)}]},
            {"uuid": id(5), "actions": [], "router": {
                "type": "switch", "operand": "@input.text", "cases": [],
                "wait": {"type": "msg", "timeout": {"seconds": 60, "category_uuid": id(6)}},
                "categories": [{"uuid": id(7), "name": "Other", "exit_uuid": id(8)},
                               {"uuid": id(6), "name": "No Response", "exit_uuid": id(9)}],
                "default_category_uuid": id(7)},
             "exits": [{"uuid": id(8), "destination_uuid": null}, {"uuid": id(9), "destination_uuid": id(11)}]},
            {"uuid": id(11), "actions": [say(14, "are you there?")], "exits": [{"uuid": id(15), "destination_uuid": null}]},
        ],
    });
    json!({
        "version": "13", "site": "https://example.org", "flows": [flow], "campaigns": [], "fields": [], "groups": [],
        "triggers": [{"trigger_type": "C", "flow": {"uuid": id(1), "name": "Greeting"}, "groups": [],
            "exclude_groups": [], "channel": null, "keywords": []}],
    })
}

/// A node's process; it does not outlive the test.
pub struct Serving {
    name: String,
    pub address: SocketAddr,
    child: Child,
}

impl Serving {
    pub fn start(number: usize, folder: &Path, database: &Database) -> Self {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let (name, data) = (format!("node-{number}"), folder.join(format!("node-{number}")));
        std::fs::create_dir_all(&data).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_seedling"))
            .args(["serve", "--database", &database.url(), "--name", &name])
            .args(["--data", data.to_str().unwrap(), "--listen", &address.to_string()])
            .env("SEEDLING_NODE_TTL_SECONDS", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(data.join("log")).unwrap())
            .spawn()
            .unwrap();
        Self { name, address, child }
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success(), "{name}");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "never seen: {what}");
        std::thread::yield_now();
    }
}

pub fn on(database: &Database, data: &str, arguments: &[&str], typed: &str) -> String {
    let url = database.url();
    let output = seedling(&[arguments, &["--database", &url, "--data", data]].concat(), typed);
    assert!(output.status.success(), "{arguments:?}: {}", complained(&output));
    said(&output).trim().lines().last().unwrap_or_default().to_owned()
}

/// Name, run and leases of the nodes that are alive.
fn alive(database: &Database, data: &str) -> Vec<(String, i64, Vec<String>)> {
    let listed: Value = serde_json::from_str(&on(database, data, &["node", "list", "--json"], "")).unwrap();
    let node = |node: &Value| {
        let leases = node["leases"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
        (node["name"].as_str().unwrap().to_owned(), node["run"].as_i64().unwrap(), leases.collect())
    };
    listed.as_array().unwrap().iter().map(node).collect()
}

/// The node that fires timers, and its run.
fn clock_of(nodes: &[(String, i64, Vec<String>)]) -> Option<(String, i64)> {
    let has = |leases: &Vec<String>| leases.iter().any(|lease| lease == "clock");
    nodes.iter().find(|(.., leases)| has(leases)).map(|(name, run, _)| (name.clone(), *run))
}

pub fn write(node: &Serving, channel: &str, person: usize) -> Option<u16> {
    let body = format!("from={}&text=m{person}&id=x{person}", phone(person).replace('+', "%2B"));
    call(node.address, &format!("POST /c/ex/{channel}/receive"), &body)
}

#[test]
fn one_clock_of_five_fires_also_when_its_process_is_stopped_and_wakes_up() {
    let outside = Outside::default();
    let web = open_web(&outside);
    let database = Cluster::shared().database();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap().to_owned();
    let init = ["init", "--workspace", "W", "--admin", "a@example.org", "--password-file", "-"];
    on(&database, &data, &init, "long enough\n");
    let file = folder.path().join("export.json");
    std::fs::write(&file, export().to_string()).unwrap();
    on(&database, &data, &["import", file.to_str().unwrap()], "");
    let config = json!({"send_url": format!("http://{web}/send"), "method": "POST", "content_type": "application/json",
        "body": r#"{"uuid":{{uuid}},"to":{{to}},"text":{{text}}}"#});
    let add = ["channel", "add", "EX", "--name", "Line", "--config", &config.to_string()];
    let channel = on(&database, &data, &add, "");

    let nodes: Vec<Serving> =
        (0..NODES).map(|number| Serving::start(number, folder.path(), &database)).collect();
    for node in &nodes {
        until("a node that is ready", || {
            (call(node.address, "GET /health/ready", "") == Some(200)).then_some(())
        });
    }
    let listed = until("five nodes", || Some(alive(&database, &data)).filter(|nodes| nodes.len() == NODES));
    let (name, run) = clock_of(&listed).or_else(|| clock_of(&alive(&database, &data))).unwrap();
    let clock = nodes.iter().find(|node| node.name == name).unwrap();
    let other = nodes.iter().find(|node| node.name != name).unwrap();

    for person in 0..PEOPLE {
        until("a message that is taken", || (write(other, &channel, person) == Some(200)).then_some(()));
    }
    clock.signal("-STOP");
    let taken_over = |nodes: &[(String, i64, Vec<String>)]| {
        nodes.iter().all(|(_, alive, _)| *alive != run) && clock_of(nodes).is_some()
    };
    until("another clock", || Some(alive(&database, &data)).filter(|nodes| taken_over(nodes)));
    // The wait is over for everybody.
    database.psql("UPDATE timer SET due = due - 60000000 WHERE kind = 'wait_timeout'");
    database.psql("UPDATE session SET wait_until = wait_until - 60000000 WHERE wait_until IS NOT NULL");
    let fired = || {
        let seen = outside.lock().unwrap();
        let of = |person: usize| {
            seen.iter().filter(|seen| seen.by == phone(person) && seen.text == "are you there?").count()
        };
        (0..PEOPLE).map(of).collect::<Vec<_>>()
    };
    until("all timers fired", || fired().iter().all(|count| *count > 0).then_some(()));
    clock.signal("-CONT");
    let back = until("the node under a new run", || {
        let nodes = alive(&database, &data);
        let back = nodes.iter().find(|(other, other_run, _)| *other == name && *other_run != run);
        back.map(|(_, run, _)| *run).filter(|_| nodes.len() == NODES)
    });
    assert!(back > run);
    let late = PEOPLE;
    until("a message through the node that came back", || {
        (write(clock, &channel, late) == Some(200)).then_some(())
    });
    until("its answer", || {
        let seen = outside.lock().unwrap();
        seen.iter().any(|seen| seen.by == phone(late) && seen.text == format!("hello m{late}")).then_some(())
    });
    assert_eq!(fired(), vec![1; PEOPLE], "each timer was fired once");
}
