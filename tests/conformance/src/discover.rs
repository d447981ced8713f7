//! Finds what a folder holds, whatever it is called: the same layout with other cases is recognised.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    cases, courier, exports, info, legacy, payg, pending, programmes, report::Report, scenarios, testdata,
    whatsapp,
};

/// How deep a folder is searched for suites.
const MAX_DEPTH: usize = 3;

/// A group of families that are run in the same way.
pub enum Suite {
    /// A folder or file of typed cases.
    Cases(PathBuf),
    /// A folder of flow scenarios, with the family's name.
    Scenarios(PathBuf, String),
    /// A folder of the engine's test data.
    TestData(PathBuf),
    /// A folder of recorded sessions.
    Sessions(PathBuf),
    /// A folder that lists functions, types and versions.
    Info(PathBuf),
    /// A folder of workspace exports.
    Exports(PathBuf),
    /// A folder of carriers' requests and ours.
    Courier(PathBuf),
    /// A folder of webhooks of WhatsApp.
    WhatsApp(PathBuf),
    /// A file of positions in message sets.
    Programmes(PathBuf),
    /// A file of keycodes, prices, payments or indicators.
    Payg(PathBuf),
    /// A folder of cases that nothing can run yet, with the family's name.
    Pending(PathBuf, String),
}

impl Suite {
    /// Runs every family of the suite that the report wants.
    pub fn run(&self, report: &mut Report) {
        match self {
            Self::Cases(path) => cases::run(path, report),
            Self::Scenarios(dir, family) => scenarios::run(dir, family, report),
            Self::TestData(dir) => {
                testdata::run(dir, report);
                legacy::run(dir, report);
                scenarios::run_test_data(dir, report);
            }
            Self::Sessions(dir) => scenarios::run_sessions(dir, report),
            Self::Info(dir) => info::run(dir, report),
            Self::Exports(dir) => exports::run(dir, report),
            Self::Courier(dir) => courier::run(dir, report),
            Self::WhatsApp(dir) => whatsapp::run(dir, report),
            Self::Programmes(path) => programmes::run(path, "programmes", report),
            Self::Payg(path) => payg::run(path, "payg", report),
            Self::Pending(dir, family) => pending::run(dir, family, report),
        }
    }
}

/// The suites in a folder, in the order of their paths.
pub fn suites(path: &Path) -> Vec<Suite> {
    let mut found = Vec::new();
    collect(path, MAX_DEPTH, &mut found);
    found
}

fn collect(path: &Path, depth: usize, found: &mut Vec<Suite>) {
    if path.is_file() && programmes::is_case_file(path) {
        return found.push(Suite::Programmes(path.to_owned()));
    }
    if path.is_file() && payg::is_case_file(path) {
        return found.push(Suite::Payg(path.to_owned()));
    }
    if path.is_file() {
        return found.push(Suite::Cases(path.to_owned()));
    }
    let entries = entries(path);
    if is_engine(path) {
        for (folder, make) in ENGINE_FOLDERS {
            let inner = path.join(folder);
            if inner.is_dir() {
                found.push(make(inner));
            }
        }
    } else if TEST_DATA_FOLDERS.iter().any(|folder| path.join(folder).is_dir()) {
        found.push(Suite::TestData(path.to_owned()));
    } else if has_ending(&entries, ".test.json") {
        found.push(Suite::Scenarios(path.to_owned(), "flows/generated".to_owned()));
    } else if path.join("MANIFEST.json").is_file() {
        found.push(Suite::Exports(path.to_owned()));
    } else if courier::is_family(path) {
        found.push(Suite::Courier(path.to_owned()));
    } else if whatsapp::is_family(path) {
        found.push(Suite::WhatsApp(path.to_owned()));
    } else if pending::family(path).is_none() && entries.iter().any(|entry| programmes::is_case_file(entry)) {
        found.extend(
            entries.into_iter().filter(|entry| programmes::is_case_file(entry)).map(Suite::Programmes),
        );
    } else if let Some(name) = pending::family(path) {
        found.push(Suite::Pending(path.to_owned(), name));
    } else if entries.iter().any(|entry| cases::is_case_file(entry)) {
        found.push(Suite::Cases(path.to_owned()));
    } else if depth > 0 {
        for entry in entries.iter().filter(|entry| entry.is_dir()) {
            collect(entry, depth - 1, found);
        }
    }
}

type MakeSuite = fn(PathBuf) -> Suite;

/// The folders of the engine's data and how each is run.
const ENGINE_FOLDERS: [(&str, MakeSuite); 5] = [
    ("cases", Suite::Cases),
    ("flows/generated", |dir| Suite::Scenarios(dir, "flows/generated".to_owned())),
    ("info", Suite::Info),
    ("sessions", Suite::Sessions),
    ("testdata", Suite::TestData),
];

/// Folders by which the engine's test data is recognised.
const TEST_DATA_FOLDERS: [&str; 2] = ["test/testdata/runner", "flows/actions/testdata"];

fn is_engine(path: &Path) -> bool {
    ENGINE_FOLDERS.iter().any(|(folder, _)| path.join(folder).is_dir())
}

fn has_ending(entries: &[PathBuf], ending: &str) -> bool {
    entries.iter().any(|entry| entry.to_string_lossy().ends_with(ending))
}

/// What a folder holds, in the order of names.
pub fn entries(dir: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(dir).map(|items| items.flatten().map(|item| item.path()).collect()).unwrap_or_default();
    entries.sort();
    entries
}

/// A file's name without `.json`.
pub fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(".json").unwrap_or(&name).to_owned()
}
