//! Definitions that must be refused.

use flows::Definition;
use serde_json::Value as Json;

use super::{case::Case, same};
use crate::{
    determinism::{Pcg, SEED},
    report::Outcome,
};

/// Reading the flow of the assets must fail, for the reason given.
pub fn read_flow_error(case: &Case) -> Outcome {
    let assets = case.file(case.text("assets")?)?;
    let uuid = case.get("flow");
    let flow = assets["flows"].as_array().and_then(|flows| flows.iter().find(|flow| flow["uuid"] == *uuid));
    let flow = flow.ok_or_else(|| format!("the assets have no flow {uuid}"))?;
    let mut random = Pcg::new(SEED);
    match Definition::read_value(flow, &mut || random.uuid_v4()) {
        Ok(_) => Err(format!("the flow was read, expected {}", case.get("error"))),
        Err(error) => same(case.get("error"), &Json::from(error.to_string())),
    }
}
