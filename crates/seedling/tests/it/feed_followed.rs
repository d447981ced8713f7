//! Two real nodes on one PostgreSQL, and a program that follows the feed and is killed again and again: each change comes
//! to it once and in order, whichever node made it. On SQLite the same with the one node that there is.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::killed::{Node, Outside, call, open_web, phone};
use crate::place::{Place, on_both};
use crate::several_nodes::{export, until};

const PEOPLE: usize = 8;
/// Even: the flow answers the first message of two.
const ROUNDS: usize = 6;
/// Longest time until the next line comes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Lines after which the program that follows is killed.
const KILLED_AFTER: usize = 23;

/// The program that follows; it does not outlive the test.
struct Follower {
    child: Child,
    lines: Receiver<String>,
}

impl Follower {
    fn start(place: &Place, after: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seedling"));
        command.args(["feed", "--follow"]).args(place.arguments()).env_remove("SEEDLING_DATABASE");
        command.args(after.into_iter().flat_map(|cursor| ["--after", cursor]));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let (said, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        Self { child, lines }
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.lines.recv_timeout(PATIENCE).expect("it goes on")).unwrap()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn nodes(place: &Place) -> Vec<Node> {
    let shared = place.arguments().iter().any(|argument| argument == "--database");
    let start = |number: usize| {
        let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut store = place.arguments();
        if number > 0 {
            // Folder and name of its own.
            store[1] = place.file(&format!("data-{number}"));
        }
        store.extend(["--name".to_owned(), format!("node-{number}")]);
        let mut node = Node {
            store,
            address,
            smtp: "smtp://127.0.0.1:9/?from=line@example.org&tls=none".to_owned(),
            child: None,
        };
        node.start();
        node
    };
    (0..if shared { 2 } else { 1 }).map(start).collect()
}

fn is(line: &Value, kind: &str) -> bool {
    line["kinds"].as_array().unwrap().iter().any(|given| given == kind)
}

fn count(lines: &[Value], kind: &str) -> usize {
    lines.iter().filter(|line| is(line, kind)).count()
}

/// What is committed by now.
fn whole(place: &Place) -> Vec<Value> {
    place.prints(&["feed"], "").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A line without the status, which is that of the moment in which it is read.
fn told(line: &Value) -> Value {
    let mut line = line.clone();
    line.as_object_mut().unwrap().remove("status");
    line
}

fn who_is_killed_and_goes_on_hears_everything_once(place: &Place) {
    let outside = Outside::default();
    let web = open_web(&outside);
    place.prints(
        &["init", "--workspace", "W", "--admin", "a@example.org", "--password-file", "-"],
        "long enough\n",
    );
    let file = place.file("export.json");
    std::fs::write(&file, export().to_string()).unwrap();
    place.prints(&["import", &file], "");
    let config = json!({"send_url": format!("http://{web}/send"), "method": "POST", "content_type": "application/json",
        "body": r#"{"uuid":{{uuid}},"to":{{to}},"text":{{text}}}"#});
    let channel = place.on(&["channel", "add", "EX", "--name", "Line", "--config", &config.to_string()], "");
    let nodes = nodes(place);

    let posting = {
        let addresses: Vec<_> = nodes.iter().map(|node| node.address).collect();
        std::thread::spawn(move || {
            for round in 0..ROUNDS {
                for person in 0..PEOPLE {
                    let from = phone(person).replace('+', "%2B");
                    let body = format!("from={from}&text=m{round}&id=x{person}-{round}");
                    let what = format!("POST /c/ex/{channel}/receive");
                    // Each person's messages go now to one node, now to the other.
                    let address = addresses[(person + round) % addresses.len()];
                    until("a message that is taken", || {
                        (call(address, &what, &body) == Some(200)).then_some(())
                    });
                }
            }
        })
    };
    let mut heard: Vec<Value> = Vec::new();
    let (written, answered) = (PEOPLE * ROUNDS, PEOPLE * ROUNDS / 2);
    let is_all = |heard: &[Value]| {
        let counts = ["message_in", "message_out", "status"].map(|kind| count(heard, kind));
        counts == [written, answered, answered]
    };
    while !is_all(&heard) {
        let after = heard.last().map(|line| line["cursor"].as_str().unwrap().to_owned());
        let mut follower = Follower::start(place, after.as_deref());
        for _ in 0..KILLED_AFTER {
            heard.push(follower.next());
            if is_all(&heard) {
                break;
            }
        }
    }
    posting.join().unwrap();
    let all = whole(place);
    let told_all: Vec<Value> = all.iter().map(told).collect();
    let told_heard: Vec<Value> = heard.iter().map(told).collect();
    assert_eq!(told_heard, told_all[..heard.len()], "nothing is left out, nothing comes twice");
    assert_eq!(count(&all, "new_contact"), PEOPLE);

    // Of each person: what they wrote before the answer, and the answer before what became of it.
    let mut of: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for line in &all {
        let Some(contact) = line["contact"].as_str() else { continue };
        let kinds = ["message_in", "message_out", "status"].into_iter().find(|kind| is(line, kind));
        of.entry(contact).or_default().extend(kinds.map(|kind| format!("{kind} {}", line["message"])));
    }
    assert_eq!(of.len(), PEOPLE);
    for (contact, lines) in of {
        let place_of = |line: &str| lines.iter().position(|other| other == line);
        let answers: Vec<&String> = lines.iter().filter(|line| line.starts_with("message_out")).collect();
        assert_eq!(answers.len(), ROUNDS / 2, "{contact}");
        for answer in answers {
            let status = answer.replacen("message_out", "status", 1);
            assert!(place_of(answer) < place_of(&status), "{contact}: {lines:?}");
        }
        let ins = |lines: &[String]| lines.iter().filter(|line| line.starts_with("message_in")).count();
        for end in 0..lines.len() {
            let outs = lines[..end].iter().filter(|line| line.starts_with("message_out")).count();
            assert!(outs <= ins(&lines[..end]), "{contact}: {lines:?}");
        }
    }
    place.refused(&["feed", "--after", "999999999999-0"], "", "is not kept any more");
    place.refused(&["feed", "--after", "yesterday"], "", "that is not a cursor");
}

on_both! { who_is_killed_and_goes_on_hears_everything_once }
