//! From an empty folder to a workspace with channels.

use crate::{complained, said, seedling, testdata};

/// Runs a command on a store; it must succeed. Answers its last line.
fn on(data: &str, arguments: &[&str], typed: &str) -> String {
    let output = seedling(&[arguments, &["--data", data]].concat(), typed);
    assert!(output.status.success(), "{arguments:?}: {}", complained(&output));
    said(&output).trim().lines().last().unwrap_or_default().to_owned()
}

/// Runs a command on a store; it must fail and say this.
fn refused(data: &str, arguments: &[&str], typed: &str, expected: &str) {
    let output = seedling(&[arguments, &["--data", data]].concat(), typed);
    let complained = complained(&output);
    assert!(!output.status.success() && complained.contains(expected), "{arguments:?}: {complained}");
}

const INIT: &[&str] =
    &["init", "--workspace", "Clinic", "--admin", "ada@example.org", "--password-file", "-"];

#[test]
fn a_workspace_a_user_and_channels() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let data = path.to_str().unwrap();
    refused(data, &["channel", "add", "WCH", "--name", "Chat"], "", "run `seedling init");
    refused(data, INIT, "short\n", "a password needs 8 characters");
    on(data, INIT, "long enough\n");
    refused(data, INIT, "long enough\n", "there is a workspace \"Clinic\"");
    on(data, &["user", "add", "nurse@example.org", "--password-file", "-"], "quite long\n");
    refused(data, &["user", "add", "nurse@example.org", "--password-file", "-"], "quite long\n", "already");
    refused(
        data,
        &["user", "add", "nobody", "--password-file", "-"],
        "quite long\n",
        "not an e-mail address",
    );

    let chat = on(data, &["channel", "add", "wch", "--name", "Chat"], "");
    assert!(uuid::Uuid::parse_str(&chat).is_ok(), "{chat}");
    let kept = "0a4dd1a7-ee2c-4d1c-9dd4-fb2b3c8ba2a1";
    assert_eq!(on(data, &["channel", "add", "EX", "--name", "Line", "--uuid", kept], ""), kept);
    refused(data, &["channel", "add", "EX", "--name", "Line", "--uuid", kept], "", "already");
    refused(data, &["channel", "add", "EX", "--name", "x", "--config", "{"], "", "--config is not JSON");
    refused(data, &["channel", "add", "FAX", "--name", "x"], "", "not a type of channel");
}

#[test]
fn the_demo_is_imported_once_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    on(data, INIT, "long enough\n");
    let demo = testdata("demo/safe_steps.json");
    let report = |line: String| serde_json::from_str::<serde_json::Value>(&line).unwrap();
    let first = report(on(data, &["import", &demo, "--json"], ""));
    let made = ["flows", "fields", "groups", "triggers"].map(|kind| first[kind]["created"].as_u64().unwrap());
    assert_eq!(made, [8, 8, 3, 7], "{first}");
    assert_eq!(first["unresolved"], serde_json::json!([]));
    let again = report(on(data, &["import", &demo, "--json"], ""));
    assert_eq!(again["flows"]["created"], 0, "{again}");
    assert_eq!(again["triggers"]["created"], 0, "{again}");

    refused(data, &["import", "no-such-file.json"], "", "cannot read no-such-file.json");
    refused(data, &["import", "Cargo.toml"], "", "nothing was changed: line 1, column");
}
