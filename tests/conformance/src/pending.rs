//! Families whose cases nothing can run yet: each of their cases is counted as failed, but for files among them that
//! are run already.

use std::{fs, path::Path};

use serde_json::Value as Json;

use crate::{
    discover::{entries, stem},
    payg, programmes,
    report::{Outcome, Report},
};

/// Folders of families that later parts of the product will run.
const FAMILIES: &[&str] = &["junebug", "nlu", "payg", "rapidpro9", "turn-journeys"];

/// The name of the family that a folder holds, if it is one of these.
pub fn family(dir: &Path) -> Option<String> {
    let absolute = dir.canonicalize().ok()?;
    let name = absolute.file_name()?.to_str()?;
    FAMILIES.contains(&name).then(|| name.to_owned())
}

/// Counts every case as failed: a file that lists cases is a family of its own, one that is a single case
/// belongs to its folder's family.
pub fn run(dir: &Path, family: &str, report: &mut Report) {
    for entry in entries(dir) {
        let name = stem(&entry);
        let below = format!("{family}/{name}");
        if entry.is_dir() {
            run(&entry, &below, report);
            continue;
        }
        if programmes::is_case_file(&entry) {
            programmes::run(&entry, family, report);
            continue;
        }
        if payg::is_case_file(&entry) {
            payg::run(&entry, family, report);
            continue;
        }
        match cases_listed(&entry) {
            Some(count) if report.wants(&below) => {
                for at in 0..count {
                    report.case(&below, &at.to_string(), later);
                }
            }
            None if report.wants(family) && entry.extension() != Some("md".as_ref()) => {
                report.case(family, &name, later);
            }
            Some(_) | None => {}
        }
    }
}

fn later() -> Outcome {
    Err("cannot be run yet".to_owned())
}

/// How many cases a file lists, in an array or under `cases`; `None` if it is itself one case.
fn cases_listed(path: &Path) -> Option<usize> {
    match serde_json::from_slice::<Json>(&fs::read(path).ok()?).ok()? {
        Json::Array(items) => Some(items.len()),
        Json::Object(object) => Some(object.get("cases")?.as_array()?.len()),
        _ => None,
    }
}
