//! Flow definitions of every specification.

use flows::definition::DefinitionError;
use flows::migrations::{self, Version};
use flows::{Definition, Program};
use serde_json::{Value as Json, json};

use crate::world::{counting, flows};
use crate::{Choices, flow, mutation, old_flow};

/// Versions that a document may say it is.
const VERSIONS: [&str; 24] = [
    "13.0", "13.0.0", "13.1.0", "13.2.0", "13.3.0", "13.4.0", "13.5.0", "13.6.0", "13.6.1", "14.0.0",
    "14.1.0", "14.2.0", "14.3.0", "14.3.1", "14.4.0", "14.4.1", "14.4.2", "14.5.0", "99.0.0", "11.12", "3",
    "", "x", "13.x",
];

/// Any bytes: refused with a reason, or read, compiled and inspected; what was read is read the same again.
pub fn run(input: &[u8]) {
    if let Ok(definition) = read(input) {
        let again = read(definition.json().as_bytes()).expect("what was read can be read again");
        assert_eq!(again.nodes, definition.nodes);
        assert_eq!(again.json(), definition.json());
    }
}

/// A flow with mistakes in it.
pub fn run_mutated(input: &[u8]) {
    let mut choices = Choices::new(input);
    let mut json = base(&mut choices);
    mutation::mutate(&mut choices, &mut json);
    run(json.to_string().as_bytes());
}

/// A flow of today, with mistakes, that says it is of any version: brought to the current one or refused.
pub fn run_migrations(input: &[u8]) {
    let mut choices = Choices::new(input);
    let version = *choices.one(&VERSIONS);
    let mut json = if choices.once_in(2) {
        match serde_json::from_slice(choices.rest()) {
            Ok(json) => json,
            Err(_) => return,
        }
    } else {
        let mut json = base(&mut choices);
        mutation::mutate(&mut choices, &mut json);
        json
    };
    if let Json::Object(members) = &mut json {
        members.insert("spec_version".into(), json!(version));
    }
    let _ = read(json.to_string().as_bytes());
    for to in [Version::new(13, 5, 0), Version::new(14, 0, 0), migrations::CURRENT] {
        let mut flow = json.clone();
        if migrations::migrate(&mut flow, to, &mut counting()).is_ok() {
            let _ = migrations::version_in(&flow);
        }
        let mut flow = json.clone();
        if let Ok(converted) = migrations::convert(&mut flow, to, &mut counting()) {
            drop(converted);
            let _ = read(flow.to_string().as_bytes());
        }
    }
}

/// A flow of action sets and rule sets, with mistakes: brought to today's specification or refused.
pub fn run_legacy(input: &[u8]) {
    let mut choices = Choices::new(input);
    let mut json = old_flow::make(&mut choices);
    let flawless = choices.once_in(3);
    if !flawless {
        mutation::mutate(&mut choices, &mut json);
    }
    let _ = read(json.to_string().as_bytes());
    let mut flow = json;
    if migrations::migrate(&mut flow, migrations::CURRENT, &mut counting()).is_ok() {
        let _ = read(flow.to_string().as_bytes());
    }
}

fn base(choices: &mut Choices<'_>) -> Json {
    if choices.once_in(2) { choices.one(&flows()).clone() } else { flow::make(choices, 0, 2) }
}

fn read(json: &[u8]) -> Result<Definition, DefinitionError> {
    let definition = Definition::read(json, &mut counting());
    match &definition {
        Ok(definition) => {
            let program = Program::compile(definition, flows::vocabulary::library());
            assert_eq!(program.nodes.len(), definition.nodes.len());
            definition.inspect(None);
            definition.inspect(Some(&|_| false));
        }
        Err(error) => assert!(!error.to_string().is_empty(), "a refusal says why"),
    }
    definition
}
