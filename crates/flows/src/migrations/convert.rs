//! From any specification to any other, up or down, with an account of what changed.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use smol_str::{SmolStr, format_smolstr};
use thiserror::Error;
use uuid::Uuid;

use super::{CURRENT, FIRST, STEPS, Version, down, migrate_from, version_in};
use crate::definition::DefinitionError;
use crate::legacy::Origin;

/// What RapidPro 9, the last of the community's line, writes and reads.
pub const RAPIDPRO_9: Version = Version::new(13, 2, 0);

/// Something that the other specification cannot say, or says differently.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Warning {
    /// The node; absent if it is about the whole flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<SmolStr>,
    /// What is lost or different, and where possible what to do.
    pub what: String,
}

/// A part of a flow that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The node; absent if it is about the whole flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<SmolStr>,
    /// `added`, `removed`, or the members that changed.
    pub what: String,
}

/// What a conversion did to one flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// The specification that the flow followed.
    pub from: Version,
    /// The one that it follows now.
    pub to: Version,
    /// What changed, beside the number of the specification.
    pub changes: Vec<Change>,
    /// What the other specification cannot say.
    pub warnings: Vec<Warning>,
}

/// A text names no specification that flows can be converted to.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{given:?} is no specification that flows can be converted to; known are {known}, and 13 for the one of RapidPro 9"
)]
pub struct UnknownTarget {
    /// What was given.
    given: String,
    /// What there is.
    known: String,
}

/// The specification that a text names: `14.4.2`, `13.6.1`; `14` is the current one, `13` that of RapidPro 9.
pub fn target(text: &str) -> Result<Version, UnknownTarget> {
    match text.trim() {
        "13" | "13.x" => return Ok(RAPIDPRO_9),
        "14" | "14.x" => return Ok(CURRENT),
        _ => {}
    }
    let known = || std::iter::once(FIRST).chain(STEPS.iter().map(|(version, _)| *version));
    let named = text.trim().parse().ok().and_then(|version| known().find(|known| *known == version));
    named.ok_or_else(|| UnknownTarget {
        given: text.to_owned(),
        known: known().map(|version| version.to_string()).collect::<Vec<_>>().join(", "),
    })
}

/// Brings a flow of any specification to another one. What is added draws its identifiers from `uuids`.
///
/// Going down keeps the behaviour as far as the older specification can say it; the rest is listed in
/// [`Conversion::warnings`] and left in place.
pub fn convert(
    flow: &mut Value,
    to: Version,
    uuids: &mut dyn FnMut() -> Uuid,
) -> Result<Conversion, DefinitionError> {
    convert_from(flow, to, &mut Origin::default(), uuids)
}

/// The same for a flow that may be of action sets and rule sets, with what is known of where it comes from.
pub fn convert_from(
    flow: &mut Value,
    to: Version,
    origin: &mut Origin<'_>,
    uuids: &mut dyn FnMut() -> Uuid,
) -> Result<Conversion, DefinitionError> {
    let from = version_in(flow)?;
    let before = flow.clone();
    let mut warnings = Vec::new();
    if from <= to {
        migrate_from(flow, to, origin, uuids)?;
    } else {
        migrate_from(flow, CURRENT, origin, uuids)?;
        warnings = down::downgrade(flow, to, uuids);
    }
    Ok(Conversion { from, to, changes: changes(&before, flow), warnings })
}

/// The nodes and members that differ.
fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    let members = |flow: &Value| flow.as_object().cloned().unwrap_or_default();
    let (old, new) = (members(before), members(after));
    let keys = old.keys().chain(new.keys().filter(|key| !old.contains_key(*key)));
    let changed: Vec<&str> = keys
        .filter(|key| !matches!(key.as_str(), "nodes" | "spec_version") && old.get(*key) != new.get(*key))
        .map(String::as_str)
        .collect();
    if !changed.is_empty() {
        changes.push(Change { node: None, what: changed.join(", ") });
    }
    let (old, new) = (nodes(before), nodes(after));
    for (uuid, node) in &new {
        let what = match old.get(uuid) {
            None => "added".to_owned(),
            Some(known) if known == node => continue,
            Some(known) => {
                let parts = ["actions", "router", "exits"];
                parts.into_iter().filter(|part| known[*part] != node[*part]).collect::<Vec<_>>().join(", ")
            }
        };
        changes.push(Change { node: Some(uuid.clone()), what });
    }
    let removed = old.keys().filter(|uuid| !new.contains_key(*uuid));
    changes.extend(removed.map(|uuid| Change { node: Some(uuid.clone()), what: "removed".to_owned() }));
    changes
}

/// The nodes by identifier; one without counts by its place.
fn nodes(flow: &Value) -> BTreeMap<SmolStr, &Value> {
    let nodes = flow["nodes"].as_array().into_iter().flatten().enumerate();
    nodes
        .map(|(at, node)| {
            (node["uuid"].as_str().map_or_else(|| format_smolstr!("#{at}"), SmolStr::new), node)
        })
        .collect()
}
