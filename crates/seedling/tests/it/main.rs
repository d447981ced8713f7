//! The real binary from outside: its commands, what they print and how they end.
#![allow(clippy::unwrap_used)]

mod demo_flows;
mod drills;
mod faults;
mod feed_followed;
mod flow_tests;
mod full_store;
mod jobs_killed;
mod killed;
mod node;
mod out_again;
mod place;
mod python_client;
mod setting_up;
mod several_nodes;
mod shared_limits;
mod spooled;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A file of `testdata`.
fn testdata(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(name);
    path.to_str().unwrap().to_owned()
}

/// Runs the binary with something typed into it.
fn seedling(arguments: &[&str], typed: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_seedling"))
        .args(arguments)
        .env_remove("SEEDLING_DATA")
        .env_remove("SEEDLING_DATABASE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that needs no input may end before it is written.
    child.stdin.take().unwrap().write_all(typed.as_bytes()).ok();
    child.wait_with_output().unwrap()
}

/// What it printed.
fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What it complained of.
fn complained(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
