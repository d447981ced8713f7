//! Real workspace exports. Each is imported into an empty workspace (`flows/import`); each of its flows is talked to in
//! several ways, with an answer for every outcome of its waits (`flows/run`); then the whole is exported, imported
//! into another empty workspace, and every conversation is had again, word for word, with the same events and results
//! (`flows/round_trip/…`, one family for each specification). Nothing outside is called.

mod programme;
mod replies;
mod talk;

use std::{fs, path::Path};

use flows::{Definition, migrations};
use serde_json::Value as Json;

use self::{
    programme::Programme,
    talk::{Conversation, play, record},
};
use crate::{
    determinism::{Pcg, SEED},
    discover::{entries, stem},
    report::{Outcome, Report},
};

/// What a failure says if a sub-flow is not there.
const MISSING_FLOW: &str = "Unable to find flow";
/// What a failure says if a flow goes round in circles.
const TOO_MANY_STEPS: &str = "maximum number of steps";
/// The family of imports.
const IMPORT: &str = "flows/import";
/// The family of conversations.
const RUN: &str = "flows/run";

/// Runs every export of a folder.
pub fn run(dir: &Path, report: &mut Report) {
    let round_trips = [migrations::CURRENT, migrations::RAPIDPRO_9];
    let families: Vec<String> =
        [IMPORT, RUN].into_iter().map(str::to_owned).chain(round_trips.map(round_trip)).collect();
    if !families.iter().any(|family| report.wants(family)) {
        return;
    }
    for entry in entries(dir) {
        let name = stem(&entry);
        if name != "MANIFEST" && entry.extension() == Some("json".as_ref()) {
            run_export(&entry, &name, &families, report);
        }
    }
}

fn round_trip(specification: migrations::Version) -> String {
    format!("flows/round_trip/{specification}")
}

fn run_export(path: &Path, name: &str, families: &[String], report: &mut Report) {
    let bytes = fs::read(path).map_err(|error| error.to_string());
    let imported = bytes.and_then(|bytes| guarded(|| Programme::import(&bytes, SEED)));
    let programme = match imported {
        Ok(programme) => programme,
        Err(error) => {
            // A file that cannot be imported fails with each of its flows.
            for family in families {
                if !report.wants(family) {
                    continue;
                }
                let flows = if family == IMPORT { 1 } else { flow_count(path) };
                for at in 0..flows {
                    report.case(family, &format!("{name}/{at}"), || Err(error.clone()));
                }
            }
            return;
        }
    };
    if report.wants(IMPORT) {
        report.case(IMPORT, name, || programme.flows.iter().try_for_each(survives_writing));
    }
    let recorded: Vec<_> = programme.flows.iter().map(|flow| guarded(|| record(&programme, flow))).collect();
    if report.wants(RUN) {
        for (flow, recorded) in programme.flows.iter().zip(&recorded) {
            report.case(RUN, &id(name, flow), || runs(recorded.as_deref().map_err(String::clone)?));
        }
    }
    for specification in [migrations::CURRENT, migrations::RAPIDPRO_9] {
        let family = round_trip(specification);
        if !report.wants(&family) {
            continue;
        }
        let again = guarded(|| programme.again(specification, SEED + 1));
        for (flow, recorded) in programme.flows.iter().zip(&recorded) {
            report.case(&family, &id(name, flow), || {
                let again = again.as_ref().map_err(String::clone)?;
                same_again(again, flow, recorded.as_deref().map_err(String::clone)?)
            });
        }
    }
}

/// A panic becomes an error, so that the other files are run too.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err("panicked".to_owned()))
}

fn id(file: &str, flow: &Definition) -> String {
    format!("{file}/{} ({})", flow.name, flow.uuid)
}

fn flow_count(path: &Path) -> usize {
    let json: Json =
        fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    json["flows"].as_array().map_or(1, |flows| flows.len().max(1))
}

/// A definition that was written reads as the same definition.
fn survives_writing(flow: &Definition) -> Outcome {
    let mut random = Pcg::new(SEED);
    let again = Definition::read(flow.json().as_bytes(), &mut || random.uuid_v4())
        .map_err(|error| error.to_string())?;
    if *flow == again {
        Ok(())
    } else {
        Err(format!("flow {} reads differently after it was written", flow.name))
    }
}

/// Every conversation comes to a wait or its end at every turn. A flow that enters one which the export does not hold
/// can only fail, and one that goes round in circles is stopped; both say so.
fn runs(conversations: &[Conversation]) -> Outcome {
    for sprint in conversations.iter().flat_map(|conversation| &conversation.sprints) {
        if sprint["status"] != "failed" && sprint["status"] != "active" {
            continue;
        }
        let events = sprint["events"].as_array().map(Vec::as_slice).unwrap_or_default();
        let failures = || events.iter().filter(|event| event["type"] == "failure").map(Json::to_string);
        let expected = |failure: String| failure.contains(MISSING_FLOW) || failure.contains(TOO_MANY_STEPS);
        if failures().count() == 0 || !failures().all(expected) {
            return Err(format!(
                "the session is {}: {}",
                sprint["status"],
                failures().collect::<Vec<_>>().join(", ")
            ));
        }
    }
    Ok(())
}

/// The same conversations with the flow of another import.
fn same_again(again: &Programme, flow: &Definition, conversations: &[Conversation]) -> Outcome {
    let copy = again.flows.iter().find(|copy| copy.uuid == flow.uuid).ok_or("the flow did not come back")?;
    conversations.iter().try_for_each(|conversation| play(again, copy, conversation))
}
