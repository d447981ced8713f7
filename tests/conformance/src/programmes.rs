//! Positions in message sets: by the moments of a schedule (`single`, `chains`), and by the week in which somebody begins
//! (`vectors` with a programme, a set and a week).

use std::path::Path;

use domain::{
    Cron,
    programme::{Rate, SetRuns, expected, expected_chain, national},
};
use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{
    discover::stem,
    report::{Outcome, Report},
};

/// A subscription of one set.
#[derive(Deserialize)]
struct Single {
    cron: String,
    created_at: Timestamp,
    now: Timestamp,
    messages_in_set: u32,
    initial_sequence_number: u32,
    expect: Json,
}

/// A subscription of sets that follow each other.
#[derive(Deserialize)]
struct Chain {
    chain: Vec<Link>,
    created_at: Timestamp,
    now: Timestamp,
    expect: Json,
}

#[derive(Deserialize)]
struct Link {
    cron: String,
    messages: u32,
}

/// Where somebody begins.
#[derive(Deserialize)]
struct Placed {
    programme: String,
    message_set: String,
    messages_per_week: u32,
    weeks: i32,
    next_sequence_number: u32,
}

/// Whether a file holds such cases.
pub fn is_case_file(path: &Path) -> bool {
    read(path).is_some_and(|file| is_schedules(&file) || is_placements(&file))
}

fn is_schedules(file: &Json) -> bool {
    ["single", "chains"].iter().any(|list| file[*list][0]["created_at"].is_string())
}

fn is_placements(file: &Json) -> bool {
    file["vectors"][0]["messages_per_week"].is_number()
}

fn read(path: &Path) -> Option<Json> {
    serde_json::from_slice(&std::fs::read(path).ok().filter(|_| path.extension() == Some("json".as_ref()))?)
        .ok()
}

/// Runs the cases of a file, as a family below `folder`.
pub fn run(path: &Path, folder: &str, report: &mut Report) {
    let (Some(file), family) = (read(path), format!("{folder}/{}", stem(path))) else { return };
    if !report.wants(&family) {
        return;
    }
    let lists: [(&str, fn(&Json) -> Outcome); 3] =
        [("single", single), ("chains", chain), ("vectors", placed)];
    for (list, case) in lists {
        for (at, json) in file[list].as_array().into_iter().flatten().enumerate() {
            report.case(&family, &format!("{list} {at}"), || case(json));
        }
    }
}

fn typed<'j, T: Deserialize<'j>>(json: &'j Json) -> Result<T, String> {
    T::deserialize(json).map_err(|error| format!("the case cannot be read: {error}"))
}

fn set(cron: &str, messages: u32) -> Result<SetRuns, String> {
    let schedule = cron.parse::<Cron>().map_err(|error| format!("{cron}: {error}"))?;
    Ok(SetRuns { schedule, messages })
}

fn same(expected: &Json, actual: &Json) -> Outcome {
    if expected == actual { Ok(()) } else { Err(format!("expected {expected}, got {actual}")) }
}

fn single(json: &Json) -> Outcome {
    let case: Single = typed(json)?;
    let set = set(&case.cron, case.messages_in_set)?;
    let at = expected(&set, &TimeZone::UTC, case.created_at, case.now, case.initial_sequence_number);
    same(&case.expect, &json!({"next_sequence_number": at.next, "completed": at.completed}))
}

fn chain(json: &Json) -> Outcome {
    let case: Chain = typed(json)?;
    let sets: Vec<SetRuns> =
        case.chain.iter().map(|link| set(&link.cron, link.messages)).collect::<Result<_, _>>()?;
    let chain = expected_chain(&sets, &TimeZone::UTC, case.created_at, case.now);
    let shown = chain
        .iter()
        .zip(1..)
        .map(|(at, set)| json!({"set": set, "next_sequence_number": at.next, "completed": at.completed}));
    same(&case.expect, &Json::Array(shown.collect()))
}

fn placed(json: &Json) -> Outcome {
    let case: Placed = typed(json)?;
    let placement = national::placement(&case.programme, &case.message_set)
        .ok_or_else(|| format!("no formula for {} of {}", case.message_set, case.programme))?;
    let start = placement.start(case.weeks, Rate::from(case.messages_per_week));
    same(&json!(case.next_sequence_number), &json!(start))
}
