//! Who is meant where old flows name flows and groups by number or only by name: the same thing gets the same
//! identifier in all flows of an export.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::shape::{plain, text, uuid};

/// Identifiers of the flows and groups of one export.
#[derive(Debug, Default)]
pub struct Identities {
    /// By number (`#12`) or by name in lower case.
    flows: BTreeMap<String, Uuid>,
    /// By name in lower case, with the name as it is written.
    groups: BTreeMap<String, (Uuid, String)>,
    /// Names of groups that are looked for when a flow runs, by the name in lower case.
    expected: BTreeMap<String, String>,
}

impl Identities {
    /// Remembers what a flow is called, and gives its identifier; one without gets a new one.
    ///
    /// Call this for all old flows of an export before the first of them is migrated.
    pub fn learn(&mut self, flow: &Value, uuids: &mut dyn FnMut() -> Uuid) -> Uuid {
        let places = [&flow["metadata"], flow, &flow["definition"]["metadata"]];
        let number = places.into_iter().find_map(number);
        let name = places.into_iter().find_map(name);
        let given = places.into_iter().find_map(|place| uuid(place, "uuid"));
        // Two flows may have one name, but not one number.
        let key = number.as_ref().or(name.as_ref());
        let found = given.or_else(|| self.flows.get(key?).copied()).unwrap_or_else(uuids);
        for key in [number, name].into_iter().flatten() {
            self.flows.entry(key).or_insert(found);
        }
        found
    }

    /// The identifier of the flow that a reference means.
    pub(super) fn flow(&mut self, reference: &Value, uuids: &mut dyn FnMut() -> Uuid) -> Option<Uuid> {
        if let Some(uuid) = uuid(reference, "uuid") {
            return Some(uuid);
        }
        let keys = [number(reference), name(reference)];
        let known = keys.iter().flatten().find_map(|key| self.flows.get(key).copied());
        if known.is_none() && keys.iter().all(Option::is_none) {
            return None;
        }
        let found = known.unwrap_or_else(uuids);
        for key in keys.into_iter().flatten() {
            self.flows.entry(key).or_insert(found);
        }
        Some(found)
    }

    /// The identifier and name of the group that a reference means; `None` if it says neither.
    pub(super) fn group(
        &mut self,
        reference: &Value,
        uuids: &mut dyn FnMut() -> Uuid,
    ) -> Option<(Uuid, String)> {
        let called = if reference.is_object() { text(reference, "name") } else { plain(reference) };
        if let Some(uuid) = uuid(reference, "uuid") {
            return Some((uuid, called));
        }
        let key = called.trim().to_lowercase();
        if key.is_empty() {
            return None;
        }
        let found = self.groups.entry(key).or_insert_with(|| (uuids(), called.trim().to_owned()));
        Some(found.clone())
    }

    /// Remembers a group that a flow will look for by its name.
    pub(super) fn expect_group(&mut self, name: &str) {
        let name = name.trim();
        if !name.is_empty() {
            self.expected.entry(name.to_lowercase()).or_insert_with(|| name.to_owned());
        }
    }

    /// Names of groups that flows look for when they run.
    pub fn expected_groups(&self) -> impl Iterator<Item = &str> {
        self.expected.values().map(String::as_str)
    }
}

fn number(value: &Value) -> Option<String> {
    value.get("id").map(plain).filter(|id| !id.is_empty()).map(|id| format!("#{id}"))
}

fn name(value: &Value) -> Option<String> {
    value.get("name").map(plain).filter(|name| !name.is_empty()).map(|name| name.trim().to_lowercase())
}
