//! A store with a past: made up, verified, reported on, moved, and served again.

use std::path::Path;

use serde_json::Value;

use crate::{complained, said, seedling};

/// Runs a command; answers whether it ended well, and its last line.
fn run(arguments: &[&str]) -> (bool, String) {
    let output = seedling(arguments, "");
    let last = said(&output).trim().lines().last().unwrap_or_default().to_owned();
    let told = if last.is_empty() { complained(&output) } else { last };
    (output.status.success(), told)
}

/// Runs a command that must end well and answer JSON in its last line.
fn json(arguments: &[&str]) -> Value {
    let (ended_well, last) = run(arguments);
    assert!(ended_well, "{arguments:?}: {last}");
    serde_json::from_str(&last).unwrap()
}

fn url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("seedling.db").display())
}

#[test]
fn a_store_with_a_past_is_verified_reported_on_moved_and_served() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (data, moved) = (first.path().to_str().unwrap(), second.path().to_str().unwrap());
    let made =
        json(&["drill", "history", "--messages", "3000", "--contacts", "90", "--data", data, "--json"]);
    assert_eq!((&made["messages"], &made["contacts"]), (&3_000.into(), &90.into()), "{made}");
    let (ended_well, told) = run(&["drill", "history", "--messages", "60", "--data", data]);
    assert!(!ended_well && told.contains("there is a workspace"), "{told}");
    let verified = json(&["verify", "--data", data, "--json"]);
    assert!(verified["checked"].as_u64().unwrap() > 1_000, "{verified}");

    let output = seedling(&["report", "messages", "--data", data, "--json"], "");
    let counted: i64 = said(&output)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|row| row["direction"] == "out")
        .map(|row| row["count"].as_i64().unwrap())
        .sum();
    assert_eq!(counted, 1_500);
    let funnel = json(&["report", "flows", "--data", data, "--json"]);
    assert_eq!((&funnel["runs"]["started"], &funnel["runs"]["completed"]), (&500.into(), &500.into()));
    assert_eq!(funnel["answers"]["age=Age"], 500);
    let entered: Vec<i64> =
        funnel["nodes"].as_array().unwrap().iter().map(|node| node["count"].as_i64().unwrap()).collect();
    assert_eq!(entered[..5], [500, 500, 500, 500, 0], "{funnel}");
    let times = json(&["report", "latency", "--data", data, "--json"]);
    assert!(times["p50_ms"].as_f64().unwrap() > 0.0, "{times}");

    let report = json(&["move", "--from", &url(first.path()), "--to", &url(second.path()), "--json"]);
    let messages = report["tables"].as_array().unwrap().iter().find(|table| table["table"] == "message");
    assert_eq!(messages.unwrap()["rows"], 3_000);
    let (ended_well, told) = run(&["move", "--from", &url(first.path()), "--to", &url(second.path())]);
    assert!(!ended_well && told.contains("is not empty"), "{told}");

    let load = ["drill", "load", "--data", moved, "--existing", "--rate", "60", "--seconds", "2", "--json"];
    let drilled = json(&load);
    assert_eq!((&drilled["lost"], &drilled["duplicated"]), (&0.into(), &0.into()), "{drilled}");
    let verified = json(&["verify", "--data", moved, "--json"]);
    assert_eq!(verified["differences"], serde_json::json!([]));
    let (_, told) = run(&["report", "contacts", "--data", moved]);
    assert!(told.contains("contact_language"), "{told}");
}
