//! The unmodified Python client of RapidPro's API drives a node.

use std::path::Path;
use std::process::Command;

use crate::node::{Node, on};
use crate::place::{Place, on_both};
use crate::testdata;

on_both!(the_unmodified_client_finds_what_it_expects);

fn the_unmodified_client_finds_what_it_expects(place: &Place) {
    let arguments = place.arguments();
    let options: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let init = [
        "init",
        "--workspace",
        "Clinic",
        "--country",
        "KE",
        "--admin",
        "a@example.org",
        "--password-file",
        "-",
    ];
    on(&options, &init, "long enough\n");
    let config = r#"{"send_url":"http://127.0.0.1:9/send"}"#;
    let line = on(&options, &["channel", "add", "EX", "--name", "Line", "--config", config], "");
    on(&options, &["import", &testdata("drill/two_questions.json")], "");
    let token = on(&options, &["token", "add", "--user", "a@example.org"], "");
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::new(folder.path(), &options);
    node.start();
    // Where `cargo x test` installs it: beside the folder of the binary.
    let target = Path::new(env!("CARGO_BIN_EXE_seedling")).ancestors().nth(2).unwrap();
    let python = target.join("rapidpro-python/bin/python");
    assert!(python.is_file(), "the Python client is not installed; `cargo x test` does it");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/drive.py");
    let host = format!("http://{}", node.address);
    let driven = Command::new(python).arg(script).args([&host, &token, &line]).output().unwrap();
    let said = String::from_utf8_lossy(&driven.stdout);
    let complained = String::from_utf8_lossy(&driven.stderr);
    assert!(driven.status.success(), "{said}\n{complained}\n{}", node.log());
    assert_eq!(said.lines().count(), 7, "{said}");
}
