//! Families of typed cases: one JSON array per family, one object per case, chosen by `kind`.

mod case;
mod definitions;
mod functions;
mod queries;
mod templates;
mod texts;

use std::{fs, path::Path};

use expressions::Library;
use serde_json::Value as Json;

use crate::{
    discover::{entries, stem},
    report::{Outcome, Report},
};
pub use case::{Case, environment, location_tree};
pub use queries::contact;

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

/// The functions that cases may call.
pub fn library() -> &'static Library {
    flows::vocabulary::library()
}

/// Whether two plain JSON values are the same; numbers are compared as numbers.
fn same(expected: &Json, actual: &Json) -> Outcome {
    let equal = match (expected.as_f64(), actual.as_f64()) {
        (Some(expected), Some(actual)) => expected == actual,
        _ => expected == actual,
    };
    if equal { Ok(()) } else { Err(format!("expected {expected}, got {actual}")) }
}

/// Runs one case by its kind.
fn run_case(case: &Case) -> Outcome {
    match case.text("kind")? {
        "call_function" => functions::call_function(case),
        "call_sequence" => functions::call_sequence(case),
        "call_test" => functions::call_test(case),
        "binary_operator" => functions::binary_operator(case),
        "unary_operator" => functions::unary_operator(case),
        "convert" => functions::convert(case),
        "equals" => functions::equals(case),
        "compare" => functions::compare(case),
        "value_forms" => functions::value_forms(case),
        "format_number" => functions::format_number(case),
        "expression" => templates::expression(case),
        "template" => templates::template(case),
        "template_value" => templates::template_value(case),
        "session_template" => templates::session_template(case),
        "parse_datetime" => texts::parse_datetime(case),
        "parse_date" => texts::parse_date(case),
        "parse_time" => texts::parse_time(case),
        "collate" => texts::collate(case),
        kind @ ("snakify" | "tokenize" | "tokenize_by_chars" | "tokenize_unicode" | "prefix_overlap"
        | "ParsePhoneNumber" | "FindPhoneNumbers") => texts::helper(case, kind),
        "parse" => queries::parse(case),
        "evaluate_generic" => queries::evaluate_generic(case),
        "evaluate_contact" => queries::evaluate_contact(case),
        "inspect" => queries::inspect(case),
        "parse_and_evaluate" => queries::parse_and_evaluate(case),
        "parse_field_value" => queries::parse_field_value(case),
        "migrate_template" => templates::migrate(case),
        "read_flow_error" => definitions::read_flow_error(case),
        kind => Err(format!("kind {kind} cannot be run yet")),
    }
}
