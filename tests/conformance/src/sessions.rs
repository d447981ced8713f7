//! The standard sessions on which many templates are evaluated: their typed context and their environment.

use expressions::{Environment, Object};
use serde_json::Value as Json;

use crate::{
    cases::{Case, environment, library, location_tree},
    typed,
};

/// A session as templates see it.
pub struct Standard {
    /// The names that expressions see.
    pub context: Object,
    /// The conventions, with those of the contact merged in.
    pub environment: Environment,
}

/// The session that a case names.
pub fn standard(case: &Case) -> Result<Standard, String> {
    let name = case.text("session")?;
    let session = case.file(&format!("sessions/{name}.json"))?;
    let mut environment = environment(&session["env"]);
    let assets = case.file("sessions/inputs/assets.json")?;
    let locations = assets["locations"].as_array().and_then(|trees| trees.first());
    environment.locations = locations.and_then(location_tree);
    if environment.default_country.is_none() {
        environment.default_country = channel_country(&assets);
    }
    let context = run_context(&session, case)?;
    Ok(Standard { context: typed::read_object(&context, library())?, environment })
}

/// The context of the run that the case is about; the last one has it at the top.
fn run_context(session: &Json, case: &Case) -> Result<Json, String> {
    match case.get("run").as_u64() {
        Some(0) => Ok(session["context"].clone()),
        Some(run) => Err(format!("the context of run {run} is not given")),
        None => Ok(session["context"].clone()),
    }
}

/// The country of the contact's channel, which local phone numbers are read in.
fn channel_country(assets: &Json) -> Option<smol_str::SmolStr> {
    let channels = assets["channels"].as_array()?;
    channels.iter().find_map(|channel| channel["country"].as_str()).map(Into::into)
}
