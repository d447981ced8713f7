//! Whole conversations: a flow, a trigger, resumes, and the outputs of every sprint.

use std::path::Path;

use crate::{
    discover::{entries, stem},
    report::Report,
};

/// Runs every `NAME.test.json` of a folder on the assets of `NAME.json`.
pub fn run(dir: &Path, family: &str, report: &mut Report) {
    if !report.wants(family) {
        return;
    }
    for entry in entries(dir) {
        if entry.to_string_lossy().ends_with(".test.json") {
            report.case(family, &stem(&entry), || Err("cannot be run yet".to_owned()));
        }
    }
}

/// Runs the folders of the engine's test data, each a family `testdata/FOLDER`.
pub fn run_test_data(dir: &Path, report: &mut Report) {
    let runner = dir.join("test/testdata/runner");
    let family = "testdata/runner";
    if !report.wants(family) {
        return;
    }
    for entry in entries(&runner) {
        // Assets are NAME.json; each test of them is NAME.TEST.json.
        if stem(&entry).contains('.') {
            report.case(family, &stem(&entry), || Err("cannot be run yet".to_owned()));
        }
    }
}
