//! The node is killed again and again in the middle of an import, a broadcast and an export. Each goes on where it was:
//! everybody is there once, everybody is told once, and the file is whole.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::killed::{Node, Outside, PATIENCE, open_web};
use crate::place::{Place, on_both};

const PEOPLE: usize = 1_500;

fn phone(person: usize) -> String {
    format!("+25471{person:07}")
}

/// The job as it stands.
fn job(place: &Place, uuid: &str) -> Value {
    serde_json::from_str(&place.on(&["job", "show", uuid, "--json"], "")).unwrap()
}

/// Starts the node and kills it as soon as a slice more is done, until the job is done.
fn kill_until_done(node: &mut Node, place: &Place, uuid: &str) {
    let (begun, mut slices, mut kills) = (Instant::now(), job(place, uuid)["slices"].as_u64().unwrap(), 0);
    loop {
        node.start();
        let job = loop {
            let job = job(place, uuid);
            if job["slices"].as_u64() > Some(slices) || !job["ended_on"].is_null() {
                break job;
            }
            assert!(begun.elapsed() < PATIENCE, "after {kills} kills: {job}");
            std::thread::sleep(Duration::from_millis(5));
        };
        // Some way into the next slice.
        std::thread::sleep(Duration::from_millis(kills * 7 % 40));
        node.kill();
        (slices, kills) = (job["slices"].as_u64().unwrap(), kills + 1);
        if !job["ended_on"].is_null() {
            assert_eq!(job["status"], "done", "{job}");
            return;
        }
    }
}

on_both! { long_work_goes_on_where_it_was_whenever_the_node_is_killed }

fn long_work_goes_on_where_it_was_whenever_the_node_is_killed(place: &Place) {
    let outside = Outside::default();
    let web = open_web(&outside);
    let init = ["init", "--workspace", "W", "--admin", "a@example.org", "--password-file", "-"];
    place.on(&init, "long enough\n");
    let group = json!({"version": "13", "site": "https://example.org", "flows": [], "campaigns": [], "triggers": [],
        "fields": [], "groups": [{"uuid": uuid::Uuid::from_u128(0x77), "name": "Everybody", "query": null}]});
    let file = place.file("group.json");
    std::fs::write(&file, group.to_string()).unwrap();
    place.on(&["import", &file], "");
    let config = json!({"send_url": format!("http://{web}/send"), "method": "POST", "content_type": "application/json",
        "body": r#"{"uuid":{{uuid}},"to":{{to}},"text":{{text}}}"#});
    place.on(&["channel", "add", "EX", "--name", "Line", "--config", &config.to_string()], "");
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let smtp = format!("smtp://{address}/?from=line@example.org&tls=none");
    let mut node = Node { store: place.arguments(), address, smtp, child: None };

    let lines = (0..PEOPLE).map(|person| format!("{},Person {person}\n", phone(person)));
    let people = place.file("people.csv");
    std::fs::write(&people, format!("URN:tel,Name\n{}", lines.collect::<String>())).unwrap();
    let import = place.on(&["contact", "import", &people, "--group", "Everybody", "--later"], "");
    kill_until_done(&mut node, place, &import);
    let import = job(place, &import);
    assert_eq!((import["done"].as_u64(), import["left_out"].as_u64()), (Some(PEOPLE as u64), Some(0)));
    assert_eq!(place.on(&["contact", "list", "--count"], ""), PEOPLE.to_string());
    let preview = place.on(&["broadcast", "--group", "everybody", "--preview"], "");
    assert_eq!(preview, format!("{PEOPLE} people"));

    let broadcast = place.on(&["broadcast", "--group", "Everybody", "--text", "Hello all."], "");
    kill_until_done(&mut node, place, &broadcast);
    let export = place.on(&["contact", "export", "--later"], "");
    kill_until_done(&mut node, place, &export);
    let file = place.on(&["job", "file", &export], "");
    assert!(file.contains("Person"), "the last line: {file}");
    let out = place.file("out.csv");
    place.on(&["job", "file", &export, "--output", &out], "");
    let text = std::fs::read_to_string(&out).unwrap();
    let told: BTreeSet<&str> = text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!((text.lines().count(), told.len()), (PEOPLE + 1, PEOPLE), "each contact has one line");

    // What was queued goes out in the end, however often the node was killed.
    node.start();
    let begun = Instant::now();
    while outside.lock().unwrap().iter().map(|seen| &seen.by).collect::<BTreeSet<_>>().len() < PEOPLE {
        assert!(begun.elapsed() < PATIENCE, "{} were told", outside.lock().unwrap().len());
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_millis(1_500));
    drop(node);
    let mut copies: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for seen in outside.lock().unwrap().iter() {
        assert_eq!(seen.text, "Hello all.");
        copies.entry(seen.by.clone()).or_default().push((seen.key.clone(), seen.marked));
    }
    assert_eq!(copies.len(), PEOPLE);
    for (by, copies) in copies {
        assert!(copies.iter().all(|(key, _)| *key == copies[0].0), "told twice: {by} {copies:?}");
        assert!(copies[1..].iter().all(|(_, marked)| *marked), "repeated without a mark: {by}");
    }
}
