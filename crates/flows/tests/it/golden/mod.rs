//! Stored sessions of every version of the binary form: each must decode to what it meant when it was written, and
//! go on as it did then. How to add one: `tests/golden/README.md`.

mod check;
mod stage;

use std::{collections::BTreeSet, fs, path::PathBuf};

use flows::session::{CodecError, RunStatus, SessionStatus, VERSION};
use flows::{Effect, FlowType, Session, TriggerKind};

use check::{Expected, Shape, check, make};
use stage::Stage;

/// Set to write the stored form of shapes that have none in the present version. What is there is never
/// overwritten.
const WRITE: &str = "WRITE_GOLDEN";

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn shapes() -> Vec<Shape> {
    serde_json::from_slice(&fs::read(folder().join("shapes.json")).unwrap()).unwrap()
}

/// Versions that there are stored sessions of.
fn versions() -> Vec<u8> {
    let names = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut versions: Vec<u8> =
        names.filter_map(|name| name.to_str()?.strip_prefix('v')?.parse().ok()).collect();
    versions.sort_unstable();
    versions
}

/// The stored sessions of a version, by name.
fn stored(version: u8) -> Vec<(String, Vec<u8>, Expected)> {
    let folder = folder().join(format!("v{version}"));
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".session")?.to_owned()))
        .collect();
    names.sort_unstable();
    let read = |name: String| {
        let bytes = fs::read(folder.join(format!("{name}.session"))).unwrap();
        let expected = fs::read(folder.join(format!("{name}.json"))).unwrap();
        let expected = serde_json::from_slice(&expected).unwrap();
        (name, bytes, expected)
    };
    names.into_iter().map(read).collect()
}

#[test]
fn stored_sessions_of_every_version_are_read_and_go_on() {
    for version in versions() {
        for (name, bytes, expected) in stored(version) {
            assert_eq!(bytes[0], version, "{name}");
            check(&format!("v{version}/{name}"), &bytes, &expected);
        }
    }
}

#[test]
fn the_form_changes_only_with_its_version() {
    let stage = Stage::new();
    for (name, bytes, _) in stored(VERSION) {
        let again = Session::decode(&bytes, &stage.assets).unwrap().encode();
        assert_eq!(
            again, bytes,
            "{name}: the stored form has changed. Raise session::VERSION, keep reading the old form, and write a new set (tests/golden/README.md)"
        );
    }
}

#[test]
fn every_shape_is_stored_in_the_present_version() {
    let folder = folder().join(format!("v{VERSION}"));
    let write = std::env::var_os(WRITE).is_some();
    for shape in shapes() {
        let file = folder.join(format!("{}.session", shape.name));
        if file.exists() {
            continue;
        }
        assert!(write, "{} has no stored session; run this test with {WRITE}=1", file.display());
        let (bytes, expected) = make(&shape);
        fs::create_dir_all(&folder).unwrap();
        let mut text = serde_json::to_string_pretty(&expected).unwrap();
        text.push('\n');
        fs::write(file.with_extension("json"), text).unwrap();
        fs::write(file, bytes).unwrap();
    }
}

#[test]
fn an_unknown_version_is_named() {
    let stage = Stage::new();
    let refused = Session::decode(&[VERSION + 1, 0, 0], &stage.assets).unwrap_err();
    assert_eq!(refused, CodecError::UnknownVersion(VERSION + 1));
}

#[test]
fn the_set_has_every_kind_of_everything() {
    let stage = Stage::new();
    let mut seen = BTreeSet::new();
    for (_, bytes, _) in stored(VERSION) {
        let session = Session::decode(&bytes, &stage.assets).unwrap();
        seen.insert(flow_type(session.flow_type));
        seen.insert(trigger(&session.trigger.get().unwrap().kind));
        seen.insert(session_status(session.status));
        seen.extend(session.runs.iter().map(|run| run_status(run.status)));
        seen.extend(session.pending.iter().map(|pending| effect(&pending.effect)));
    }
    let wanted: BTreeSet<&str> = WANTED.into();
    let missing: Vec<_> = wanted.difference(&seen).collect();
    assert!(missing.is_empty(), "no stored session has {missing:?}: add a shape (tests/golden/README.md)");
}

/// What the set must hold. The functions below do not compile when a kind is added, so that it is not forgotten here.
const WANTED: [&str; 28] = [
    "flow messaging",
    "flow background",
    "flow offline",
    "flow voice",
    "trigger manual",
    "trigger msg",
    "trigger call",
    "trigger campaign",
    "trigger chat",
    "trigger flow_action",
    "trigger ticket",
    "trigger channel",
    "session active",
    "session waiting",
    "session completed",
    "session failed",
    "run active",
    "run waiting",
    "run completed",
    "run expired",
    "run failed",
    "run interrupted",
    "effect webhook",
    "effect resthook",
    "effect llm",
    "effect airtime",
    "effect email",
    "effect claim_urn",
];

fn flow_type(flow_type: FlowType) -> &'static str {
    match flow_type {
        FlowType::Messaging => "flow messaging",
        FlowType::MessagingBackground => "flow background",
        FlowType::MessagingOffline => "flow offline",
        FlowType::Voice => "flow voice",
    }
}

fn trigger(kind: &TriggerKind) -> &'static str {
    match kind {
        TriggerKind::Manual { .. } => "trigger manual",
        TriggerKind::Msg { .. } => "trigger msg",
        TriggerKind::Call { .. } => "trigger call",
        TriggerKind::Campaign { .. } => "trigger campaign",
        TriggerKind::Chat { .. } => "trigger chat",
        TriggerKind::FlowAction { .. } => "trigger flow_action",
        TriggerKind::Ticket { .. } => "trigger ticket",
        TriggerKind::Channel { .. } => "trigger channel",
    }
}

fn session_status(status: SessionStatus) -> &'static str {
    match status {
        SessionStatus::Active => "session active",
        SessionStatus::Waiting => "session waiting",
        SessionStatus::Completed => "session completed",
        SessionStatus::Failed => "session failed",
    }
}

fn run_status(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Active => "run active",
        RunStatus::Waiting => "run waiting",
        RunStatus::Completed => "run completed",
        RunStatus::Expired => "run expired",
        RunStatus::Failed => "run failed",
        RunStatus::Interrupted => "run interrupted",
    }
}

fn effect(effect: &Effect) -> &'static str {
    match effect {
        Effect::Webhook { .. } => "effect webhook",
        Effect::Resthook { .. } => "effect resthook",
        Effect::Llm { .. } => "effect llm",
        Effect::Airtime { .. } => "effect airtime",
        Effect::Email { .. } => "effect email",
        Effect::ClaimUrn { .. } => "effect claim_urn",
    }
}
