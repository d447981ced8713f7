//! The node is killed again and again while a flow calls a web service, sends an e-mail, pauses and starts another flow.
//! Each of these must come out once in the end; what comes twice must say so.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::place::{Place, on_both};

const PEOPLE: usize = 16;
const KILLS: u64 = 10;
/// Longest time until all is settled after the last start; it takes a few seconds.
pub const PATIENCE: Duration = Duration::from_secs(120);

fn id(number: u128) -> String {
    uuid::Uuid::from_u128(0x6111_0000_0000_4000_8000_0000_0000_0000 | number).to_string()
}

fn export(web: SocketAddr) -> Value {
    let text = |n: u128, text: &str| json!({"uuid": id(n), "type": "send_msg", "text": text, "attachments": [], "quick_replies": []});
    let flow = |n: u128, name: &str, actions: &[Value]| {
        json!({
            "uuid": id(n), "name": name, "spec_version": "14.4.2", "language": "eng", "type": "messaging", "revision": 1,
            "expire_after_minutes": 60, "localization": {},
            "nodes": [{"uuid": id(n + 1), "actions": actions, "exits": [{"uuid": id(n + 2), "destination_uuid": null}]}],
        })
    };
    let mut report = flow(
        0x100,
        "Report",
        &[
            json!({"uuid": id(0x110), "type": "set_run_result", "name": "Said", "value": "@input.text", "category": ""}),
            text(0x111, "got @input.text"),
            json!({"uuid": id(0x112), "type": "call_webhook", "method": "POST", "url": format!("http://{web}/hook"),
                "headers": {}, "body": "@input.text"}),
            json!({"uuid": id(0x113), "type": "send_email", "addresses": ["nurse@clinic.example"],
                "subject": "@input.text", "body": "@input.text"}),
            text(0x114, "then @input.text"),
            json!({"uuid": id(0x115), "type": "start_session", "flow": {"uuid": id(0x200), "name": "Tell"},
                "urns": ["tel:+254700009999"], "groups": [], "contacts": [], "create_contact": false,
                "exclusions": {"in_a_flow": false}}),
        ],
    );
    report["_ui"] = json!({"nodes": {id(0x101): {"position": {"left": 0, "top": 0}, "config": {"seedling": {
        "messages": {id(0x114): {"pause_seconds": 1}}}}}}});
    let tell = flow(0x200, "Tell", &[text(0x210, "told @parent.results.said")]);
    json!({
        "version": "13", "site": "https://example.org", "flows": [report, tell], "campaigns": [], "fields": [], "groups": [],
        "triggers": [{"trigger_type": "C", "flow": {"uuid": id(0x100), "name": "Report"}, "groups": [],
            "exclude_groups": [], "channel": null, "keywords": []}],
    })
}

/// Something that reached the world outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Who got it: a phone, the web service, the nurse.
    pub by: String,
    pub text: String,
    /// What tells repetitions from others.
    pub key: String,
    pub marked: bool,
}

pub type Outside = Arc<Mutex<Vec<Seen>>>;

/// Carrier and web service: `POST /send` and `POST /hook`.
pub fn open_web(outside: &Outside) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let outside = outside.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let outside = outside.clone();
            std::thread::spawn(move || answer_web(stream, &outside));
        }
    });
    address
}

fn answer_web(stream: TcpStream, outside: &Outside) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first).ok()? == 0 {
            return None;
        }
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim().split_once(':') else { break };
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
        let mut body = vec![0; headers.get("content-length").and_then(|n| n.parse().ok()).unwrap_or(0)];
        reader.read_exact(&mut body).ok()?;
        let body = String::from_utf8_lossy(&body).into_owned();
        let (by, text) = if first.starts_with("POST /send") {
            let message: Value = serde_json::from_str(&body).ok()?;
            (message["to"].as_str()?.to_owned(), message["text"].as_str()?.to_owned())
        } else {
            ("web".to_owned(), body)
        };
        let key = headers.get("idempotency-key").cloned().unwrap_or_default();
        let marked = headers.contains_key("x-possibly-repeated");
        outside.lock().unwrap().push(Seen { by, text, key, marked });
        // Long enough that some kills fall between the request and its answer.
        std::thread::sleep(Duration::from_millis(30));
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
        stream.write_all(answer.as_bytes()).ok()?;
    }
}

/// The nurse's e-mail server. A letter counts once its server has it whole.
fn open_mail(outside: &Outside) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let outside = outside.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let outside = outside.clone();
            std::thread::spawn(move || answer_mail(stream, &outside));
        }
    });
    address
}

fn answer_mail(mut stream: TcpStream, outside: &Outside) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    stream.write_all(b"220 mail.example\r\n").ok()?;
    while let Some(Ok(line)) = lines.next() {
        if line != "DATA" {
            stream.write_all(if line == "QUIT" { b"221 bye\r\n" } else { b"250 ok\r\n" }).ok()?;
            continue;
        }
        stream.write_all(b"354 go on\r\n").ok()?;
        let (mut key, mut text) = (String::new(), String::new());
        for line in lines.by_ref() {
            match line.ok()?.as_str() {
                "." => break,
                line => match line.split_once(": ") {
                    Some(("Message-ID", id)) => id.clone_into(&mut key),
                    Some(("Subject", subject)) => subject.clone_into(&mut text),
                    _ => {}
                },
            }
        }
        // A repeated e-mail is known by its Message-ID.
        outside.lock().unwrap().push(Seen { by: "nurse".to_owned(), text, key, marked: true });
        std::thread::sleep(Duration::from_millis(30));
        stream.write_all(b"250 ok\r\n").ok()?;
    }
    None
}

