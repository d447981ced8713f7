//! Definitions go out again: exports, other specifications, other languages, files for translators.

use serde_json::Value;

use crate::{
    complained,
    place::{Place, on_both},
    said, seedling, testdata,
};

fn run(arguments: &[&str], typed: &str) -> (String, String) {
    let output = seedling(arguments, typed);
    assert!(output.status.success(), "{arguments:?}: {}", complained(&output));
    (said(&output), complained(&output))
}

/// Puts into a store what a file holds.
fn filled(place: &Place, file: &str) {
    let init = ["init", "--workspace", "Clinic", "--admin", "ada@example.org", "--password-file", "-"];
    place.on(&init, "long enough\n");
    place.on(&["import", file], "");
}

on_both! { what_is_exported_and_imported_elsewhere_is_exported_the_same }

fn what_is_exported_and_imported_elsewhere_is_exported_the_same(first: &Place) {
    filled(first, &testdata("demo/safe_steps.json"));
    for spec in ["14.4.2", "13"] {
        let file = first.file(&format!("{spec}.json"));
        first.prints(&["export", "--spec", spec, "--output", &file], "");
        let second = first.another();
        filled(&second, &file);
        let again = second.prints(&["export", "--spec", spec], "");
        assert_eq!(again, std::fs::read_to_string(&file).unwrap(), "{spec}");
    }
    first.refused(&["export", "No such flow"], "", "there is no flow \"No such flow\"");
}

#[test]
fn flows_are_converted_down_and_up() {
    let demo = testdata("demo/safe_steps.json");
    let (lower, report) = run(&["flow", "convert", &demo, "--to", "13"], "");
    assert!(
        lower.contains("\"spec_version\": \"13.2.0\"") && report.contains("14.4.2 to 13.2.0"),
        "{report}"
    );
    let (upper, _) = run(&["flow", "convert", "-"], &lower);
    let before: Value = serde_json::from_str(&std::fs::read_to_string(&demo).unwrap()).unwrap();
    let after: Value = serde_json::from_str(&upper).unwrap();
    assert_eq!(after["flows"], before["flows"]);
    let output = seedling(&["flow", "convert", &demo, "--to", "12"], "");
    assert!(complained(&output).contains("no specification"), "{}", complained(&output));
}

#[test]
fn texts_go_to_translators_and_come_back() {
    let demo = testdata("demo/safe_steps.json");
    let folder = tempfile::tempdir().unwrap();
    let created = ["--created", "2026-11-21T14:30:00Z"];
    let export = [&["flow", "po", "export", &demo, "--language", "swa"][..], &created[..]].concat();
    let (po, _) = run(&export, "");
    assert!(po.contains("POT-Creation-Date: 2026-11-21 14:30+0000"), "{}", &po[..300]);
    let (same, report) = run(&["flow", "po", "import", &demo, "-"], &po);
    assert!(report.contains("swa: ") && report.contains("0 of the file not used"), "{report}");
    let file = folder.path().join("translated.json").to_str().unwrap().to_owned();
    std::fs::write(&file, same).unwrap();
    let again = [&["flow", "po", "export", &file, "--language", "swa"][..], &created[..]].concat();
    assert_eq!(run(&again, "").0, po);

    let output =
        seedling(&["flow", "po", "import", &demo, "-", "--language", "swa"], "msgid \"a\nmsgstr \"b\"\n");
    assert!(complained(&output).contains("line 1: a text must stand"), "{}", complained(&output));
}

#[test]
fn another_language_becomes_the_first() {
    let demo = testdata("demo/safe_steps.json");
    let (changed, report) = run(&["flow", "language", &demo, "--to", "swa"], "");
    assert!(report.contains("texts in swa"), "{report}");
    let changed: Value = serde_json::from_str(&changed).unwrap();
    assert!(changed["flows"].as_array().unwrap().iter().all(|flow| flow["language"] == "swa"));
    let output = seedling(&["flow", "language", &demo, "--to", "swa", "--flow", "Nothing"], "");
    assert!(complained(&output).contains("the file has no flow \"Nothing\""));
}
