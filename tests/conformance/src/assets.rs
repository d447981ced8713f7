//! Assets of a workspace from the JSON of cases and exports.

use std::sync::Arc;

use domain::{Channel, Field, Group};
use expressions::{Environment, Library};
use flows::{Assets, AssetsBuilder, Definition, Program};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::{
    cases::{library, location_tree},
    determinism::{Pcg, SEED},
};

/// Assets, and why some of the flows could not be read.
pub struct Loaded {
    /// What could be read.
    pub assets: Assets,
    /// Identifier or name of a flow, and what is wrong with it.
    pub unread: Vec<(String, String)>,
}

impl Loaded {
    /// An error, with the flows that could not be read, since one of them may be the cause.
    pub fn explain(&self, error: String) -> String {
        match self.unread.as_slice() {
            [] => error,
            unread => format!("{error}; could not be read: {unread:?}"),
        }
    }
}

/// Reads a file of assets of a workspace with these conventions.
pub fn load(json: &Json, env: &Environment) -> Result<Loaded, String> {
    let library: &Library = library();
    let mut random = Pcg::new(SEED);
    let mut builder = AssetsBuilder::new().conventions(env, Timestamp::UNIX_EPOCH);
    for field in items::<Field>(json, "fields")? {
        builder = builder.field(field);
    }
    for group in items::<Group>(json, "groups")? {
        builder = builder.group(group);
    }
    for channel in items::<Channel>(json, "channels")? {
        builder = builder.channel(channel);
    }
    for label in items(json, "labels")? {
        builder = builder.label(label);
    }
    for global in items(json, "globals")? {
        builder = builder.global(global);
    }
    for topic in items(json, "topics")? {
        builder = builder.topic(topic);
    }
    for user in items(json, "users")? {
        builder = builder.user(user);
    }
    for template in items(json, "templates")? {
        builder = builder.template(template);
    }
    for resthook in items(json, "resthooks")? {
        builder = builder.resthook(resthook);
    }
    for llm in items(json, "llms")? {
        builder = builder.llm(llm);
    }
    for campaign in items(json, "campaigns")? {
        builder = builder.campaign(campaign);
    }
    if let Some(tree) = json["locations"].as_array().and_then(|trees| trees.first()).and_then(location_tree) {
        builder = builder.locations(tree);
    }
    let mut unread = Vec::new();
    for flow in json["flows"].as_array().into_iter().flatten() {
        match Definition::read_value(flow, &mut || random.uuid_v4()) {
            Ok(definition) => builder = builder.flow(Arc::new(Program::compile(&definition, library))),
            Err(error) => unread.push((name_of(flow), error.to_string())),
        }
    }
    Ok(Loaded { assets: builder.build(), unread })
}

/// How a flow is called where something is wrong with it.
fn name_of(flow: &Json) -> String {
    let id = flow["uuid"].as_str().or_else(|| flow["metadata"]["uuid"].as_str());
    let name = flow["name"].as_str().or_else(|| flow["metadata"]["name"].as_str());
    format!("{} ({})", name.unwrap_or("?"), id.unwrap_or("?"))
}

/// The members of a list; empty if there is none.
fn items<T: DeserializeOwned>(json: &Json, name: &str) -> Result<Vec<T>, String> {
    let Some(items) = json[name].as_array() else { return Ok(Vec::new()) };
    let read = |item: &Json| serde_json::from_value(item.clone()).map_err(|error| format!("{name}: {error}"));
    items.iter().map(read).collect()
}