/// The node's process; it does not outlive the test.
pub struct Node {
    pub store: Vec<String>,
    pub address: SocketAddr,
    pub smtp: String,
    pub child: Option<Child>,
}

impl Node {
    pub fn start(&mut self) {
        let child = Command::new(env!("CARGO_BIN_EXE_seedling"))
            .args(["serve", "--listen", &self.address.to_string()])
            .args(&self.store)
            .env_remove("SEEDLING_DATABASE")
            .env("SEEDLING_ALLOW_PRIVATE_WEBHOOKS", "true")
            .env("SEEDLING_SMTP", &self.smtp)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.unwrap());
        let started = Instant::now();
        while call(self.address, "GET /health/ready", "").is_none_or(|status| status != 200) {
            assert!(started.elapsed() < PATIENCE, "the node does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kill -9.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The status of the answer, if there is one.
pub fn call(address: SocketAddr, what: &str, body: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let length = body.len();
    let head = format!(
        "{what} HTTP/1.1\r\nHost: node\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(head.as_bytes()).ok()?;
    let mut first = String::new();
    BufReader::new(stream).read_line(&mut first).ok()?;
    first.split(' ').nth(1)?.parse().ok()
}

pub fn phone(person: usize) -> String {
    format!("+2547000000{person:02}")
}

/// People write, each until the node has taken it, as carriers do.
fn write_all(node: SocketAddr, channel: &str) -> Vec<std::thread::JoinHandle<()>> {
    let people = (0..PEOPLE).map(|person| {
        let channel = channel.to_owned();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(150 * person as u64));
            let from = phone(person).replace('+', "%2B");
            let body = format!("from={from}&text=m{person}&id=x{person}");
            while call(node, &format!("POST /c/ex/{channel}/receive"), &body) != Some(200) {
                std::thread::sleep(Duration::from_millis(20));
            }
        })
    });
    people.collect()
}

/// What must have come out for all people.
fn expected() -> Vec<(String, String)> {
    let of = |person: usize| {
        let text = format!("m{person}");
        [
            (phone(person), format!("got {text}")),
            ("web".to_owned(), text.clone()),
            ("nurse".to_owned(), text.clone()),
            (phone(person), format!("then {text}")),
            ("+254700009999".to_owned(), format!("told {text}")),
        ]
    };
    (0..PEOPLE).flat_map(of).collect()
}

on_both! { what_a_flow_does_outside_is_done_once_whenever_the_node_is_killed }

fn what_a_flow_does_outside_is_done_once_whenever_the_node_is_killed(place: &Place) {
    let outside = Outside::default();
    let (web, mail) = (open_web(&outside), open_mail(&outside));
    place.on(
        &["init", "--workspace", "W", "--admin", "a@example.org", "--password-file", "-"],
        "long enough\n",
    );
    let file = place.file("export.json");
    std::fs::write(&file, export(web).to_string()).unwrap();
    place.on(&["import", &file], "");
    let config = json!({"send_url": format!("http://{web}/send"), "method": "POST", "content_type": "application/json",
        "body": r#"{"uuid":{{uuid}},"to":{{to}},"text":{{text}}}"#});
    let channel = place.on(&["channel", "add", "EX", "--name", "Line", "--config", &config.to_string()], "");
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let smtp = format!("smtp://{mail}/?from=line@example.org&tls=none");
    let mut node = Node { store: place.arguments(), address, smtp, child: None };

    let writers = write_all(address, &channel);
    for round in 0..KILLS {
        node.start();
        std::thread::sleep(Duration::from_millis(40 + round * 173 % 500));
        node.kill();
    }
    node.start();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    let expected = expected();
    let is_there = |(by, text): &(String, String)| {
        outside.lock().unwrap().iter().any(|seen| seen.by == *by && seen.text == *text)
    };
    let begun = Instant::now();
    while !expected.iter().all(is_there) {
        let missing: Vec<_> = expected.iter().filter(|wanted| !is_there(wanted)).collect();
        assert!(begun.elapsed() < PATIENCE, "never came: {missing:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    // A repetition that is still under way would come within a moment.
    std::thread::sleep(Duration::from_millis(1_500));
    drop(node);
    check(&outside.lock().unwrap(), &expected);
}

fn check(seen: &[Seen], expected: &[(String, String)]) {
    for (by, text) in expected {
        let copies: Vec<&Seen> = seen.iter().filter(|seen| seen.by == *by && seen.text == *text).collect();
        assert!(copies.iter().all(|copy| copy.key == copies[0].key && !copy.key.is_empty()), "{copies:?}");
        assert!(copies[1..].iter().all(|copy| copy.marked), "repeated without a mark: {copies:?}");
    }
    let strange = seen.iter().filter(|seen| !expected.contains(&(seen.by.clone(), seen.text.clone())));
    assert_eq!(strange.collect::<Vec<_>>(), Vec::<&Seen>::new());
    for person in 0..PEOPLE {
        let theirs: Vec<&str> =
            seen.iter().filter(|seen| seen.by == phone(person)).map(|seen| &seen.text[..4]).collect();
        assert!(theirs.is_sorted(), "out of order: {theirs:?}");
    }
}
