//! The engine's own data about definitions: migrations, inspection and issues.

use std::{fs, path::Path};

use flows::{Definition, migrations};
use serde_json::Value as Json;

use crate::{
    determinism::{Pcg, SEED},
    discover::{entries, stem},
    report::{Outcome, Report},
    typed::short,
};

const MIGRATIONS: &str = "flows/definition/migrations/testdata/migrations";
const DEFINITION: &str = "flows/definition/testdata";
const INSPECTION: &str = "flows/definition/testdata/inspection";
const ISSUES: &str = "flows/inspect/issues/testdata";
const RUNNER: &str = "test/testdata/runner";

/// Runs the families about definitions that a folder of test data holds.
pub fn run(dir: &Path, report: &mut Report) {
    each_file(&dir.join(MIGRATIONS), "testdata/migrations", report, |_, version, cases, report, family| {
        for (at, case) in cases.as_array().into_iter().flatten().enumerate() {
            report.case(family, &format!("{version}/{at}"), || migrated(version, case));
        }
    });
    let runner = dir.join(RUNNER);
    each_file(&dir.join(INSPECTION), "testdata/inspection", report, |_, name, expected, report, family| {
        report.case(family, name, || inspected(&runner.join(format!("{name}.json")), expected));
    });
    change_languages(&dir.join(DEFINITION), report);
    each_file(&dir.join(ISSUES), "testdata/issues", report, |folder, name, cases, report, family| {
        for (at, case) in cases.as_array().into_iter().flatten().enumerate() {
            report.case(family, &format!("{name}/{at}"), || issues(&folder.join("_assets.json"), case));
        }
    });
}

/// Reads each JSON file of a folder whose name does not begin with an underscore.
fn each_file(
    folder: &Path,
    family: &str,
    report: &mut Report,
    mut work: impl FnMut(&Path, &str, &Json, &mut Report, &str),
) {
    if !report.wants(family) {
        return;
    }
    for entry in entries(folder) {
        let name = stem(&entry);
        if name.starts_with('_') || entry.extension() != Some("json".as_ref()) {
            continue;
        }
        match json(&entry) {
            Ok(data) => work(folder, &name, &data, report, family),
            Err(error) => report.case(family, &name, || Err(error)),
        }
    }
}

pub(crate) fn json(path: &Path) -> Result<Json, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// The definition as it is after the migration to a version.
fn migrated(version: &str, case: &Json) -> Outcome {
    let to = version.parse().map_err(|_| format!("{version} is not a version"))?;
    let mut flow = case["original"].clone();
    let mut random = Pcg::new(SEED);
    migrations::migrate(&mut flow, to, &mut || random.uuid_v4()).map_err(|error| error.to_string())?;
    same(&case["migrated"], &flow)
}

/// The flow of one file in each of the languages that there is an expected definition for.
fn change_languages(folder: &Path, report: &mut Report) {
    const FAMILY: &str = "testdata/change_language";
    if !report.wants(FAMILY) {
        return;
    }
    for entry in entries(folder) {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some((_, code)) = name.strip_suffix(".snap").and_then(|name| name.rsplit_once("_to_")) else {
            continue;
        };
        report.case(FAMILY, code, || {
            let assets = json(&folder.join("change_language.json"))?;
            let mut flow = assets["flows"][0].clone();
            let mut random = Pcg::new(SEED);
            migrations::migrate(&mut flow, migrations::CURRENT, &mut || random.uuid_v4())
                .map_err(|error| error.to_string())?;
            flows::translation::change_language(&mut flow, code).map_err(|error| error.to_string())?;
            same(&without_nothing(json(&entry)?), &without_nothing(flow))
        });
    }
}

/// The same without members that say nothing: null and empty lists.
fn without_nothing(json: Json) -> Json {
    let says_nothing = |member: &Json| member.is_null() || member.as_array().is_some_and(Vec::is_empty);
    match json {
        Json::Object(members) => {
            let members = members.into_iter().filter(|(_, member)| !says_nothing(member));
            Json::Object(members.map(|(key, member)| (key, without_nothing(member))).collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(without_nothing).collect()),
        other => other,
    }
}

/// The report on the first flow of an assets file.
fn inspected(assets: &Path, expected: &Json) -> Outcome {
    let assets = json(assets)?;
    let mut random = Pcg::new(SEED);
    let flow =
        Definition::read_value(&assets["flows"][0], &mut || random.uuid_v4()).map_err(|e| e.to_string())?;
    let report = flow.inspect(Some(&|dependency| exists(&assets, dependency)));
    same(expected, &serde_json::to_value(report).map_err(|error| error.to_string())?)
}

/// What is wrong with a flow, given assets.
fn issues(assets: &Path, case: &Json) -> Outcome {
    let assets = json(assets)?;
    let mut random = Pcg::new(SEED);
    let flow = Definition::read_value(&case["flow"], &mut || random.uuid_v4()).map_err(|e| e.to_string())?;
    let report = match case["no_assets"] == Json::Bool(true) {
        true => flow.inspect(None),
        false => flow.inspect(Some(&|dependency| exists(&assets, dependency))),
    };
    let issues = serde_json::to_value(report.issues).map_err(|error| error.to_string())?;
    same(&case["issues"], &issues)
}

/// Whether assets hold what a flow depends on.
fn exists(assets: &Json, dependency: &flows::Dependency) -> bool {
    let Ok(wanted) = serde_json::to_value(dependency) else { return false };
    let kind = wanted["type"].as_str().unwrap_or_default();
    let listed = assets[format!("{kind}s")].as_array().map_or(&[][..], Vec::as_slice);
    listed.iter().any(|asset| {
        ["uuid", "key", "email", "slug"].iter().any(|id| !wanted[id].is_null() && asset[id] == wanted[id])
    })
}

pub(crate) fn same(expected: &Json, actual: &Json) -> Outcome {
    match difference("", expected, actual) {
        Some(difference) => Err(difference),
        None => Ok(()),
    }
}

/// The first place where two JSON values differ; the order of members does not matter.
pub fn difference(path: &str, expected: &Json, actual: &Json) -> Option<String> {
    match (expected, actual) {
        (Json::Object(left), Json::Object(right)) => {
            if let Some(name) = left.keys().find(|name| !right.contains_key(*name)) {
                return Some(format!("{path}.{name} is missing"));
            }
            if let Some(name) = right.keys().find(|name| !left.contains_key(*name)) {
                return Some(format!("{path}.{name} is unexpected: {}", short(&right[name].to_string())));
            }
            left.iter().find_map(|(name, member)| difference(&format!("{path}.{name}"), member, &right[name]))
        }
        (Json::Array(left), Json::Array(right)) if left.len() == right.len() => left
            .iter()
            .zip(right)
            .enumerate()
            .find_map(|(at, (left, right))| difference(&format!("{path}[{at}]"), left, right)),
        _ if expected == actual => None,
        _ => Some(format!(
            "{path}: expected {}, got {}",
            short(&expected.to_string()),
            short(&actual.to_string())
        )),
    }
}
