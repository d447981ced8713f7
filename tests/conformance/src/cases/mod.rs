//! Families of typed cases: one JSON array per family, one object per case, chosen by `kind`.

mod case;
mod definitions;
mod queries;

use std::{fs, path::Path};

use serde_json::Value as Json;

use crate::{
    discover::{entries, stem},
    report::{Outcome, Report},
};
use case::Case;

/// Folders below a folder of cases that are searched for families.
const MAX_DEPTH: usize = 4;

/// Whether a file holds cases: a JSON array whose items have a kind.
pub fn is_case_file(path: &Path) -> bool {
    path.is_file() && read(path).is_some()
}

fn read(path: &Path) -> Option<Vec<Json>> {
    if path.extension()? != "json" {
        return None;
    }
    let items: Vec<Json> = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    items.first()?.get("kind")?;
    Some(items)
}

/// Runs every family in a folder, or the one in a file.
pub fn run(path: &Path, report: &mut Report) {
    run_below(path, MAX_DEPTH, report);
}

fn run_below(path: &Path, depth: usize, report: &mut Report) {
    if path.is_dir() {
        if depth > 0 {
            for entry in entries(path) {
                run_below(&entry, depth - 1, report);
            }
        }
        return;
    }
    let family = stem(path);
    if !report.wants(&family) {
        return;
    }
    for json in read(path).unwrap_or_default() {
        let id = json.get("id").and_then(Json::as_str).unwrap_or("?").to_owned();
        let case = Case::new(json, path);
        report.case(&family, &id, || run_case(&case));
    }
}

/// Runs one case by its kind.
fn run_case(case: &Case) -> Outcome {
    match case.text("kind")? {
        "parse" => queries::parse(case),
        "evaluate_generic" => queries::evaluate_generic(case),
        "evaluate_contact" => queries::evaluate_contact(case),
        "inspect" => queries::inspect(case),
        "parse_and_evaluate" => queries::parse_and_evaluate(case),
        "parse_field_value" => queries::parse_field_value(case),
        "read_flow_error" => definitions::read_flow_error(case),
        kind => Err(format!("kind {kind} cannot be run yet")),
    }
}
