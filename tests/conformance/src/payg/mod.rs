//! Pay-as-you-go: keycodes both ways, prices, reconciliation, indicators and providers' payloads.
//!
//! A list of cases is recognised by a member of its items, so that other files of the same kinds are run too.

mod ledger;
mod money;
mod nexus;
mod openpaygo;

use std::{fmt::Debug, path::Path};

use payg::keycode::{DeviceKey, siphash};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::{
    discover::stem,
    report::{Outcome, Report},
};

type Run = fn(&Json) -> Outcome;

/// Name of a list, a member of its items, and how an item is run.
const LISTS: &[(&str, &str, Run)] = &[
    ("cases", "hash_u64", hash),
    ("activation", "plain", nexus::activation),
    ("factory", "digits", nexus::factory),
    ("channel_origin", "controller_key", nexus::channel),
    ("cases", "op", nexus::small),
    ("sequences", "device_id", nexus::full_device),
    ("sequences", "starting_code", openpaygo::device),
    ("sequences", "initial", nexus::small_device),
    ("tokens", "token_type", openpaygo::token),
    ("errors", "error", openpaygo::error),
    ("starting_codes", "starting_code", openpaygo::starting_code),
    ("restricted_digit_conversion", "", openpaygo::four_keys),
    ("next_code", "", openpaygo::next_code),
    ("cases", "auth_method", openpaygo::metrics),
    ("cases", "plan", money::pricing),
    ("cases", "contracts", money::indicators),
    ("scenarios", "events", ledger::scenario),
];

/// Whether a file holds such cases.
pub fn is_case_file(path: &Path) -> bool {
    read(path).is_some_and(|file| !lists(&file).is_empty() || is_payloads(&file))
}

fn read(path: &Path) -> Option<Json> {
    let is_json = path.extension() == Some("json".as_ref());
    serde_json::from_slice(&std::fs::read(path).ok().filter(|_| is_json)?).ok()
}

/// Examples of what providers send, which are one case.
fn is_payloads(file: &Json) -> bool {
    file["mpesa"]["stk_callback_ok"].is_object()
}

fn lists(file: &Json) -> Vec<(&'static str, Run, &Vec<Json>)> {
    let is_keyed = ["note"].iter().any(|member| file.get(member).is_some());
    let mut found: Vec<(&'static str, Run, &Vec<Json>)> = Vec::new();
    for (list, member, run) in LISTS {
        let Some(items) =
            file.get(list).and_then(Json::as_array).filter(|items| is_keyed && !items.is_empty())
        else {
            continue;
        };
        let fits = member.is_empty() || items.iter().any(|item| item.get(member).is_some());
        if fits && found.iter().all(|(known, ..)| known != list) {
            found.push((list, *run, items));
        }
    }
    found
}

/// Runs the cases of a file, as a family below `folder`.
pub fn run(path: &Path, folder: &str, report: &mut Report) {
    let (Some(file), family) = (read(path), format!("{folder}/{}", stem(path))) else { return };
    if !report.wants(&family) {
        return;
    }
    if is_payloads(&file) {
        report.case(&family, "all", || ledger::payloads(&file));
    }
    for (list, run, items) in lists(&file) {
        for (at, item) in items.iter().enumerate() {
            report.case(&family, &format!("{list}[{at}]"), || run(item));
        }
    }
}

fn hash(case: &Json) -> Outcome {
    let key = key(case, "key")?;
    let data = text(case, "data")?;
    let bytes: Option<Vec<u8>> =
        (0..data.len()).step_by(2).map(|at| u8::from_str_radix(data.get(at..at + 2)?, 16).ok()).collect();
    same(
        siphash(&key, &bytes.ok_or("data is not hexadecimal")?).to_string().as_str(),
        text(case, "hash_u64")?,
    )
}

/// An item as a type of ours.
fn read_as<T: DeserializeOwned>(case: &Json) -> Result<T, String> {
    T::deserialize(case).map_err(|error| error.to_string())
}

fn same<T: PartialEq + Debug + ?Sized>(found: &T, expected: &T) -> Outcome {
    if found == expected { Ok(()) } else { Err(format!("expected {expected:?}, found {found:?}")) }
}

fn text<'a>(case: &'a Json, member: &str) -> Result<&'a str, String> {
    case[member].as_str().ok_or_else(|| format!("{member} is no text"))
}

fn number(case: &Json, member: &str) -> Result<u32, String> {
    case[member]
        .as_u64()
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| format!("{member} is no number"))
}

fn key(case: &Json, member: &str) -> Result<DeviceKey, String> {
    DeviceKey::from_hex(text(case, member)?).map_err(|error| error.to_string())
}

/// Runs the steps of a device, comparing after each what `step` makes of it with what is given.
fn steps(case: &Json, mut step: impl FnMut(&Json) -> Outcome) -> Outcome {
    let steps = case["steps"].as_array().ok_or("no steps")?;
    for (at, given) in steps.iter().enumerate() {
        step(given).map_err(|difference| {
            format!("step {at} ({}): {difference}", given["kind"].as_str().unwrap_or(""))
        })?;
    }
    Ok(())
}
